//! Points at which a run can be killed: before and after each system call that changes the host or its journal. The run is
//! traced, so nothing of it knows of them, and each is exact.

use std::fmt;

use super::changeover::Running;
use super::gate::{Gate, RENAMEAT2, SystemCall};

/// The same on x86-64 and on 64-bit ARM.
const WRITE: [&str; 2] = ["1", "64"];
const RENAMEAT: [&str; 2] = ["264", "38"];
const LINKAT: [&str; 2] = ["265", "37"];
const FDATASYNC: [&str; 2] = ["75", "83"];
const PIDFD_SEND_SIGNAL: [&str; 2] = ["424", "424"];
/// A run makes some ten thousand calls; one that makes more does not end.
const MOST: usize = 5_000_000;

/// A system call that changes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    /// A line is written into the journal.
    Write,
    /// The journal is synced.
    Sync,
    /// A signal is sent.
    Signal,
    /// Two names are exchanged, or one takes the place of another.
    Rename,
    /// A file gets a second name.
    Link,
}

/// A place in the life of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Point {
    /// Counted from 0, in the order of the run.
    pub(crate) number: usize,
    pub(crate) call: Call,
    /// The call is made; else it is about to be.
    pub(crate) after: bool,
}

impl fmt::Display for Point {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let when = if self.after { "after" } else { "before" };
        write!(out, "point {}: {when} {:?}", self.number, self.call)
    }
}

/// Lets the run go on to its end, or to its point `last`, where `there` is done while it is held. Gives all points that it
/// came to.
pub(crate) fn run_to(run: &Running, last: Option<usize>, there: impl FnOnce()) -> Vec<Point> {
    let (mut points, mut gate) = (Vec::new(), Gate::hold(run));
    for _ in 0..MOST {
        let Some(system) = gate.next_call() else { return points };
        let Some(call) = changes(run, &system) else { continue };
        points.push(Point { number: points.len(), call, after: !system.enters });
        if last.is_some_and(|last| last + 1 == points.len()) {
            there();
            return points;
        }
    }
    panic!("the run does not end");
}

/// Lets the run go on until something of it has just changed and this holds, and does that while it is held.
pub(crate) fn run_until(run: &Running, holds: impl Fn() -> bool, there: impl FnOnce()) {
    let mut gate = Gate::hold(run);
    for _ in 0..MOST {
        let system = gate.next_call().expect("the run ended before");
        if !system.enters && changes(run, &system).is_some() && holds() {
            return there();
        }
    }
    panic!("the run does not end");
}

fn changes(run: &Running, call: &SystemCall) -> Option<Call> {
    if call.is(WRITE) {
        let descriptor = call.words.get(1)?.strip_prefix("0x")?;
        let descriptor = u32::from_str_radix(descriptor, 16).ok()?;
        let file = std::fs::read_link(format!("/proc/{}/fd/{descriptor}", run.pid())).ok()?;
        return file.ends_with("journal.jsonl").then_some(Call::Write);
    }
    let known = [
        (FDATASYNC, Call::Sync),
        (PIDFD_SEND_SIGNAL, Call::Signal),
        (RENAMEAT2, Call::Rename),
        (RENAMEAT, Call::Rename),
        (LINKAT, Call::Link),
    ];
    known.into_iter().find_map(|(numbers, known)| call.is(numbers).then_some(known))
}
