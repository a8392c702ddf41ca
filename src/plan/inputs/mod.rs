//! Inputs: what a plan declares, what is given, and putting the values in.

mod declared;
mod given;
mod reference;
mod resolve;

use serde::Serialize;

use super::{
    document::Span,
    problem::{Elsewhere, Label, Problem},
};

pub(super) use declared::{compiled, declared};
pub(super) use given::give;
pub(super) use resolve::resolve;

/// Where the value of an input comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The plan's own default.
    Default,
    /// `--set` on the command line.
    Set,
}

impl Origin {
    /// In words, as `preview` shows it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Set => "--set",
        }
    }
}

/// An input and its value, as shown and recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ResolvedInput {
    /// The input's name.
    pub name: String,
    /// Its value as text.
    pub value: String,
    /// Where the value comes from.
    pub origin: Origin,
}

/// One declared input while a plan is loaded.
#[derive(Clone, Debug)]
pub(super) struct Declared {
    pub(super) name: String,
    name_span: Span,
    kind: Option<(super::InputType, Span)>,
    pattern: Option<(regex::Regex, Span)>,
    description: Option<String>,
    /// The value as it may be put in, once it is known and right.
    value: Option<Given>,
    /// Whether a value was given that is wrong: reported once, not at each use.
    wrong: bool,
    used: bool,
}

/// A value and where it was given.
#[derive(Clone, Debug)]
struct Given {
    value: Scalar,
    text: String,
    source: Source,
}

#[derive(Clone, Debug)]
enum Scalar {
    String(String),
    Integer(i64),
    Boolean(bool),
}

#[derive(Clone, Copy, Debug)]
enum Source {
    Default(Span),
    Set,
}

/// All inputs of a plan.
#[derive(Clone, Debug, Default)]
pub(super) struct Inputs(Vec<Declared>);

impl Inputs {
    fn find(&self, name: &str) -> Option<&Declared> {
        self.0.iter().find(|input| input.name == name)
    }

    fn names(&self) -> Vec<&str> {
        self.0.iter().map(|input| input.name.as_str()).collect()
    }

    /// The inputs with a value, in the order of the file.
    pub(super) fn resolved(&self) -> Vec<ResolvedInput> {
        let resolved = |input: &Declared| {
            let given = input.value.as_ref()?;
            let origin = match given.source {
                Source::Default(_) => Origin::Default,
                Source::Set => Origin::Set,
            };
            Some(ResolvedInput { name: input.name.clone(), value: given.text.clone(), origin })
        };
        self.0.iter().filter_map(resolved).collect()
    }

    /// The names of the inputs without a value.
    pub(super) fn unset(&self) -> Vec<String> {
        self.0.iter().filter(|input| input.value.is_none()).map(|input| input.name.clone()).collect()
    }

    /// Adds to a problem with a value where the value came from.
    pub(super) fn came_from(&self, mut problem: Problem, used: &[String]) -> Problem {
        for input in used.iter().filter_map(|name| self.find(name)) {
            match &input.value {
                Some(Given { source: Source::Default(span), .. }) => {
                    problem
                        .labels
                        .push(Label { span: *span, text: format!("`{}` is this by default", input.name) });
                }
                Some(Given { source: Source::Set, text, .. }) => {
                    problem.elsewhere.push(on_command_line(&input.name, text, "the value comes from here"));
                }
                None => {}
            }
        }
        problem
    }
}

/// The value of `--set NAME=VALUE`, underlined.
fn on_command_line(name: &str, value: &str, label: &str) -> Elsewhere {
    let value = super::words::excerpt(value);
    let text = format!("--set {}={value}", super::words::excerpt(name));
    let span = Span { start: text.len() - value.len(), end: text.len() };
    Elsewhere { name: "command line".to_owned(), text, span, label: label.to_owned() }
}
