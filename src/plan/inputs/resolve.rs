//! Putting the values of inputs into the tree, in place.

use super::{
    super::{
        document::{Document, Span},
        problem::Problem,
        tree::{Entry, Node, Value},
        words::{excerpt, suggestion},
    },
    Inputs, Scalar,
    reference::{Part, parts},
};

/// How many problems are found here at the most; each has to be looked up in the text.
const ENOUGH: usize = 200;

/// Replaces every reference outside of `[inputs]`, and says which are wrong and which inputs are never used.
pub(in crate::plan) fn resolve(root: &mut Node, inputs: &mut Inputs, document: &Document) -> Vec<Problem> {
    let mut resolver = Resolver { inputs, document, path: Vec::new(), problems: Vec::new() };
    if let Value::Table(entries) = &mut root.value {
        for entry in entries {
            match entry.key.as_str() {
                // Their names are looked at where they are declared.
                "inputs" => {
                    let keys = entry.node.entries().iter().flat_map(|input| input.node.entries());
                    keys.for_each(|key| resolver.key(key));
                }
                "format" => resolver.refuse(&mut entry.node, "format"),
                _ => resolver.entry(entry),
            }
        }
    }
    let mut problems = resolver.problems;
    for input in inputs.0.iter().filter(|input| !input.used) {
        let message = format!("the input `{}` is never used", input.name);
        problems.push(
            Problem::new("plan/unused-input", message, input.name_span, "declared here and used nowhere")
                .help(format!(
                    "write `${{{}}}` where its value belongs, or take the declaration out",
                    input.name
                )),
        );
    }
    problems
}

struct Resolver<'a> {
    inputs: &'a mut Inputs,
    document: &'a Document,
    /// The keys above what is looked at.
    path: Vec<String>,
    problems: Vec<Problem>,
}

