//! Scalars against their shapes: types, ranges, choices and forms such as durations and digests.

use std::{net::SocketAddr, str::FromStr};

use super::{
    super::{
        inputs::compiled,
        problem::Problem,
        scalar::{HttpUrl, Sha256, duration},
        shape::{Shape, Text},
        tree::{Node, Value},
        words::{excerpt, list, suggestion},
    },
    Place, Walker,
};

/// What is wrong with a scalar, before it is known where it came from.
struct Fault {
    code: &'static str,
    message: String,
    label: String,
    help: String,
}

impl Walker<'_> {
    pub(super) fn scalar(&mut self, shape: &Shape, node: &mut Node, place: &Place<'_>) {
        if matches!(node.value, Value::Open) {
            node.value = stand_in(shape, place);
            return;
        }
        let Some(fault) = fault(shape, node, place) else { return };
        if node.open && matches!((shape, &node.value), (Shape::Text(_) | Shape::Choice(_), Value::String(_)))
        {
            node.value = stand_in(shape, place);
            return;
        }
        let problem = if self.inputs.hides(&node.inputs) {
            // What exactly is wrong with a secret would say something about it.
            let message = format!("`{}` cannot be this", excerpt(place.key));
            Problem::new(fault.code, message, node.span, "its value is secret").help(example_of(place))
        } else if node.inputs.is_empty() {
            Problem::new(fault.code, fault.message, node.span, fault.label).help(fault.help)
        } else {
            let label = format!("this is `{}`: {}", excerpt(&shown(&node.value)), fault.label);
            Problem::new(fault.code, fault.message, node.span, label).help(fault.help)
        };
        self.problems.push(self.inputs.came_from(problem, &node.inputs));
    }
}

/// A value that fits where an input is not known yet.
fn stand_in(shape: &Shape, place: &Place<'_>) -> Value {
    let example = serde_json::from_str(place.example).unwrap_or(serde_json::Value::Null);
    match (shape, example) {
        (Shape::Integer { .. }, example) => Value::Integer(example.as_i64().unwrap_or(1)),
        (Shape::Boolean, example) => Value::Boolean(example.as_bool().unwrap_or(true)),
        (_, serde_json::Value::String(text)) => Value::String(text),
        _ => Value::String("…".to_owned()),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) | Value::Huge(text) | Value::Datetime(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Boolean(value) => value.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Array(_) | Value::Table(_) | Value::Open => String::new(),
    }
}

fn fault(shape: &Shape, node: &Node, place: &Place<'_>) -> Option<Fault> {
    match (shape, &node.value) {
        (Shape::Boolean, Value::Boolean(_))
        | (Shape::Scalar, Value::Boolean(_) | Value::Integer(_) | Value::String(_)) => None,
        (Shape::Integer { least, most }, Value::Integer(number)) => {
            (number < least || number > most).then(|| out_of_range(place, &number.to_string(), *least, *most))
        }
        (Shape::Integer { least, most }, Value::Huge(number)) => {
            Some(out_of_range(place, number, *least, *most))
        }
        (Shape::Choice(words), Value::String(text)) => {
            (!words.contains(text)).then(|| unknown_value(place, text, words))
        }
        (Shape::Text(rules), Value::String(text)) => bad_text(rules, text, place),
        (Shape::Text(Text { format: Some(format), .. }), Value::Integer(_) | Value::Float(_))
            if format.ends_with("humantime-duration") =>
        {
            Some(bare_duration(place, &node.value))
        }
        _ => Some(wrong_type(shape, node, place)),
    }
}

fn example_of(place: &Place<'_>) -> String {
    format!("write for example `{} = {}`", excerpt(place.key), place.example)
}

fn wrong_type(shape: &Shape, node: &Node, place: &Place<'_>) -> Fault {
    let wanted = match shape {
        Shape::Boolean => "a boolean",
        Shape::Integer { .. } => "an integer",
        Shape::Scalar => "a string, an integer or a boolean",
        _ => "a string",
    };
    Fault {
        code: "plan/wrong-type",
        message: format!("`{}` is {}", excerpt(place.key), node.kind()),
        label: format!("this must be {wanted}"),
        help: example_of(place),
    }
}

