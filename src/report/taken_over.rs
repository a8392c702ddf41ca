//! A run that another process goes on with: its first line says which one it is, and where it goes.

use super::{human::Human, layout::indented, style::Mark};
use crate::engine::{By, Goes};

impl Human {
    /// The lines of such an event.
    pub(super) fn taken_over(&mut self, run: &str, plan: &str, by: By, goes: Goes) -> Vec<String> {
        run.clone_into(&mut self.run);
        self.committed |= goes == Goes::Forward;
        let mut lines = indented(self.style, 0, 2, "", &format!("{plan}   run\u{a0}{run}"));
        lines.push(String::new());
        let title = match by {
            By::Guardian => "guardian",
            By::Recover => "recover",
        };
        let text = match goes {
            Goes::Back => "goes back to old",
            Goes::Forward => "committed: goes on to its end",
        };
        lines.extend(self.line(Mark::Wait, title, text, None));
        lines
    }
}
