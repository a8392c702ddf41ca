//! One table: a line that nginx writes, the cause that it names, and what to do about it.

use std::sync::LazyLock;

use regex::Regex;

use super::FAMILIES;
use crate::nginx::log;

/// Why something happened, as far as the evidence carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// `diagnose/…`.
    pub code: &'static str,
    /// Why, in words, fit for a terminal.
    pub text: String,
    /// What to do: a command or an edit.
    pub todo: String,
}

/// Lines about one subject, and the faults that they can explain.
pub(super) struct Family {
    /// Whether a fault with this code can come from a line of this family.
    pub(super) explains: fn(&str) -> bool,
    /// Why such a cause matters, in sentences: what `explain` says of each of them.
    pub(super) why: &'static str,
    /// The most exact first.
    pub(super) patterns: &'static [Pattern],
}

/// One kind of line.
pub(super) struct Pattern {
    pub(super) code: &'static str,
    /// An expression for `[level] message`; lines without a level are the message alone.
    pub(super) line: &'static str,
    /// Why; `${1}` is the first group of `line`.
    pub(super) text: &'static str,
    /// What to do; groups as above.
    pub(super) todo: &'static str,
}

/// A pattern ready to be used.
pub(super) struct Known {
    regex: Regex,
    family: &'static Family,
    pattern: &'static Pattern,
}

impl Known {
    pub(super) fn explains(&self, fault: &str) -> bool {
        (self.family.explains)(fault)
    }

    pub(super) fn cause(&self, line: &str) -> Option<Cause> {
        let subject = subject(&log::parse(line.as_bytes()));
        let found = self.regex.captures(&subject)?;
        let filled = |template: &str| {
            let mut text = String::new();
            found.expand(template, &mut text);
            text
        };
        Some(Cause {
            code: self.pattern.code,
            text: filled(self.pattern.text),
            todo: filled(self.pattern.todo),
        })
    }

    pub(super) fn matches(&self, line: &log::Line) -> bool {
        self.regex.is_match(&subject(line))
    }
}

/// Every pattern of every family, compiled once, when something has gone wrong.
pub(super) fn known() -> &'static [Known] {
    static KNOWN: LazyLock<Vec<Known>> = LazyLock::new(|| {
        let all =
            FAMILIES.iter().flat_map(|&family| family.patterns.iter().map(move |pattern| (family, pattern)));
        all.filter_map(|(family, pattern)| {
            Some(Known { regex: Regex::new(pattern.line).ok()?, family, pattern })
        })
        .collect()
    });
    &KNOWN
}

/// `[level] message`.
fn subject(line: &log::Line) -> String {
    let level =
        line.level.map_or_else(String::new, |level| format!("[{}] ", format!("{level:?}").to_lowercase()));
    format!("{level}{}", line.message)
}

/// Checks that every pattern of a family has a real line, and that the line names this cause and no other.
#[cfg(test)]
pub(super) fn check(family: &Family, fault: &str, samples: &[(&str, &str, &str)]) {
    for (line, code, word) in samples {
        let cause = super::cause(fault, &[(*line).to_owned()]).unwrap_or_else(|| panic!("no cause: {line}"));
        assert_eq!(cause.code, *code, "{line}");
        assert!(cause.text.contains(word), "{word:?} is not in {:?}", cause.text);
        assert!(!cause.text.contains('$') && !cause.todo.contains("${"), "{cause:?}");
    }
    for pattern in family.patterns {
        assert!(samples.iter().any(|(_, code, _)| *code == pattern.code), "no line for {}", pattern.code);
    }
}
