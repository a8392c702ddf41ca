//! `--set NAME=VALUE`: each value against what is declared.

use super::{
    super::{
        InputType,
        document::Span,
        problem::{Label, Problem},
        scalar::duration,
        words::{excerpt, suggestion},
    },
    Declared, Given, Inputs, Scalar, Source, on_command_line,
};

/// Gives the inputs their values. With `every`, one that is left without a value is a problem.
pub(in crate::plan) fn give(inputs: &mut Inputs, sets: &[(String, String)], every: bool) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (place, (name, text)) in sets.iter().enumerate() {
        if sets.iter().take(place).any(|(earlier, _)| earlier == name) {
            problems.push(set_twice(name, text));
            continue;
        }
        let Some(input) = inputs.0.iter_mut().find(|input| input.name == *name) else {
            problems.push(undeclared(inputs, name, text));
            continue;
        };
        match value_of(input, text) {
            Ok(given) => input.value = given,
            Err(problem) => {
                (input.value, input.wrong) = (None, true);
                problems.push(*problem);
            }
        }
    }
    let unset = inputs.0.iter().filter(|input| every && input.value.is_none() && !input.wrong);
    problems.extend(unset.filter(|input| input.kind.is_some()).map(missing));
    problems
}

fn value_of(input: &Declared, text: &str) -> Result<Option<Given>, Box<Problem>> {
    let Some((kind, type_span)) = input.kind else { return Ok(None) };
    let value = accept(kind, text).map_err(|why| {
        let message = format!("the value of `{}` is not of its type", input.name);
        let label = format!("`{}` is `{}`", input.name, kind.name());
        let mut problem = Problem::new("plan/bad-input-value", message, type_span, label).help(kind.help());
        problem.elsewhere.push(on_command_line(&input.name, text, &why));
        problem
    })?;
    let given = Given { value, text: text.to_owned(), source: Source::Set };
    match mismatch(input, &given) {
        Some(problem) => Err(Box::new(problem)),
        None => Ok(Some(given)),
    }
}

/// Reads text as a value of a type; the error says what is wrong with it.
pub(super) fn accept(kind: InputType, text: &str) -> Result<Scalar, String> {
    let string = || Scalar::String(text.to_owned());
    match kind {
        InputType::String => Ok(string()),
        InputType::Duration => duration::parse(text).map(|_| string()),
        InputType::Path if text.starts_with('/') => Ok(string()),
        InputType::Path => Err("the path does not start with `/`".to_owned()),
        InputType::Integer => text.parse().map(Scalar::Integer).map_err(|_| "not a whole number".to_owned()),
        InputType::Boolean => match text {
            "true" => Ok(Scalar::Boolean(true)),
            "false" => Ok(Scalar::Boolean(false)),
            _ => Err("neither `true` nor `false`".to_owned()),
        },
    }
}

/// The problem of a value that the input's pattern does not match: the pattern and the value, underlined.
pub(super) fn mismatch(input: &Declared, given: &Given) -> Option<Problem> {
    let (pattern, span) = input.pattern.as_ref().filter(|(pattern, _)| !pattern.is_match(&given.text))?;
    let message = format!("the value of `{}` does not match its pattern", input.name);
    let mut problem =
        Problem::new("plan/pattern-mismatch", message, *span, "the whole value must match this");
    let label = "this does not match";
    match given.source {
        Source::Default(span) => problem.labels.insert(0, Label { span, text: label.to_owned() }),
        Source::Set => problem.elsewhere.push(on_command_line(&input.name, &given.text, label)),
    }
    let wanted = input.description.as_ref().map(|text| format!("`{}` is: {}", input.name, excerpt(text)));
    Some(problem.help(wanted.unwrap_or_else(|| format!("give a value that matches {}", shown(pattern)))))
}

fn shown(pattern: &regex::Regex) -> String {
    let whole = pattern.as_str();
    let inner = whole.strip_prefix(r"\A(?:").and_then(|rest| rest.strip_suffix(r")\z")).unwrap_or(whole);
    format!("`{}`", excerpt(inner))
}

fn undeclared(inputs: &Inputs, name: &str, text: &str) -> Problem {
    let message = format!("the plan has no input `{}`", excerpt(name));
    let mut problem = Problem::nowhere("plan/unknown-input", message);
    let mut place = on_command_line(name, text, "not declared in `[inputs]`");
    place.span = Span { start: "--set ".len(), end: "--set ".len() + excerpt(name).len() };
    problem.elsewhere.push(place);
    problem.help(suggestion(name, "inputs", &inputs.names()))
}

fn set_twice(name: &str, text: &str) -> Problem {
    let message = format!("the input `{}` is given twice", excerpt(name));
    let mut problem = Problem::nowhere("plan/input-set-twice", message);
    problem.elsewhere.push(on_command_line(name, text, "given a second time"));
    problem.help("give each input once")
}

fn missing(input: &Declared) -> Problem {
    let kind = input.kind.map_or(InputType::String, |(kind, _)| kind);
    let message = format!("the input `{}` has no value", input.name);
    let label = match &input.description {
        Some(text) => format!("{}: {}", kind.name(), excerpt(text)),
        None => kind.name().to_owned(),
    };
    Problem::new("plan/unset-input", message, input.name_span, label).help(format!(
        "add `--set {}={}`, or a `default` here",
        input.name,
        kind.example()
    ))
}

impl Scalar {
    /// The value as it is put into text.
    pub(super) fn text(&self) -> String {
        match self {
            Self::String(text) => text.clone(),
            Self::Integer(number) => number.to_string(),
            Self::Boolean(value) => value.to_string(),
        }
    }
}

impl InputType {
    pub(super) fn named(name: &str) -> Option<Self> {
        [Self::String, Self::Integer, Self::Duration, Self::Path, Self::Boolean]
            .into_iter()
            .find(|kind| kind.name() == name)
    }

    const fn example(self) -> &'static str {
        match self {
            Self::String => "TEXT",
            Self::Integer => "5",
            Self::Duration => "30s",
            Self::Path => "/some/path",
            Self::Boolean => "true",
        }
    }

    pub(super) const fn help(self) -> &'static str {
        match self {
            Self::String => "a string stands in quotes in a plan",
            Self::Integer => "write a whole number such as `5`, without quotes in a plan",
            Self::Duration => {
                "write a number with a unit, such as `30s`, `5m` or `1h 30m`; in quotes in a plan"
            }
            Self::Path => "write an absolute path such as `/srv/nginx`",
            Self::Boolean => "write `true` or `false`, without quotes in a plan",
        }
    }
}
