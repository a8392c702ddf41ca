//! Text to tree: all syntax errors of a file, and the tree of what is left when they are taken out.

use std::ops::Range;

use toml::de::{DeTable, Error};

use super::{
    document::{Document, Span},
    problem::Problem,
    tree::Node,
};

/// How many broken lines of one file are taken out; a file with more is read as far as it goes.
const MOST_REPAIRS: usize = 50;
/// How many bytes are read anew for them: a large file gets fewer repairs.
const MOST_BYTES: usize = 4 << 20;

/// How many keys that stand twice are told; finding the first of each takes time.
const MOST_DOUBLES: usize = 100;

/// What syntax errors took away, so that nothing that is only missing because of them is reported too.
#[derive(Debug, Default)]
pub(super) struct Damage {
    lost: Vec<Span>,
    headers: bool,
}

impl Damage {
    /// Whether a whole table was lost, so that nothing can be said about what is not there.
    pub(super) const fn lost_a_table(&self) -> bool {
        self.headers
    }

    pub(super) const fn is_none(&self) -> bool {
        self.lost.is_empty()
    }

    /// Whether something was lost in the table whose header or first key stands here.
    pub(super) fn touches_table_at(&self, at: Span, text: &str) -> bool {
        let table = section(text, at.start);
        self.lost.iter().any(|lost| table.contains(&lost.start))
    }

    /// Whether the lost text contains this.
    pub(super) fn mentions(&self, wanted: &str, document: &Document) -> bool {
        self.lost.iter().any(|lost| document.slice(*lost).contains(wanted))
    }
}

/// Reads a file. The parser gives up behind some errors, so the line of the first error is blanked, which keeps
/// every other place where it is, and the rest is read again.
pub(super) fn read(document: &Document) -> (Node, Vec<Problem>, Damage) {
    let text = document.text();
    let mut rest = text.to_owned();
    let mut problems = Vec::new();
    let mut damage = Damage::default();
    let repairs = MOST_REPAIRS.min(MOST_BYTES / text.len().max(1));
    loop {
        let (table, errors) = DeTable::parse_recoverable(&rest);
        let (doubles, broken): (Vec<_>, Vec<_>) = errors.into_iter().partition(is_double);
        let first = broken.into_iter().min_by_key(|error| error.span().map_or(0, |span| span.start));
        let first = first.map(|error| Fault::of(&rest, &error));
        let repaired = first.as_ref().filter(|_| damage.lost.len() < repairs).and_then(|fault| {
            let lost = fault
                .lost
                .clone()
                .filter(|lost| rest.get(lost.clone()).is_some_and(|text| !text.trim().is_empty()))?;
            Some((lost.clone(), blanked(&rest, lost)?))
        });
        problems.extend(first.as_ref().map(|fault| fault.problem.clone()));
        let Some((lost, next)) = repaired else {
            damage.headers |= first.is_some();
            let tree = Node::of_document(table.get_ref());
            let spans: Vec<_> = doubles.iter().filter_map(Error::span).collect();
            for error in
                doubles.into_iter().take(MOST_DOUBLES).filter(|error| !in_a_double(text, error, &spans))
            {
                problems.push(double(text, &tree, &error));
                damage.lost.extend(error.span().map(|span| Span::from(line(text, span.start))));
            }
            return (tree, problems, damage);
        };
        damage.headers |=
            text.get(lost.clone()).is_some_and(|lost| lost.lines().any(|line| is_header(line, 0)));
        damage.lost.push(lost.into());
        rest = next;
    }
}

fn is_double(error: &Error) -> bool {
    error.message() == "duplicate key"
}

/// A syntax error, and the text that cannot be read because of it.
struct Fault {
    problem: Problem,
    lost: Option<Range<usize>>,
}

impl Fault {
    fn of(rest: &str, error: &Error) -> Self {
        let Some(span) = error.span() else { return Self { problem: too_deep(), lost: None } };
        if let Some(opened) = open_string(rest, error, &span) {
            let lost = line(rest, opened.start).start..opened.end;
            return Self::opened(opened.start..opened.start + 3, lost, "close it with the same three quotes");
        }
        let line = line(rest, span.start);
        if !is_header(rest, line.start) {
            return Self { problem: problem_of(rest, error, span), lost: Some(line) };
        }
        let inside = is_bare(rest, &span) || error.message().contains("inline table");
        if let Some(opened) = opened_above(rest, line.start).filter(|_| inside) {
            let first = rest.get(opened.clone()).and_then(|text| text.lines().next()).unwrap_or_default();
            let at = opened.start..opened.start + first.trim_end().len();
            return Self::opened(at, opened, "close it with `]` or `}`");
        }
        // With a header all that it heads is lost: it would be taken for a part of the table before.
        Self { problem: problem_of(rest, error, span), lost: Some(section(rest, line.start)) }
    }

    fn opened(at: Range<usize>, lost: Range<usize>, help: &str) -> Self {
        let label = "opened here and never closed";
        let problem = Problem::new("plan/syntax", "this is not TOML", at.into(), label).help(help);
        Self { problem, lost: Some(lost) }
    }
}

/// The text from three quotes that are never closed to the end.
fn open_string(text: &str, error: &Error, at: &Range<usize>) -> Option<Range<usize>> {
    let rest = text.get(at.start..)?;
    let quotes = if error.message().contains("literal") { "'''" } else { "\"\"\"" };
    (error.message().contains("multi-line") && rest.trim().is_empty())
        .then(|| text.rfind(quotes).map(|start| start..text.len()))?
}