fn bare_duration(place: &Place<'_>, number: &Value) -> Fault {
    let length = match number {
        Value::Integer(seconds) => format!("{}s", (*seconds).max(1)),
        Value::Float(seconds) => format!("{:.0}ms", (seconds * 1000.0).max(1.0)),
        _ => "30s".to_owned(),
    };
    Fault {
        code: "plan/bare-duration",
        message: format!("`{}` is a number without a unit", place.key),
        label: "of what?".to_owned(),
        help: format!("if seconds are meant write `{} = \"{length}\"`", place.key),
    }
}

fn out_of_range(place: &Place<'_>, number: &str, least: i64, most: i64) -> Fault {
    let range = if least == most { format!("{least}") } else { format!("from {least} to {most}") };
    Fault {
        code: "plan/out-of-range",
        message: format!("`{}` is {}", place.key, excerpt(number)),
        label: format!("this must be {range}"),
        help: example_of(place),
    }
}

fn unknown_value(place: &Place<'_>, text: &str, words: &[String]) -> Fault {
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    Fault {
        code: "plan/unknown-value",
        message: format!("`{}` cannot be `{}`", place.key, excerpt(text)),
        label: format!("possible: {}", list(&words)),
        help: suggestion(text, "write one of", &words),
    }
}

fn bad_text(rules: &Text, text: &str, place: &Place<'_>) -> Option<Fault> {
    if let Some((code, what, why)) = rules.format.as_deref().and_then(|format| bad_format(format, text)) {
        return Some(Fault {
            code,
            message: format!("`{}` is not {what}", place.key),
            label: why,
            help: match code {
                "plan/bad-sha256" => {
                    "write the 64 hexadecimal digits that `sha256sum FILE` prints".to_owned()
                }
                _ => example_of(place),
            },
        });
    }
    let length = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
    let most = rules.most.unwrap_or(u64::MAX);
    if length < rules.least || length > most {
        let limit = if length < rules.least {
            format!("at least {}", rules.least)
        } else {
            format!("at most {most}")
        };
        return Some(Fault {
            code: "plan/out-of-range",
            message: format!("`{}` has {length} characters", place.key),
            label: limit,
            help: example_of(place),
        });
    }
    let pattern = rules.pattern.as_ref()?;
    let fits = pattern.is_match(text);
    (!fits).then(|| Fault {
        code: "plan/bad-form",
        message: format!("`{}` cannot be `{}`", place.key, excerpt(text)),
        label: format!("this must match `{pattern}`"),
        help: example_of(place),
    })
}

/// The code, what the text should be, and why it is not.
pub(super) fn bad_format(format: &str, text: &str) -> Option<(&'static str, &'static str, String)> {
    match format {
        "humantime-duration" => {
            duration::parse(text).err().map(|why| ("plan/bad-duration", "a length of time", why))
        }
        "positive-humantime-duration" => {
            duration::parse_positive(text).err().map(|why| ("plan/bad-duration", "a length of time", why))
        }
        "sha256" => Sha256::from_str(text).err().map(|why| ("plan/bad-sha256", "a SHA-256 digest", why)),
        "http-url" => {
            HttpUrl::from_str(text).err().map(|why| ("plan/bad-url", "a URL that can be probed", why))
        }
        "regex" => compiled(text).err().map(|why| ("plan/bad-pattern", "a regular expression", why)),
        "absolute-path" if !text.starts_with('/') => {
            Some(("plan/bad-path", "an absolute path", "this does not start with `/`".to_owned()))
        }
        "absolute-path" if text.contains('\0') => {
            Some(("plan/bad-path", "a path", "this holds a zero byte".to_owned()))
        }
        "socket-address" => SocketAddr::from_str(text).err().map(|_| {
            ("plan/bad-address", "an address with a port", "an IP address, a colon and a port".to_owned())
        }),
        _ => None,
    }
}
