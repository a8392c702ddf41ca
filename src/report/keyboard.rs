//! What the person at the keyboard does, and does not read.

use super::{
    human::{Human, Rest},
    style::Mark,
};
use crate::engine::{Event, units};

impl Human {
    /// The lines of such an event.
    pub(super) fn at_the_keyboard(&mut self, event: &Event) -> Vec<String> {
        match event {
            Event::Interrupted { signal, heeded } => self.interrupted(signal, *heeded),
            Event::Suspended => {
                self.rest = Some(Rest::Suspended);
                let text = "nobody watches until the run goes on: fg, or SIGCONT";
                self.line(Mark::Warn, "suspended", text, None)
            }
            Event::Resumed { away } => {
                self.rest = None;
                let text = format!("after {}, which no time-out counts", units::time(*away));
                self.line(Mark::Wait, "goes on", &text, None)
            }
            Event::Unread { lines } => {
                let text = format!("{} dropped: nobody read", units::count(*lines, "line"));
                self.line(Mark::Warn, "unread", &text, None)
            }
            _ => Vec::new(),
        }
    }

    fn interrupted(&mut self, signal: &str, heeded: bool) -> Vec<String> {
        let text = match (heeded, self.committed, self.way_back.is_some()) {
            (true, ..) if self.last.is_none() => "nothing live was touched yet",
            (true, true, _) => "again: nobody waits for old any more",
            (true, _, true) => "again: the way back stops where it is",
            (true, ..) => "the move in hand is finished, then the way back",
            (false, true, _) => "committed; signal again not to wait for old",
            (false, _, true) => "goes on; signal again to leave it as it is",
            (false, ..) => "noted, the run goes on",
        };
        self.line(Mark::Warn, signal, text, None)
    }
}