/// The lines from the last array or table that is opened and not closed on its line to the header behind it.
fn opened_above(text: &str, header: usize) -> Option<Range<usize>> {
    let above = section(text, header.checked_sub(1)?);
    let lines = text.get(above.clone())?.split_inclusive('\n').rev();
    let mut at = above.end;
    for line in lines {
        at -= line.len();
        let open = line.matches(['[', '{']).count() > line.matches([']', '}']).count();
        if open && line.contains('=') {
            return Some(at..header);
        }
    }
    None
}

/// Whether a word stands here without quotes.
fn is_bare(text: &str, span: &Range<usize>) -> bool {
    text.get(span.clone()).is_some_and(|found| found.starts_with(|c: char| c.is_alphabetic() || c == '/'))
}

/// The same text with a part of it turned into blanks, byte for byte.
fn blanked(text: &str, part: Range<usize>) -> Option<String> {
    let blank: String =
        text.get(part.clone())?.bytes().map(|b| if b == b'\n' { '\n' } else { ' ' }).collect();
    Some(format!("{}{blank}{}", text.get(..part.start)?, text.get(part.end..)?))
}

fn line(text: &str, at: usize) -> Range<usize> {
    let at = (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let (before, after) = text.split_at(at);
    before.rfind('\n').map_or(0, |end| end + 1)..at + after.find('\n').unwrap_or(after.len())
}

fn is_header(text: &str, line_start: usize) -> bool {
    text.get(line_start..).is_some_and(|rest| rest.trim_start_matches([' ', '\t']).starts_with('['))
}

/// The lines from the header above a place to the next header.
fn section(text: &str, at: usize) -> Range<usize> {
    let mut start = 0;
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        if is_header(line, 0) {
            if offset > at {
                return start..offset;
            }
            start = offset;
        }
        offset += line.len();
    }
    start..text.len()
}

/// The place of an error: something that can be seen, even where the parser means the gap behind it.
fn place(text: &str, span: Range<usize>) -> Span {
    if text.get(span.clone()).is_some_and(|found| !found.trim().is_empty()) {
        return span.into();
    }
    let line = line(text, span.start);
    let found = text.get(line.clone()).unwrap_or_default();
    let indent = found.len() - found.trim_start().len();
    (line.start + indent..line.start + indent + found.trim().len()).into()
}

fn too_deep() -> Problem {
    Problem::nowhere("plan/syntax", "tables stand in tables, deeper than any plan needs")
        .help("write the plan as the reference shows it")
}

fn problem_of(text: &str, error: &Error, span: Range<usize>) -> Problem {
    let message = error.message().lines().collect::<Vec<_>>().join(", ");
    let not_toml = "this is not TOML";
    if is_bare(text, &span) && !message.contains("key") {
        let help =
            format!("write `\"{}\"`", super::words::excerpt(text.get(span.clone()).unwrap_or_default()));
        return Problem::new("plan/syntax", not_toml, span.into(), "text stands in quotes").help(help);
    }
    if span.is_empty() && message.starts_with("string values must be quoted") {
        let problem = Problem::new("plan/syntax", not_toml, place(text, span), "the value is missing");
        return problem.help("write a value behind the `=`");
    }
    let problem = Problem::new("plan/syntax", not_toml, place(text, span), message);
    match help_for(error.message()) {
        Some(help) => problem.help(help),
        None => problem,
    }
}

fn help_for(message: &str) -> Option<&'static str> {
    let helps = [
        ("key with no value", "write `key = value`"),
        ("unclosed array table", "a header of an array of tables ends in two brackets: `[[step]]`"),
        ("unclosed table", "a header of a table ends in a bracket: `[service]`"),
        (
            "invalid basic string",
            "end the string with `\"` on the same line, and write a backslash as `\\\\`",
        ),
        ("invalid literal string", "end the string with `'` on the same line"),
        ("unexpected leading zero", "write the number without the leading zero"),
    ];
    helps.into_iter().find(|(start, _)| message.starts_with(start)).map(|(_, help)| help)
}

fn double(text: &str, tree: &Node, error: &Error) -> Problem {
    let span = error.span().unwrap_or_default();
    let key = text.get(span.clone()).unwrap_or_default();
    let header = is_header(text, line(text, span.start).start);
    let what = if header { "table" } else { "key" };
    let problem = Problem::new(
        "plan/duplicate-key",
        format!("the {what} `{}` stands here twice", super::words::excerpt(key)),
        span.clone().into(),
        "again here",
    );
    let first = if header { first_header(text, span.start) } else { first_key(text, tree, &span) };
    let help = if header { "put all its keys under one header" } else { "keep one of them" };
    match first {
        Some(first) => problem.also(first, "first here").help(help),
        None => problem.help(help),
    }
}

/// Whether a key only stands twice because the table that it stands in does.
fn in_a_double(text: &str, error: &Error, all: &[Range<usize>]) -> bool {
    let at = error.span().map_or(0, |span| span.start);
    let header = line(text, section(text, at).start);
    !header.contains(&at) && all.iter().any(|span| header.contains(&span.start))
}

fn first_header(text: &str, at: usize) -> Option<Span> {
    let again = text.get(line(text, at))?.trim();
    let found = text.match_indices(again).map(|(start, found)| start..start + found.len());
    found
        .into_iter()
        .find(|found| found.end < at && is_header(text, line(text, found.start).start))
        .map(Into::into)
}

fn first_key(text: &str, tree: &Node, again: &Range<usize>) -> Option<Span> {
    let table = section(text, again.start);
    let key = text.get(again.clone())?;
    let mut waiting = vec![tree];
    while let Some(node) = waiting.pop() {
        for entry in node.entries() {
            let span = entry.key_span;
            if table.contains(&span.start)
                && span.end <= again.start
                && text.get(span.start..span.end) == Some(key)
            {
                return Some(span);
            }
            waiting.push(&entry.node);
        }
        waiting.extend(node.items());
    }
    None
}
