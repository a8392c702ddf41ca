//! Where a value is given outside of the plan, so that it can be underlined there.

use std::ops::Range;

use super::super::{document::Span, problem::Elsewhere, words::excerpt};

/// What stands for a value that is not shown.
const HIDDEN: &str = "…";

/// A key and its value on the command line, in the environment or in a file of inputs.
#[derive(Clone, Debug)]
pub(super) struct Place {
    name: String,
    /// Everything in front of the value.
    before: String,
    /// Where the key stands in it.
    key: Range<usize>,
    value: String,
}

impl Place {
    /// `--set NAME=VALUE`
    pub(super) fn set(name: &str, value: &str) -> Self {
        Self::new("command line", "--set ", &excerpt(name), "=", value)
    }

    /// `NAME=VALUE` of an earlier run.
    pub(super) fn recorded(name: &str, value: &str) -> Self {
        Self::new("earlier run", "", &excerpt(name), "=", value)
    }

    /// `NAME=VALUE`
    pub(super) fn variable(name: &str, value: &str) -> Self {
        Self::new("environment", "", name, "=", value)
    }

    /// A key and a value as they stand in a file; `at` says where.
    pub(super) fn in_file(at: String, key: &str, between: &str, value: &str) -> Self {
        Self { name: at, ..Self::new("", "", &excerpt(key), between, value) }
    }

    fn new(name: &str, before: &str, key: &str, between: &str, value: &str) -> Self {
        let start = before.len();
        Self {
            name: name.to_owned(),
            before: format!("{before}{key}{between}"),
            key: start..start + key.len(),
            value: excerpt(value),
        }
    }

    /// The same without the value.
    pub(super) fn hidden(self) -> Self {
        Self { value: HIDDEN.to_owned(), ..self }
    }

    /// The key underlined.
    pub(super) fn key(&self, label: &str) -> Elsewhere {
        self.underlined(self.key.clone(), label)
    }

    /// The value underlined.
    pub(super) fn value(&self, label: &str) -> Elsewhere {
        self.underlined(self.before.len()..self.before.len() + self.value.len(), label)
    }

    fn underlined(&self, range: Range<usize>, label: &str) -> Elsewhere {
        let text = format!("{}{}", self.before, self.value);
        Elsewhere { name: self.name.clone(), text, span: Span::from(range), label: label.to_owned() }
    }
}
