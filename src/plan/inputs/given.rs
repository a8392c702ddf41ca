//! Values from outside against what is declared: of the environment, an earlier run, `--inputs` and `--set`.

use std::collections::BTreeSet;

use super::{
    super::{
        document::Span,
        problem::{Label, Problem},
        tree::{Node, Value},
        words::{excerpt, suggestion},
    },
    Declared, Given, Inputs, Origin, Place, Source, Values,
    file::{self, Unreadable},
    kind::accept_node,
};

/// How many mistakes are told of one origin; each is looked up among the inputs.
const ENOUGH: usize = 200;

/// A value for an input, before it is known whether the plan has one of that name.
pub(super) struct Offer {
    pub(super) name: String,
    /// Or why it is no value of any type.
    pub(super) value: Result<Node, &'static str>,
    pub(super) origin: Origin,
    pub(super) place: Place,
}

/// Gives the inputs their values. With `every`, one that is left without a value is a problem.
pub(in crate::plan) fn give(inputs: &mut Inputs, values: &Values<'_>, every: bool) -> Vec<Problem> {
    let mut problems = Vec::new();
    let hidden = inputs.any_secret();
    let (in_file, unreadable) = match values.file.map(|file| file::offers(file, hidden)) {
        None => (Vec::new(), false),
        Some(Ok(offers)) => (offers, false),
        Some(Err(Unreadable(found))) => {
            problems.extend(found);
            (Vec::new(), true)
        }
    };
    let sets: Vec<_> = values.sets.iter().map(|(name, text)| Offer::set(name, text)).collect();
    let recorded: Vec<_> = values.recorded.iter().map(|(name, text)| Offer::recorded(name, text)).collect();
    let given = in_file.iter().chain(&sets).chain(&recorded).map(|offer| offer.name.clone());
    let given: BTreeSet<_> = given.collect();
    let unsaid = inputs.0.iter().filter(|input| !given.contains(&input.name));
    let from_env: Vec<_> = unsaid.filter_map(|input| Offer::variable(input, values)).collect();
    for offers in [from_env, recorded, in_file, sets] {
        take(inputs, offers, &mut problems);
    }
    // What a file says that cannot be read is not missing.
    let unset = inputs.0.iter().filter(|input| every && !unreadable && input.value.is_none() && !input.wrong);
    problems.extend(unset.filter(|input| input.kind.is_some()).map(missing));
    problems
}

/// All that one origin gives.
fn take(inputs: &mut Inputs, offers: Vec<Offer>, problems: &mut Vec<Problem>) {
    let mut seen = BTreeSet::new();
    let before = problems.len();
    for offer in offers {
        if problems.len() - before >= ENOUGH {
            return;
        }
        let hidden = inputs.any_secret();
        let again = !seen.insert(offer.name.clone());
        let Some(input) = inputs.0.iter_mut().find(|input| input.name == offer.name) else {
            problems.push(undeclared(inputs, &offer.name, &offer.place, hidden));
            continue;
        };
        let offer = if input.secret.is_some() { offer.hidden() } else { offer };
        if again {
            problems.push(twice(&offer));
            continue;
        }
        match value_of(input, offer) {
            Ok(given) => input.value = given,
            Err(problem) => {
                (input.value, input.wrong) = (None, true);
                problems.push(*problem);
            }
        }
    }
}

impl Offer {
    fn set(name: &str, text: &str) -> Self {
        Self::text(name, text, Origin::Set, Place::set(name, text))
    }

    fn recorded(name: &str, text: &str) -> Self {
        Self::text(name, text, Origin::Recorded, Place::recorded(name, text))
    }

    /// What the environment has for an input that names a variable.
    fn variable(input: &Declared, values: &Values<'_>) -> Option<Self> {
        let variable = input.variable.as_ref()?;
        let place = |text: &str| Place::variable(variable, text);
        Some(match (values.environment)(variable)?.into_string() {
            Ok(text) => Self::text(&input.name, &text, Origin::FromEnv, place(&text)),
            Err(bytes) => {
                let place = place(&bytes.to_string_lossy());
                Self { name: input.name.clone(), value: Err("not UTF-8"), origin: Origin::FromEnv, place }
            }
        })
    }

