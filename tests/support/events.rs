//! What a run may write: every line is held against the committed schema.

use std::sync::OnceLock;

use jsonschema::Validator;
use serde_json::Value;

/// Fails the test when a line that a run wrote does not fit `schemas/event.schema.json`.
#[track_caller]
pub(crate) fn fits(line: &str) {
    static SCHEMA: OnceLock<Validator> = OnceLock::new();
    let schema = SCHEMA.get_or_init(|| {
        let schema = serde_json::from_str(include_str!("../../schemas/event.schema.json"));
        jsonschema::validator_for(&schema.expect("the schema is JSON")).expect("the schema is one")
    });
    let event: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    let why = schema.iter_errors(&event).map(|error| format!("{}: {error}", error.instance_path()));
    let why: Vec<String> = why.collect();
    assert!(why.is_empty(), "does not fit schemas/event.schema.json:\n{line}\n{}", why.join("\n"));
}
