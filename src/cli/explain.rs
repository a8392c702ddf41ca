//! `explain`: what a code means, why it matters and what to do.

use clap::Args;
use serde_json::{Value, json};

use super::{Format, Output, output};
use crate::{
    diagnose::explain::{self, rooms},
    nginx::printable,
    report::{explained, listed},
};

/// No more characters of an unknown code are told.
const MOST: usize = 80;

/// `changeover explain [CODE]`
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// A code, such as preflight/daemon-off.
    code: Option<String>,
    #[command(flatten)]
    output: Output,
}

/// Explains one code, or lists them all.
pub(super) fn main(asked: &Explain) -> u8 {
    let human = asked.output.format == Format::Human;
    let Some(code) = &asked.code else {
        tell(human, || listed(output::style(), &rooms()), || json!({ "rooms": rooms() }));
        return 0;
    };
    let Some(text) = explain::find(code) else { return unknown(code, human) };
    tell(human, || explained(output::style(), &text), || json!(text));
    0
}

fn tell(human: bool, lines: impl Fn() -> Vec<String>, json: impl Fn() -> Value) {
    let lines = if human { lines() } else { vec![json().to_string()] };
    for line in lines {
        output::data(&line);
    }
}

fn unknown(code: &str, human: bool) -> u8 {
    let meant = explain::closest(code);
    let next = meant.map_or_else(
        || "`changeover explain` lists them all".to_owned(),
        |meant| format!("did you mean `{meant}`?"),
    );
    let message = format!("there is no code `{}`; {next}", printable(code, MOST));
    if human {
        output::talk(&message);
    } else {
        output::json(&json!({ "message": message, "meant": meant, "exit": output::USAGE }));
    }
    output::USAGE
}