    fn text(name: &str, text: &str, origin: Origin, place: Place) -> Self {
        let value = Ok(Node::new(Span::default(), Value::String(text.to_owned())));
        Self { name: name.to_owned(), value, origin, place }
    }

    fn hidden(self) -> Self {
        Self { place: self.place.hidden(), ..self }
    }
}

fn value_of(input: &Declared, offer: Offer) -> Result<Option<Given>, Box<Problem>> {
    let Some((kind, type_span)) = input.kind else { return Ok(None) };
    let value = offer.value.map_err(str::to_owned).and_then(|node| accept_node(kind, &node));
    let value = value.map_err(|why| {
        let message = format!("the value of `{}` is not of its type", input.name);
        let label = format!("`{}` is `{}`", input.name, kind.name());
        let why = if input.secret.is_some() { "this is none" } else { &why };
        let mut problem = Problem::new("plan/bad-input-value", message, type_span, label).help(kind.help());
        problem.elsewhere.push(offer.place.value(why));
        problem
    })?;
    let text = value.text();
    let given = Given { value, text, source: Source::Outside(offer.origin, offer.place) };
    match mismatch(input, &given) {
        Some(problem) => Err(Box::new(problem)),
        None => Ok(Some(given)),
    }
}

/// The problem of a value that the input's pattern does not match: the pattern and the value, underlined.
pub(super) fn mismatch(input: &Declared, given: &Given) -> Option<Problem> {
    let (pattern, span) = input.pattern.as_ref().filter(|(pattern, _)| !pattern.is_match(&given.text))?;
    let message = format!("the value of `{}` does not match its pattern", input.name);
    let mut problem =
        Problem::new("plan/pattern-mismatch", message, *span, "the whole value must match this");
    let label = "this does not match";
    match &given.source {
        Source::Default(span) => problem.labels.insert(0, Label { span: *span, text: label.to_owned() }),
        Source::Outside(_, place) => problem.elsewhere.push(place.value(label)),
    }
    let wanted = input.description.as_ref().map(|text| format!("`{}` is: {}", input.name, excerpt(text)));
    Some(problem.help(wanted.unwrap_or_else(|| format!("give a value that matches {}", shown(pattern)))))
}

fn shown(pattern: &regex::Regex) -> String {
    let whole = pattern.as_str();
    let inner = whole.strip_prefix(r"\A(?:").and_then(|rest| rest.strip_suffix(r")\z")).unwrap_or(whole);
    format!("`{}`", excerpt(inner))
}

/// Nobody knows what the value of a name is that is declared nowhere: it may be a secret with its name misspelt.
fn undeclared(inputs: &Inputs, name: &str, place: &Place, hidden: bool) -> Problem {
    let message = format!("the plan has no input `{}`", excerpt(name));
    let mut problem = Problem::nowhere("plan/unknown-input", message);
    let place = if hidden { place.clone().hidden() } else { place.clone() };
    problem.elsewhere.push(place.key("not declared in `[inputs]`"));
    problem.help(suggestion(name, "inputs", &inputs.names()))
}

fn twice(offer: &Offer) -> Problem {
    let message = format!("the input `{}` is given twice", excerpt(&offer.name));
    let mut problem = Problem::nowhere("plan/input-set-twice", message);
    problem.elsewhere.push(offer.place.value("given a second time"));
    problem.help("give each input once")
}

fn missing(input: &Declared) -> Problem {
    let kind = input.kind.map_or(super::super::InputType::String, |(kind, _)| kind);
    let message = format!("the input `{}` has no value", input.name);
    let label = match &input.description {
        Some(text) => format!("{}: {}", kind.name(), excerpt(text)),
        None => kind.name().to_owned(),
    };
    let help = match &input.variable {
        Some(variable) => {
            format!("put it into the environment variable `{}`, or into `--inputs FILE`", excerpt(variable))
        }
        None => format!("add `--set {}={}`, or a `default` here", input.name, kind.example()),
    };
    Problem::new("plan/unset-input", message, input.name_span, label).help(help)
}
