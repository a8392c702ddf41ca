//! `[inputs.NAME]`: what is declared. What breaks the schema is the walker's to report; here it is passed over.

use super::{
    super::{
        InputType,
        problem::Problem,
        tree::{Entry, Node, Value},
        words::excerpt,
    },
    Declared, Given, Inputs, Source,
    given::mismatch,
    kind::accept_node,
    reference::{Part, is_name, parts},
};

/// The most memory that a compiled pattern may take.
const PATTERN_BYTES: usize = 1 << 20;

/// How many inputs are looked at; the schema allows no more.
const MOST: usize = 100;

/// The inputs that a plan declares, each with its default, and what is wrong with them.
pub(in crate::plan) fn declared(root: &Node) -> (Inputs, Vec<Problem>) {
    let mut problems = Vec::new();
    let entries = root.get("inputs").map(Node::entries).unwrap_or_default();
    let inputs = entries.iter().take(MOST).map(|entry| declaration(entry, &mut problems)).collect();
    (Inputs(inputs), problems)
}

fn declaration(entry: &Entry, problems: &mut Vec<Problem>) -> Declared {
    if !is_name(&entry.key) {
        let message = format!("`{}` cannot be the name of an input", excerpt(&entry.key));
        problems.push(
            Problem::new("plan/bad-input-name", message, entry.key_span, "no reference can say this")
                .help("start with a letter, then letters, digits, `-` and `_`"),
        );
    }
    let text = |key: &str| entry.node.get(key).and_then(|node| Some((node.as_str()?, node.span)));
    let kind = text("type").and_then(|(name, span)| Some((InputType::named(name)?, span)));
    // A pattern that is no regular expression is the walker's to report.
    let pattern = text("pattern").and_then(|(pattern, span)| Some((compiled(pattern).ok()?, span)));
    let mut input = Declared {
        name: entry.key.clone(),
        name_span: entry.key_span,
        kind,
        pattern,
        description: text("description").map(|(text, _)| text.to_owned()),
        variable: text("from-env").map(|(text, _)| text.to_owned()),
        secret: entry
            .node
            .entry("secret")
            .filter(|it| matches!(it.node.value, Value::Boolean(true)))
            .map(|it| it.key_span),
        value: None,
        wrong: false,
        used: false,
    };
    for key in ["type", "default", "from-env"] {
        problems.extend(entry.node.get(key).and_then(reference_in_inputs));
    }
    if let Some(default) = entry.node.get("default") {
        match secret_default(&input, default)
            .map_or_else(|| default_of(&input, default), |it| Err(Box::new(it)))
        {
            Ok(given) => input.value = given,
            Err(problem) => {
                input.wrong = true;
                problems.push(*problem);
            }
        }
    }
    input
}

/// Reads a pattern so that it must match the whole value.
pub(in crate::plan) fn compiled(pattern: &str) -> Result<regex::Regex, String> {
    // First alone, so that `a)(b` does not become right by what is put around it.
    let built = |pattern: &str| regex::RegexBuilder::new(pattern).size_limit(PATTERN_BYTES).build();
    let whole = built(pattern).and_then(|_| built(&format!(r"\A(?:{pattern})\z")));
    whole.map_err(|error| {
        let text = error.to_string();
        text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
    })
}

fn reference_in_inputs(node: &Node) -> Option<Problem> {
    let found = parts(node.as_str()?).into_iter().any(|part| !matches!(part, Part::Text(_)));
    let problem = Problem::new(
        "plan/reference-not-allowed",
        "nothing is replaced in `[inputs]`",
        node.span,
        "a reference cannot stand here",
    );
    found.then(|| problem.help("write the value itself; a reference belongs where the input is used"))
}

/// A plan is kept in git and copied into the directory of every run.
fn secret_default(input: &Declared, default: &Node) -> Option<Problem> {
    let message = format!("the default of `{}` would be a secret that everybody can read", input.name);
    let problem =
        Problem::new("plan/secret-default", message, default.span, "a plan is no place for a secret");
    let help = "take the `default` out, and give the value in a variable (`from-env`) or with `--inputs`";
    input.secret.map(|span| problem.also(span, "the input is secret").help(help))
}

fn default_of(input: &Declared, default: &Node) -> Result<Option<Given>, Box<Problem>> {
    let Some((kind, type_span)) = input.kind else { return Ok(None) };
    let value = match (&default.value, kind) {
        // Not even a scalar: the walker reports it.
        (Value::Array(_) | Value::Table(_) | Value::Float(_) | Value::Datetime(_) | Value::Huge(_), _) => {
            return Ok(None);
        }
        // Text stands for these outside of a plan only, where there is nothing but text.
        (Value::String(_), InputType::Integer | InputType::Boolean) => {
            Err(format!("this is {}", default.kind()))
        }
        _ => accept_node(kind, default),
    };
    let value = value.map_err(|why| {
        let message = format!("the default of `{}` is not of its type", input.name);
        let label = format!("the type is `{}`", kind.name());
        Problem::new("plan/bad-input-value", message, default.span, why)
            .also(type_span, label)
            .help(kind.help())
    })?;
    let given = Given { text: value.text(), value, source: Source::Default(default.span) };
    match mismatch(input, &given) {
        Some(problem) => Err(Box::new(problem)),
        None => Ok(Some(given)),
    }
}
