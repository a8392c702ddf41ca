//! The file of `--inputs`: TOML or JSON, one table of names and scalars, each with its place.

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{
    super::{
        document::{Document, Span},
        load::LARGEST,
        problem::{Elsewhere, Problem},
        syntax,
        tree::{Entry, Node, Value},
        words::excerpt,
    },
    InputsFile, Origin, Place,
    given::Offer,
};

/// The file cannot be read: why.
pub(super) struct Unreadable(pub(super) Vec<Problem>);

/// What the file offers, in its order. With `hidden` none of its text is shown where it cannot be read: nobody can
/// say then which of it is secret.
pub(super) fn offers(file: &InputsFile, hidden: bool) -> Result<Vec<Offer>, Unreadable> {
    if file.bytes.len() > LARGEST {
        return Err(unreadable(file, "the file is larger than 1 MiB", "give a file of names and values"));
    }
    let Ok(text) = str::from_utf8(&file.bytes) else {
        return Err(unreadable(file, "the file is not UTF-8", "save the file in the encoding UTF-8"));
    };
    let document = Document::new(&file.name, text);
    // No TOML begins like this, and no table of JSON otherwise.
    if text.trim_start().starts_with('{') { json(&document, hidden) } else { toml(&document, hidden) }
}

fn unreadable(file: &InputsFile, why: &str, help: &str) -> Unreadable {
    let message = format!("`{}` cannot be read: {why}", excerpt(&file.name));
    Unreadable(vec![Problem::nowhere("plan/bad-inputs-file", message).help(help)])
}

fn toml(document: &Document, hidden: bool) -> Result<Vec<Offer>, Unreadable> {
    let (root, problems, _) = syntax::read(document);
    if !problems.is_empty() {
        return Err(Unreadable(problems.into_iter().map(|it| moved(it, document, hidden)).collect()));
    }
    Ok(root.entries().iter().map(|entry| offer(document, entry, " = ")).collect())
}

/// A problem of the syntax of this file, told as one of the plan's inputs.
fn moved(problem: Problem, document: &Document, hidden: bool) -> Problem {
    let code =
        if problem.code == "plan/duplicate-key" { "plan/input-set-twice" } else { "plan/bad-inputs-file" };
    let elsewhere = problem.labels.iter().map(|label| {
        let line = if hidden { None } else { in_its_line(document, label.span) };
        let (text, span) = line.unwrap_or_else(|| ("…".to_owned(), Span { start: 0, end: "…".len() }));
        Elsewhere { name: at(document, label.span), text, span, label: label.text.clone() }
    });
    let message = match problem.message.strip_prefix("this ") {
        Some(rest) => format!("`{}` {rest}", excerpt(document.name())),
        None => problem.message,
    };
    let elsewhere = elsewhere.collect();
    Problem { code, message, labels: Vec::new(), elsewhere, help: problem.help.filter(|_| !hidden) }
}

/// The line that a place is in, and where it is in it; `None` for one that no terminal shows whole.
fn in_its_line(document: &Document, span: Span) -> Option<(String, Span)> {
    const LONGEST: usize = 200;
    let (before, behind) = document.text().split_at_checked(span.start)?;
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    let end = span.start + behind.find('\n').unwrap_or(behind.len());
    let line = document.slice(Span { start, end });
    let within = Span { start: span.start - start, end: span.end.min(end) - start };
    (line.len() <= LONGEST).then(|| (line.trim_end().to_owned(), within))
}

fn at(document: &Document, span: Span) -> String {
    let place = document.position(span.start);
    format!("{}:{}:{}", excerpt(document.name()), place.line, place.column)
}

fn offer(document: &Document, entry: &Entry, between: &str) -> Offer {
    let (key, value) = (document.slice(entry.key_span), document.slice(entry.node.span));
    let place = Place::in_file(at(document, entry.key_span), key, between, value);
    Offer { name: entry.key.clone(), value: Ok(entry.node.clone()), origin: Origin::Inputs, place }
}

fn json(document: &Document, hidden: bool) -> Result<Vec<Offer>, Unreadable> {
    let text = document.text();
    let pairs: Pairs<'_> = serde_json::from_str(text).map_err(|error| {
        let line =
            text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum::<usize>();
        let start = (line + error.column().saturating_sub(1)).min(text.len());
        let message = error.to_string();
        let label = message.rsplit_once(" at line ").map_or(&*message, |(message, _)| message);
        let span = Span { start, end: text.len().min(start + 1) };
        let problem = Problem::new("plan/syntax", "this is not JSON", span, label);
        Unreadable(vec![moved(problem, document, hidden)])
    })?;
    let offers = pairs.0.into_iter().map(|(key, value)| {
        let node = Node::new(span_in(text, value), scalar(value.get()));
        let name = serde_json::from_str(key.get()).unwrap_or_default();
        let offer = offer(document, &Entry { key: name, key_span: span_in(text, key), node }, ": ");
        if value.get() == "null" { Offer { value: Err("null is no value"), ..offer } } else { offer }
    });
    Ok(offers.collect())
}

/// Where this piece of the text stands in it.
fn span_in(text: &str, piece: &RawValue) -> Span {
    let start = piece.get().as_ptr().addr() - text.as_ptr().addr();
    Span { start, end: start + piece.get().len() }
}

/// A value as TOML would have it; what is no scalar keeps only its kind.
fn scalar(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(serde_json::Value::String(text)) => Value::String(text),
        Ok(serde_json::Value::Bool(value)) => Value::Boolean(value),
        Ok(serde_json::Value::Number(number)) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => Value::Integer(number),
            (None, Some(number)) if number.fract() != 0.0 => Value::Float(number),
            _ => Value::Huge(number.to_string()),
        },
        Ok(serde_json::Value::Object(_)) => Value::Table(Vec::new()),
        Ok(serde_json::Value::Array(_)) => Value::Array(Vec::new()),
        Ok(serde_json::Value::Null) | Err(_) => Value::Open,
    }
}

/// The pairs of an object, as they stand in the text; a name may stand there twice.
struct Pairs<'a>(Vec<(&'a RawValue, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Pairs<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object of names and values")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }

        deserializer.deserialize_map(Reader)
    }
}
