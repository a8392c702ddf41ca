//! A run of the program under test: what it prints, as it comes, and how it ends.

use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use super::sandbox::Sandbox;
use super::{events, holds_within, wait_until};

/// Longer than any run in the tests may take.
const RUN_LIMIT: Duration = Duration::from_secs(120);

/// One line of standard output and when it was read.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) at: Instant,
    pub(crate) text: String,
    /// The event, where the line is JSON; else null.
    pub(crate) event: Value,
}

impl Line {
    pub(crate) fn of(text: String) -> Self {
        let event = serde_json::from_str(&text).unwrap_or(Value::Null);
        Self { at: Instant::now(), text, event }
    }

    /// The event's name, or nothing.
    pub(crate) fn name(&self) -> &str {
        self.event["event"].as_str().unwrap_or_default()
    }
}

/// A run that has ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) started: Instant,
    pub(crate) ended: Instant,
    pub(crate) status: ExitStatus,
    pub(crate) lines: Vec<Line>,
    pub(crate) stderr: String,
}

impl Run {
    /// The exit code; fails the test when a signal ended the run.
    pub(crate) fn exit(&self) -> i32 {
        self.status.code().unwrap_or_else(|| panic!("ended by a signal: {self}"))
    }

    pub(crate) fn stdout(&self) -> String {
        joined(&self.lines)
    }

    /// The last JSON line of a run: its verdict.
    pub(crate) fn verdict(&self) -> &Value {
        let last = self.lines.iter().rev().find(|line| line.event.is_object());
        &last.unwrap_or_else(|| panic!("no JSON line: {self}")).event
    }

    /// A text of the verdict, such as `verdict`, `serving`, `failed`; empty when it is absent.
    pub(crate) fn said(&self, key: &str) -> &str {
        self.verdict()[key].as_str().unwrap_or_default()
    }

    /// When the first event that matches was read.
    pub(crate) fn when(&self, matches: impl Fn(&Line) -> bool) -> Instant {
        self.lines.iter().find(|line| matches(line)).unwrap_or_else(|| panic!("no such event: {self}")).at
    }
}

impl fmt::Display for Run {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{} after {:?}\n--- stdout", self.status, self.ended - self.started)?;
        write!(out, "{}--- stderr\n{}---", self.stdout(), self.stderr)
    }
}

/// A run under way. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    pid: Pid,
    started: Instant,
    /// It writes one event a line.
    writes_events: bool,
    lines: Arc<Mutex<Vec<Line>>>,
    readers: Vec<JoinHandle<()>>,
    /// Standard output is read.
    reads: Arc<AtomicBool>,
    stderr: Arc<Mutex<String>>,
}

impl Running {
    pub(crate) fn spawn(mut command: Command, sandbox: &Sandbox) -> Self {
        let started = Instant::now();
        let mut child = sandbox.spawn(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
        let has = |word: &str| command.get_args().any(|argument| argument == word);
        let writes_events = (has("run") || has("rollback")) && has("json");
        let (lines, stderr) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(String::new())));
        let (out, err) = (child.stdout.take().expect("stdout"), child.stderr.take().expect("stderr"));
        let reads = Arc::new(AtomicBool::new(true));
        let readers = vec![
            std::thread::spawn({
                let (lines, reads) = (Arc::clone(&lines), Arc::clone(&reads));
                move || read_lines(out, &reads, |line| lines.lock().expect("lines").push(line))
            }),
            std::thread::spawn({
                let stderr = Arc::clone(&stderr);
                let always = AtomicBool::new(true);
                move || read_lines(err, &always, |line| *stderr.lock().expect("text") += &(line.text + "\n"))
            }),
        ];
        let pid = Pid::from_raw(i32::try_from(child.id()).expect("a pid"));
        Self { child, pid, started, writes_events, lines, readers, reads, stderr }
    }

    /// Its pid as the machine numbers it.
    pub(crate) fn pid(&self) -> Pid {
        self.pid
    }

    /// The lines read so far.
    pub(crate) fn lines(&self) -> Vec<Line> {
        self.lines.lock().expect("lines").clone()
    }

    /// Waits until an event that matches was read; fails the test when the run ends without it.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, what: &str, matches: impl Fn(&Line) -> bool) {
        let mut seen = false;
        let ended = |child: &mut Child| child.try_wait().is_ok_and(|status| status.is_some());
        wait_until(what, || {
            let over = ended(&mut self.child) && self.readers.iter().all(JoinHandle::is_finished);
            seen = self.lines.lock().expect("lines").iter().any(&matches);
            seen || over
        });
        assert!(
            seen,
            "the run ended before: {what}\n{}{}",
            joined(&self.lines()),
            self.stderr.lock().expect("text")
        );
    }

    /// Whether the run is stopped now, as by Ctrl-Z.
    pub(crate) fn is_stopped(&self) -> bool {
        self.state() == Some('T')
    }

    /// The run's letter in `/proc`: `Z` once it has ended.
    pub(crate) fn state(&self) -> Option<char> {
        super::process::one("/proc".as_ref(), self.pid.as_raw()).map(|process| process.state)
    }

    /// Reads one more line and no others: the pipe is closed then.
    pub(crate) fn stop_reading(&self) {
        self.reads.store(false, Ordering::Relaxed);
    }

    /// Sends a signal to the run itself.
    pub(crate) fn signal(&self, signal: Signal) {
        let _ = kill(self.pid, signal);
    }

    /// Waits for the end of the run; fails the test when it takes too long.
    pub(crate) fn wait(mut self) -> Run {
        let mut status = None;
        let ended = holds_within(RUN_LIMIT, || {
            status = self.child.try_wait().expect("the run's status");
            status.is_some()
        });
        if !ended {
            self.signal(Signal::SIGKILL);
        }
        let ended_at = Instant::now();
        let status = status.unwrap_or_else(|| self.child.wait().expect("the run's status"));
        for reader in self.readers.drain(..) {
            reader.join().expect("a reader");
        }
        let stderr = self.stderr.lock().expect("text").clone();
        let run = Run { started: self.started, ended: ended_at, status, lines: self.lines(), stderr };
        assert!(ended, "the run took longer than {RUN_LIMIT:?}: {run}");
        if self.writes_events {
            run.lines.iter().for_each(|line| events::fits(&line.text));
        }
        run
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            self.signal(Signal::SIGKILL);
            let _ = self.child.wait();
        }
    }
}

fn joined(lines: &[Line]) -> String {
    lines.iter().flat_map(|line| [&*line.text, "\n"]).collect()
}

fn read_lines(source: impl Read, reads: &AtomicBool, mut each: impl FnMut(Line)) {
    for bytes in BufReader::new(source).split(b'\n').map_while(Result::ok) {
        each(Line::of(String::from_utf8_lossy(&bytes).into_owned()));
        if !reads.load(Ordering::Relaxed) {
            return;
        }
    }
}
