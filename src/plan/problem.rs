//! What is wrong with a plan: data first; `render.rs` draws it.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use super::document::{Document, Span};

/// One thing that is wrong with a plan, or that a later room finds in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The one name of this kind of problem, such as `plan/unknown-key`.
    pub code: &'static str,
    /// What is wrong: a lowercase phrase.
    pub message: String,
    /// What to type.
    pub help: Option<String>,
    /// The places in the plan; the first one is where the fault is. Empty when no place can be named.
    pub labels: Vec<Label>,
    /// Places outside the plan, such as the command line.
    pub elsewhere: Vec<Elsewhere>,
}

/// A place in the plan and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The bytes that are underlined.
    pub span: Span,
    /// What this text is.
    pub text: String,
}

/// A piece of text from outside the plan, underlined too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Elsewhere {
    /// Where the text is from, such as `command line`.
    pub name: String,
    /// The text.
    pub text: String,
    /// The bytes of `text` that are underlined.
    pub span: Span,
    /// What they are.
    pub label: String,
}

impl Problem {
    /// A problem with one place.
    #[must_use]
    pub fn new(code: &'static str, message: impl Into<String>, span: Span, label: impl Into<String>) -> Self {
        Self { labels: vec![Label { span, text: label.into() }], ..Self::nowhere(code, message) }
    }

    /// A problem without a place in the plan.
    #[must_use]
    pub fn nowhere(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), help: None, labels: Vec::new(), elsewhere: Vec::new() }
    }

    /// The same with what to type.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same with one more place.
    #[must_use]
    pub fn also(mut self, span: Span, label: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: label.into() });
        self
    }

    /// The form for machines, with byte and line places.
    #[must_use]
    pub fn report(&self, document: &Document) -> ProblemReport {
        let spans = self.labels.iter().map(|label| SpanReport::new(label, document)).collect();
        ProblemReport {
            code: self.code,
            message: self.message.clone(),
            help: self.help.clone(),
            spans,
            elsewhere: self.elsewhere.clone(),
        }
    }
}

/// A [`Problem`] as `check --output json` writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ProblemReport {
    /// The one name of this kind of problem.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to type, or null.
    pub help: Option<String>,
    /// The places in the file; the first one is where the fault is.
    pub spans: Vec<SpanReport>,
    /// Places outside the file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub elsewhere: Vec<Elsewhere>,
}

/// A place in a plan as `check --output json` writes it: bytes from 0, lines and columns from 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct SpanReport {
    /// The first byte.
    pub start: usize,
    /// One after the last byte.
    pub end: usize,
    /// The line of the first byte.
    pub line: usize,
    /// The column of the first byte, in characters.
    pub column: usize,
    /// The line of the end.
    pub end_line: usize,
    /// The column after the last character.
    pub end_column: usize,
    /// What this text is.
    pub label: String,
}

impl SpanReport {
    fn new(label: &Label, document: &Document) -> Self {
        let (from, to) = (document.position(label.span.start), document.position(label.span.end));
        Self {
            start: label.span.start,
            end: label.span.end,
            line: from.line,
            column: from.column,
            end_line: to.line,
            end_column: to.column,
            label: label.text.clone(),
        }
    }
}

/// The most problems that are told of one file.
const MOST: usize = 100;

/// Everything that is wrong with one plan, in source order.
#[derive(Clone, Debug)]
pub struct Problems {
    /// The text that the places are in.
    pub document: Arc<Document>,
    /// The problems; never empty.
    pub list: Vec<Problem>,
    /// How many more there are than are listed.
    pub left_out: usize,
}

impl Problems {
    /// The only problem of a plan.
    pub(super) fn one(document: Document, problem: Problem) -> Self {
        Self { document: Arc::new(document), list: vec![problem], left_out: 0 }
    }

    /// The first problems in source order that are kept, and how many are left out; `None` if there is none.
    pub(super) fn sorted(
        mut all: Vec<Problem>,
        kept: impl Fn(&Problem) -> bool,
    ) -> Option<(Vec<Problem>, usize)> {
        let place = |problem: &Problem| problem.labels.first().map(|label| label.span);
        all.sort_by(|a, b| place(a).cmp(&place(b)).then_with(|| a.code.cmp(b.code)));
        all.dedup();
        let count = all.len();
        let mut list: Vec<_> = all.into_iter().take(MOST * 2).filter(kept).collect();
        let left_out = count.saturating_sub(MOST * 2) + list.len().saturating_sub(MOST);
        list.truncate(MOST);
        (!list.is_empty()).then_some((list, left_out))
    }

    /// The form for machines.
    #[must_use]
    pub fn report(&self) -> Vec<ProblemReport> {
        self.list.iter().map(|problem| problem.report(&self.document)).collect()
    }
}

impl std::fmt::Display for Problems {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let count = self.list.len() + self.left_out;
        write!(f, "{}: {count} {}", self.document.name(), if count == 1 { "problem" } else { "problems" })
    }
}

impl std::error::Error for Problems {}
