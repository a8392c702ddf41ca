//! Changes of a plan's text at the places of its tree: everything else stays as somebody wrote it.

use std::fmt::Write as _;

use super::{
    document::{Document, Span},
    tree::{Entry, Node, Value},
    words::acts_on_terminals,
};

/// A part of the text and what takes its place.
pub(super) type Edit = (Span, String);

/// The text with these changes. Where two overlap, what both cover goes once.
pub(super) fn edited(text: &str, mut edits: Vec<Edit>) -> String {
    edits.sort_by_key(|(span, _)| *span);
    let (mut at, mut out) = (0, String::with_capacity(text.len()));
    for (span, instead) in edits {
        out.push_str(text.get(at..span.start).unwrap_or_default());
        out.push_str(&instead);
        at = at.max(span.end);
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

/// `text` as a basic string of TOML: nothing in it is a reference, ends the string or acts on a terminal.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.replace("${", "$${").chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if acts_on_terminals(c) => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Whether a table stands in braces.
pub(super) fn is_inline(document: &Document, table: &Node) -> bool {
    document.slice(table.span).starts_with('{')
}

/// Everything that says this entry of a table goes: its header, its lines, its part of an inline table.
pub(super) fn taken_out(document: &Document, table: &Node, entry: &Entry) -> Vec<Edit> {
    parts(document, is_inline(document, table), entry).into_iter().map(|span| (span, String::new())).collect()
}

fn parts(document: &Document, in_braces: bool, entry: &Entry) -> Vec<Span> {
    let node = &entry.node;
    let said = Span { start: entry.key_span.start, end: node.span.end };
    match &node.value {
        Value::Table(entries) if !is_inline(document, node) => {
            // A header, or dotted keys, which have none.
            let header =
                document.slice(node.span).starts_with('[').then(|| document.lines_around(node.span, 0));
            let keys = entries.iter().flat_map(|entry| parts(document, in_braces, entry));
            header.into_iter().chain(keys).collect()
        }
        _ if in_braces => vec![with_comma(document.text(), said)],
        _ => vec![document.lines_around(said, 0)],
    }
}

/// A key and its value in braces, from behind the comma before to behind the one that follows.
fn with_comma(text: &str, said: Span) -> Span {
    let before = text.get(..said.start).unwrap_or_default();
    let start = before.rfind(['{', ',']).map_or(said.start, |at| at + 1);
    let behind = text.get(said.end..).unwrap_or_default();
    let blank = behind.len() - behind.trim_start().len();
    let comma = if behind.trim_start().starts_with(',') { blank + 1 } else { 0 };
    Span { start, end: said.end + comma }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::syntax;

    /// The text without one of its inputs.
    fn without(text: &str, name: &str) -> String {
        let document = Document::new("a.toml", text);
        let (tree, problems, _) = syntax::read(&document);
        assert!(problems.is_empty(), "{problems:?}");
        let inputs = tree.get("inputs").unwrap();
        edited(text, taken_out(&document, inputs, inputs.entry(name).unwrap()))
    }

    #[test]
    fn a_declaration_goes_however_it_is_written() {
        let kept = "[inputs.kept]\ntype = \"string\"\n";
        for (text, left) in [
            ("# c\n[inputs.x]\ntype = 'a' # d\npattern = '''\na'''\n[service]\n", "# c\n[service]\n"),
            ("[inputs]\nx = { type = 'a' } # d\ny.type = 'b'\n", "[inputs]\ny.type = 'b'\n"),
            ("[inputs]\nx.type = 'a'\ny.type = 'b'\nx.default = 'c'", "[inputs]\ny.type = 'b'\n"),
            ("inputs . x . type = 'a'\r\nname = 'n'\r\n", "name = 'n'\r\n"),
            ("inputs = { x = { type = 'a' }, y = {} }\n", "inputs = { y = {} }\n"),
            ("inputs = { y = {}, x.type = 'a', x.default = 'b' }\n", "inputs = { y = {}, }\n"),
            ("inputs = { x.type = 'a' }\n", "inputs = { }\n"),
        ] {
            assert_eq!(without(text, "x"), left);
        }
        assert_eq!(without(&format!("{kept}[inputs.x]\ntype = 'a'\n"), "x"), kept);
    }

    #[test]
    fn two_changes_that_overlap_take_out_once_what_both_cover() {
        let span = |start, end| Span { start, end };
        assert_eq!(edited("0123456789", vec![(span(4, 7), "b".into()), (span(2, 5), "a".into())]), "01ab789");
        assert_eq!(edited("0123", vec![]), "0123");
    }

    #[test]
    fn a_string_says_what_it_is_given_and_nothing_else() {
        assert_eq!(quoted("$${a}"), "\"$$${a}\"");
        assert_eq!(quoted("a\"b\\c\u{1b}"), "\"a\\\"b\\\\c\\u001B\"");
    }
}
