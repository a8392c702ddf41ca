//! What a check has to say.
#![expect(clippy::unnecessary_wraps, reason = "a check ends with one of the three")]

use serde::Serialize;

use crate::{
    engine::{Event, FaultReport, Level},
    nginx::printable,
};

/// No more characters of what was seen are kept.
const MOST: usize = 2000;

/// One thing that a check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Its one name; `diagnose::explain` has the text for it.
    pub code: &'static str,
    /// How bad it is.
    pub level: Level,
    /// What was seen on this host.
    pub seen: String,
    /// Why it matters.
    pub why: &'static str,
    /// What to do.
    pub todo: String,
}

/// What a check gives: nothing where all is well, or where an earlier finding leaves nothing to judge.
pub(super) type Outcome = Option<Finding>;

impl Finding {
    /// The event that tells it.
    #[must_use]
    pub fn event(&self) -> Event {
        Event::Preflight {
            code: self.code.to_owned(),
            level: self.level,
            seen: self.seen.clone(),
            why: self.why.to_owned(),
            todo: self.todo.clone(),
        }
    }
}

/// The checks that refuse, as what went wrong: the first one, and the others as its evidence.
#[must_use]
pub fn fault(findings: &[Finding]) -> Option<FaultReport> {
    let mut refusals = findings.iter().filter(|finding| finding.level == Level::Refuse);
    let first = refusals.next()?;
    Some(FaultReport {
        code: first.code.to_owned(),
        message: first.seen.clone(),
        expected: first.why.to_owned(),
        observed: first.seen.clone(),
        evidence: refusals.map(|other| format!("{}: {}", other.code, other.seen)).collect(),
        cause: None,
        todo: Some(first.todo.clone()).filter(|todo| !todo.is_empty()),
        place: None,
        label: first.seen.clone(),
    })
}

impl Finding {
    /// Paths, titles and nginx's words are the host's: they are made fit for a terminal here, once for all checks.
    fn new(level: Level, code: &'static str, seen: &str, why: &'static str, todo: &str) -> Self {
        Self { code, level, seen: printable(seen, MOST), why, todo: printable(todo, MOST) }
    }
}

/// The run is refused.
pub(super) fn refuse(
    code: &'static str,
    seen: impl AsRef<str>,
    why: &'static str,
    todo: impl AsRef<str>,
) -> Outcome {
    Some(Finding::new(Level::Refuse, code, seen.as_ref(), why, todo.as_ref()))
}

/// Unwise, but the run goes on.
pub(super) fn warn(
    code: &'static str,
    seen: impl AsRef<str>,
    why: &'static str,
    todo: impl AsRef<str>,
) -> Outcome {
    Some(Finding::new(Level::Warn, code, seen.as_ref(), why, todo.as_ref()))
}

/// Worth knowing.
pub(super) fn note(
    code: &'static str,
    seen: impl AsRef<str>,
    why: &'static str,
    todo: impl AsRef<str>,
) -> Outcome {
    Some(Finding::new(Level::Note, code, seen.as_ref(), why, todo.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::{note, refuse};

    #[test]
    fn no_path_of_the_host_reaches_the_terminal_raw() {
        let finding = refuse("preflight/x", "\x1b[31m", "why", "rm \x07").unwrap();
        assert_eq!((finding.seen.as_str(), finding.todo.as_str()), ("\\u{1b}[31m", "rm \\u{7}"));
        assert!(note("preflight/x", "a".repeat(100_000), "why", "").unwrap().seen.len() < 5000);
    }
}
