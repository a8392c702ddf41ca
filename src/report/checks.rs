//! What preflight found, in a run and in a preview.

use super::{
    layout::{Line, indented},
    style::{Mark, Style},
};
use crate::engine::{Level, units};

/// What one check has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// `preflight/…`.
    pub code: String,
    /// How bad it is.
    pub level: Level,
    /// What was seen.
    pub seen: String,
    /// Why it matters.
    pub why: String,
    /// What to do.
    pub todo: String,
}

/// How many checks were made, and how it went.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Count {
    /// How many checks were made.
    pub checks: usize,
    /// How many of them warned.
    pub warnings: usize,
    /// How many refused.
    pub refusals: usize,
    /// How long all of them took, milliseconds.
    pub took: f64,
}

/// The line about all checks.
pub(super) fn summary(style: Style, count: Count) -> Vec<String> {
    let mut text = units::count(count.checks, "check");
    for (number, what) in [(count.refusals, "refusal"), (count.warnings, "warning")] {
        if number > 0 {
            text = format!("{text}, {}", units::count(number, what));
        }
    }
    let mark = if count.refusals > 0 { Mark::Bad } else { Mark::Good };
    Line { mark, title: "preflight", text: &text, time: Some(units::time(count.took)) }.lines(style)
}

/// A finding in one line and its continuation: what a run shows of a warning.
pub(super) fn brief(style: Style, finding: &Finding) -> Vec<String> {
    let text = format!("{}: {}", finding.code, finding.seen);
    indented(style, 4, 2, &format!("{} ", mark(style, finding.level)), &text)
}

/// A finding with all it has to say.
pub(super) fn whole(style: Style, finding: &Finding) -> Vec<String> {
    let mut lines = brief(style, finding);
    for (name, text) in [("why", &finding.why), ("do", &finding.todo)] {
        if !text.is_empty() {
            lines.extend(indented(style, 6, 5, &style.faint(&format!("{name:5}")), text));
        }
    }
    lines
}

fn mark(style: Style, level: Level) -> String {
    match level {
        Level::Refuse => style.mark(Mark::Bad),
        Level::Warn => style.mark(Mark::Warn),
        Level::Note => style.mark(Mark::Wait),
    }
}