impl Resolver<'_> {
    fn entry(&mut self, entry: &mut Entry) {
        self.key(entry);
        if entry.key == "action" {
            self.refuse(&mut entry.node, "action");
        } else {
            self.path.push(entry.key.clone());
            self.node(&mut entry.node);
            self.path.pop();
        }
    }

    fn node(&mut self, node: &mut Node) {
        match &mut node.value {
            Value::Table(entries) => entries.iter_mut().for_each(|entry| self.entry(entry)),
            Value::Array(items) => items.iter_mut().for_each(|item| self.node(item)),
            Value::String(text) if text.contains("${") => {
                let text = std::mem::take(text);
                self.text(node, &text);
            }
            _ => {}
        }
    }

    fn text(&mut self, node: &mut Node, text: &str) {
        let parts = parts(text);
        for (place, part) in parts.iter().enumerate() {
            match part {
                Part::Text(_) => {}
                Part::Broken(found) => self.broken(node.span, found),
                Part::Input(name) => self.name(node, name, &parts, place),
            }
        }
        node.value = match parts.as_slice() {
            [Part::Input(name)] => self.whole(name),
            [Part::Broken(_)] => Value::Open,
            parts => Value::String(parts.iter().map(|part| self.shown(*part)).collect()),
        };
        if let Some(place) = parts.iter().position(|part| self.is_secret(*part)) {
            let before: String = parts.iter().take(place).map(|part| self.shown(*part)).collect();
            if !self.takes_a_secret(&before) {
                self.secret_here(node, &parts, place);
            }
        }
    }

    fn is_secret(&self, part: Part<'_>) -> bool {
        let Part::Input(name) = part else { return false };
        self.inputs.find(name).is_some_and(|input| input.secret.is_some())
    }

    /// Whether a secret may stand here, behind this text: where it is only sent to the server or compared with what
    /// the server sends. A host or a path would be looked up, opened and named in messages and in names of files.
    fn takes_a_secret(&self, before: &str) -> bool {
        let path: Vec<_> = self.path.iter().map(String::as_str).collect();
        match path.as_slice() {
            ["probe", _, "headers", _]
            | ["probe", _, "body"]
            | ["probe", _, "expect", "headers", _]
            | ["probe", _, "expect", "body-contains"] => true,
            ["probe", _, "url"] => before
                .split_once("://")
                .is_some_and(|(_, behind)| behind.find(['/', '?']).is_some_and(|host| host > 0)),
            _ => false,
        }
    }

    /// Nothing that comes next may show the value.
    fn secret_here(&mut self, node: &mut Node, parts: &[Part<'_>], place: usize) {
        node.value = Value::Open;
        let Some(Part::Input(name)) = parts.get(place) else { return };
        let span = self.reference_span(node.span, &format!("${{{name}}}"), occurrence(parts, place));
        let message = format!("the secret `{name}` cannot stand here");
        let problem = Problem::new("plan/secret-not-allowed", message, span, "this is shown and written");
        let problem = match self.inputs.find(name).and_then(|input| input.secret) {
            Some(secret) => problem.also(secret, "the input is secret"),
            None => problem,
        };
        self.problems.push(problem.help(
            "a secret can stand in a probe's `headers`, `body` and `url` behind the host, and in what it expects",
        ));
    }

    /// Notes the use of an input.
    fn name(&mut self, node: &mut Node, name: &str, parts: &[Part<'_>], place: usize) {
        if let Some(input) = self.inputs.0.iter_mut().find(|input| input.name == name) {
            input.used = true;
            node.open |= input.value.is_none();
            if !node.inputs.iter().any(|used| used == name) {
                node.inputs.push(name.to_owned());
            }
            return;
        }
        node.open = true;
        if self.problems.len() >= ENOUGH {
            return;
        }
        let message = format!("there is no input `{}`", excerpt(name));
        let span = self.reference_span(node.span, &format!("${{{name}}}"), occurrence(parts, place));
        let names = self.inputs.names();
        let help = match super::super::words::closest(name, names.iter().copied()) {
            Some(_) => suggestion(name, "inputs", &names),
            None => format!(
                "declare it: `[inputs.{0}]` with `type = \"string\"`, or write `$${{{0}}}` for the text itself",
                excerpt(name)
            ),
        };
        self.problems.push(
            Problem::new("plan/undeclared-input", message, span, "not declared in `[inputs]`").help(help),
        );
    }

    fn whole(&self, name: &str) -> Value {
        match self.inputs.find(name).and_then(|input| input.value.as_ref()).map(|given| &given.value) {
            Some(Scalar::String(text)) => Value::String(text.clone()),
            Some(Scalar::Integer(number)) => Value::Integer(*number),
            Some(Scalar::Boolean(value)) => Value::Boolean(*value),
            None => Value::Open,
        }
    }

    /// What stands in the text for a part; an input without a value stays as a reference.
    fn shown(&self, part: Part<'_>) -> String {
        match part {
            Part::Text(text) | Part::Broken(text) => text.to_owned(),
            Part::Input(name) => match self.inputs.find(name).and_then(|input| input.value.as_ref()) {
                Some(given) => given.value.text(),
                None => format!("${{{name}}}"),
            },
        }
    }

    fn broken(&mut self, span: Span, found: &str) {
        if self.problems.len() >= ENOUGH {
            return;
        }
        let span = self.reference_span(span, found, 0);
        self.problems.push(
            Problem::new(
                "plan/bad-reference",
                "this is not a reference to an input",
                span,
                "begins like one",
            )
            .help("write `${name}` with the name of an input, or `$${` for the text itself"),
        );
    }

    fn key(&mut self, entry: &Entry) {
        if parts(&entry.key).iter().any(|part| matches!(part, Part::Input(_))) {
            self.problems.push(not_allowed("a key", entry.key_span));
        }
    }

    fn refuse(&mut self, node: &mut Node, key: &str) {
        let parts = node.as_str().map(parts).unwrap_or_default();
        if parts.iter().any(|part| matches!(part, Part::Input(_))) {
            self.problems.push(not_allowed(&format!("`{key}`"), node.span));
            node.value = Value::Open;
        }
    }

    /// Where a reference stands in the text of its string; the whole string where escapes hide it.
    fn reference_span(&self, string: Span, reference: &str, occurrence: usize) -> Span {
        let text = self.document.slice(string);
        let literal = |at: usize| text.get(..at).is_some_and(|before| before.ends_with('$'));
        let found = text.match_indices(reference).filter(|(at, _)| !literal(*at)).nth(occurrence);
        found.map_or(string, |(at, found)| Span {
            start: string.start + at,
            end: string.start + at + found.len(),
        })
    }
}

/// How many equal parts stand before this one.
fn occurrence(parts: &[Part<'_>], place: usize) -> usize {
    parts.iter().take(place).filter(|part| parts.get(place) == Some(part)).count()
}

fn not_allowed(what: &str, span: Span) -> Problem {
    let message = format!("{what} cannot hold a reference");
    Problem::new("plan/reference-not-allowed", message, span, "nothing is replaced here")
        .help("write it out; references may stand for values only")
}
