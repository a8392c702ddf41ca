//! The types of inputs: what each takes, and how to write it.

use super::{
    super::{InputType, scalar::duration, tree::Node, tree::Value},
    Scalar,
};

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

/// The same for what stands in a file; text is read as text is.
pub(super) fn accept_node(kind: InputType, node: &Node) -> Result<Scalar, String> {
    match (&node.value, kind) {
        (Value::String(text), kind) => accept(kind, text),
        (Value::Integer(number), InputType::Integer) => Ok(Scalar::Integer(*number)),
        (Value::Boolean(value), InputType::Boolean) => Ok(Scalar::Boolean(*value)),
        _ => Err(format!("this is {}", node.kind())),
    }
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

    pub(super) const fn example(self) -> &'static str {
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
            Self::String => "a string stands in quotes in a file",
            Self::Integer => "write a whole number such as `5`, without quotes in a plan",
            Self::Duration => {
                "write a number with a unit, such as `30s`, `5m` or `1h 30m`; in quotes in a file"
            }
            Self::Path => "write an absolute path such as `/srv/nginx`",
            Self::Boolean => "write `true` or `false`, without quotes in a plan",
        }
    }
}
