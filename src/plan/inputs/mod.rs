//! Inputs: what a plan declares, what is given, and putting the values in.

mod declared;
mod file;
mod given;
mod kind;
mod place;
mod reference;
mod resolve;
mod values;

use serde::{Deserialize, Serialize};

use super::{
    document::Span,
    problem::{Label, Problem},
    secrets::Secrets,
};
use place::Place;

pub(super) use declared::{compiled, declared};
pub(super) use given::give;
pub(super) use reference::{named, whole};
pub(super) use resolve::resolve;
pub use values::{InputsFile, Values};

/// Where the value of an input comes from; what stands further down here wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The plan's own default.
    Default,
    /// The environment variable that the plan names.
    FromEnv,
    /// The run that is gone on with, or taken back.
    Recorded,
    /// The file of `--inputs`.
    Inputs,
    /// `--set` on the command line.
    Set,
}

impl Origin {
    /// In words, as `preview` shows it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::FromEnv => "from-env",
            Self::Recorded => "recorded",
            Self::Inputs => "--inputs",
            Self::Set => "--set",
        }
    }
}

/// An input and its value, as shown and recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolvedInput {
    /// The input's name.
    pub name: String,
    /// Its value as text; of a secret only that it is one, as `${name}`.
    pub value: String,
    /// Whether it is secret.
    pub secret: bool,
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
    /// The environment variable that may hold the value.
    variable: Option<String>,
    /// Whether the value is never shown, and where the plan says so.
    secret: Option<Span>,
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

#[derive(Clone, Debug)]
enum Source {
    /// In the plan.
    Default(Span),
    /// Anywhere else.
    Outside(Origin, Place),
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
                Source::Outside(origin, _) => origin,
            };
            let secret = input.secret.is_some();
            let value = if secret { format!("${{{}}}", input.name) } else { given.text.clone() };
            Some(ResolvedInput { name: input.name.clone(), value, secret, origin })
        };
        self.0.iter().filter_map(resolved).collect()
    }

    /// The names of the inputs without a value.
    pub(super) fn unset(&self) -> Vec<String> {
        self.0.iter().filter(|input| input.value.is_none()).map(|input| input.name.clone()).collect()
    }

    /// What must never be shown.
    pub(super) fn secrets(&self) -> Secrets {
        let secret = self.0.iter().filter(|input| input.secret.is_some());
        Secrets::new(secret.filter_map(|input| Some((&*input.name, &*input.value.as_ref()?.text))))
    }

    /// Whether the plan declares a secret: text from outside that belongs to no input could be one then.
    fn any_secret(&self) -> bool {
        self.0.iter().any(|input| input.secret.is_some())
    }

    /// Whether one of these inputs is secret.
    pub(super) fn hides(&self, used: &[String]) -> bool {
        used.iter().filter_map(|name| self.find(name)).any(|input| input.secret.is_some())
    }

    /// Adds to a problem with a value where the value came from.
    pub(super) fn came_from(&self, mut problem: Problem, used: &[String]) -> Problem {
        for input in used.iter().filter_map(|name| self.find(name)) {
            match input.value.as_ref().map(|given| &given.source) {
                Some(Source::Default(span)) => {
                    let text = format!("`{}` is this by default", input.name);
                    problem.labels.push(Label { span: *span, text });
                }
                Some(Source::Outside(_, place)) => {
                    problem.elsewhere.push(place.value("the value comes from here"));
                }
                None => {}
            }
        }
        problem
    }
}
