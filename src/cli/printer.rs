//! What is printed of a run, in order; and what is said of lines that nobody read.

use std::rc::Rc;

use super::outlet::Outlet;
use crate::engine::{Event, Record};

/// Prints records. The verdict is printed whoever reads.
pub(super) struct Printer {
    outlet: Rc<Outlet>,
    /// The last record that was not printed, as the event that says how many lines there were.
    unread: Option<Record>,
}

impl Printer {
    pub(super) fn new(outlet: Rc<Outlet>) -> Self {
        Self { outlet, unread: None }
    }

    /// Prints what `show` makes of a record, where there is room for it; whether anything was printed.
    pub(super) fn print(&mut self, record: &Record, mut show: impl FnMut(&Record) -> Vec<String>) -> bool {
        let lines = show(record);
        if lines.is_empty() {
            return false;
        }
        if !self.outlet.has_room() && !matches!(record.event, Event::Verdict(_)) {
            self.count(record, lines.len());
            return false;
        }
        let unread = self.unread.take().map(|unread| show(&unread)).unwrap_or_default();
        for line in unread.into_iter().chain(lines) {
            self.outlet.line(line);
        }
        true
    }

    /// Puts `line` below all lines, in the place of the one before; an empty one erases it.
    pub(super) fn live(&self, line: &str) {
        self.outlet.live(line.to_owned());
    }

    fn count(&mut self, record: &Record, more: usize) {
        let before = match self.unread.take() {
            Some(Record { event: Event::Unread { lines }, .. }) => lines,
            _ => 0,
        };
        self.unread = Some(Record { event: Event::Unread { lines: before + more }, ..record.clone() });
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{BufRead as _, BufReader, pipe},
        time::Duration,
    };

    use super::*;

    fn record(seq: u64, event: Event) -> Record {
        Record { seq, ms: 0.0, at: String::new(), event }
    }

    #[test]
    fn what_nobody_read_is_counted_and_said_when_somebody_reads_again() {
        let (reader, writer) = pipe().unwrap();
        let outlet = Rc::new(Outlet::of(&writer).unwrap());
        let mut printer = Printer::new(Rc::clone(&outlet));
        let show = |record: &Record| match &record.event {
            Event::Unread { lines } => vec![format!("{} to {}", lines, record.seq)],
            _ if record.seq == 1 => vec!["x".repeat(1 << 20)],
            _ => vec!["x".repeat(200)],
        };
        // More than a pipe holds: once it is taken, the thread is stuck in its write until somebody reads.
        let mut seq = 1;
        printer.print(&record(seq, Event::ForwardStarted), show);
        while !outlet.is_writing() {
            std::thread::yield_now();
        }
        while outlet.has_room() {
            seq += 1;
            printer.print(&record(seq, Event::ForwardStarted), show);
        }
        for more in 1..=3 {
            printer.print(&record(seq + more, Event::ForwardStarted), show);
        }
        let mut lines = BufReader::new(reader).lines();
        assert!(
            lines.by_ref().take(usize::try_from(seq).unwrap()).all(|line| line.unwrap().starts_with('x'))
        );
        outlet.wait(Duration::from_secs(20));
        printer.print(&record(seq + 4, Event::ForwardStarted), show);
        assert_eq!(lines.next().unwrap().unwrap(), format!("3 to {}", seq + 3));
        assert!(lines.next().unwrap().unwrap().starts_with('x'));
    }
}
