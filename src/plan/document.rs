//! The text of a plan, kept beside the typed one, so that whatever is found later can underline it.

use std::{collections::BTreeMap, sync::Arc};

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    path::PlanPath,
    tree::{Node, Value},
};

/// A range of bytes of a plan's text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// One after the last byte.
    pub end: usize,
}

impl From<std::ops::Range<usize>> for Span {
    fn from(range: std::ops::Range<usize>) -> Self {
        Self { start: range.start, end: range.end.max(range.start) }
    }
}

/// A line and a column, both from 1; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
}

/// The text of a plan and where each of its keys and values stands.
#[derive(Clone, Debug)]
pub struct Document {
    name: String,
    text: Arc<str>,
    places: BTreeMap<PlanPath, Place>,
    line_starts: Vec<usize>,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    key: Option<Span>,
    value: Span,
}

impl Document {
    pub(super) fn new(name: &str, text: impl Into<Arc<str>>) -> Self {
        let text = text.into();
        let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { name: name.to_owned(), text, places: BTreeMap::new(), line_starts }
    }

    /// Remembers where everything in this tree stands.
    pub(super) fn index(&mut self, root: &Node) {
        self.places.clear();
        self.remember(PlanPath::root(), None, root);
    }

    fn remember(&mut self, path: PlanPath, key: Option<Span>, node: &Node) {
        match &node.value {
            Value::Table(entries) => {
                for entry in entries {
                    self.remember(path.clone().key(&entry.key), Some(entry.key_span), &entry.node);
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.remember(path.clone().index(index), None, item);
                }
            }
            _ => {}
        }
        self.places.insert(path, Place { key, value: node.span });
    }

    /// What the plan is called: the path as the user gave it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text of the plan.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where the value stands; for a table its header. `None` when the file does not say it.
    #[must_use]
    pub fn span_of(&self, path: &PlanPath) -> Option<Span> {
        self.places.get(path).map(|place| place.value)
    }

    /// Everything in the plan, with where its value stands.
    pub fn places(&self) -> impl Iterator<Item = (&PlanPath, Span)> {
        self.places.iter().map(|(path, place)| (path, place.value))
    }

    /// Where the key stands. `None` when the file does not say it, and for elements of arrays.
    #[must_use]
    pub fn key_span_of(&self, path: &PlanPath) -> Option<Span> {
        self.places.get(path).and_then(|place| place.key)
    }

    /// Where the value stands, or else the table that it would stand in.
    #[must_use]
    pub fn nearest_span(&self, path: &PlanPath) -> Span {
        self.span_of(path)
            .or_else(|| path.parent().map(|parent| self.nearest_span(&parent)))
            .unwrap_or_default()
    }

    /// The line and column of a byte; the end of the text for one beyond it.
    #[must_use]
    pub fn position(&self, offset: usize) -> Position {
        let before = self.line_starts.partition_point(|start| *start <= offset);
        let start = before.checked_sub(1).and_then(|line| self.line_starts.get(line)).copied().unwrap_or(0);
        let upto = self.text.get(start..offset.min(self.text.len())).unwrap_or_default();
        Position { line: before, column: upto.chars().count() + 1 }
    }

    /// The whole lines of a span, with so many before and behind.
    pub(super) fn lines_around(&self, span: Span, more: usize) -> Span {
        let line = |offset: usize| self.line_starts.partition_point(|start| *start <= offset);
        let start = self.line_starts.get(line(span.start).saturating_sub(1 + more)).copied().unwrap_or(0);
        let end = self.line_starts.get(line(span.end) + more).copied().unwrap_or(self.text.len());
        Span { start, end }
    }

    /// The text under a span; empty where the span does not fit the text.
    #[must_use]
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start..span.end).unwrap_or_default()
    }
}
