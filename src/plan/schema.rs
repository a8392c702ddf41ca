//! The JSON Schema of plans: the strict one that resolved plans are checked with, and the published one.

use serde_json::{Map, Value as Json, json};

use super::Plan;

/// The schema of a plan in which every reference has been replaced.
#[must_use]
pub fn strict() -> Json {
    let mut schema = schemars::schema_for!(Plan).to_value();
    plain(&mut schema);
    schema
}

/// The schema for editors, as committed in `schemas/plan.schema.json`: a `${name}` may stand for any scalar.
#[must_use]
pub fn published() -> Json {
    let mut schema = strict();
    let definitions = schema.get("$defs").cloned().unwrap_or_default();
    allow_references(&mut schema, &definitions);
    if let Some(named) = schema.get_mut("$defs").and_then(Json::as_object_mut) {
        // Nothing is replaced in `[inputs]`: what looks like a reference there would be taken for text.
        for (name, definition) in named.iter_mut() {
            if name != "Input" {
                allow_references(definition, &definitions);
            } else if let Some(default) =
                definition.pointer_mut("/properties/default").and_then(Json::as_object_mut)
            {
                default.insert("not".to_owned(), json!({ "$ref": "#/$defs/references" }));
            }
        }
        named.insert("reference".to_owned(), reference());
        named.insert("references".to_owned(), references());
    }
    refuse_in_keys(&mut schema);
    if let Some(inputs) = schema.pointer_mut("/properties/inputs").and_then(Json::as_object_mut) {
        inputs.insert("propertyNames".to_owned(), json!({ "pattern": r"^[A-Za-z_][A-Za-z0-9_-]*$" }));
    }
    schema
}

/// The published schema as text, as `schema` prints it and `schemas/plan.schema.json` holds it.
#[must_use]
pub fn text() -> String {
    format!("{:#}", published())
}

/// What limits a text, so that a reference in it has to be allowed.
const LIMITS: [&str; 5] = ["format", "pattern", "enum", "minLength", "maxLength"];

/// Names that the user chooses hold no references.
fn refuse_in_keys(schema: &mut Json) {
    if let Json::Object(object) = schema {
        object.values_mut().for_each(refuse_in_keys);
        if object.get("additionalProperties").is_some_and(Json::is_object) {
            object.insert("propertyNames".to_owned(), json!({ "not": { "$ref": "#/$defs/references" } }));
        }
    }
}

fn reference() -> Json {
    json!({
        "description": "The value of an input: `${name}`.",
        "type": "string",
        "pattern": r"^\$\{[A-Za-z_][A-Za-z0-9_-]*\}$",
    })
}

fn references() -> Json {
    json!({
        "description": "Text with the values of inputs: `${name}`.",
        "type": "string",
        // Behind another `$` it is the text itself.
        "pattern": r"(^|[^$])\$\{[A-Za-z_][A-Za-z0-9_-]*\}",
    })
}

/// Takes out what only JSON has: TOML knows no null and no sizes of integers.
fn plain(schema: &mut Json) {
    match schema {
        Json::Array(items) => items.iter_mut().for_each(plain),
        Json::Object(object) => {
            if let Some(Json::Array(kinds)) = object.get_mut("type") {
                kinds.retain(|kind| kind != "null");
                if let [kind] = kinds.as_slice() {
                    let kind = kind.clone();
                    object.insert("type".to_owned(), kind);
                }
            }
            if object.get("format").and_then(Json::as_str).is_some_and(|format| format.starts_with("uint")) {
                object.remove("format");
            }
            object.retain(|_, value| !value.is_null());
            object.values_mut().for_each(plain);
            if let Some(Json::String(text)) = object.get_mut("description") {
                *text = text.replace('\n', " ");
            }
        }
        _ => {}
    }
}

/// Lets references stand for the scalars of a table, but for `format` and `action`.
fn allow_references(table: &mut Json, definitions: &Json) {
    for branch in table.get_mut("oneOf").and_then(Json::as_array_mut).into_iter().flatten() {
        allow_references(branch, definitions);
    }
    let properties = table.get_mut("properties").and_then(Json::as_object_mut);
    for (key, property) in properties.into_iter().flatten() {
        if key != "format" && key != "action" {
            in_value(property, definitions);
        }
    }
}

fn in_value(value: &mut Json, definitions: &Json) {
    if let Some(items) = value.get_mut("items") {
        return in_value(items, definitions);
    }
    let named = value.get("$ref").and_then(Json::as_str).and_then(|name| name.strip_prefix("#/$defs"));
    let target = named.and_then(|name| definitions.pointer(name)).unwrap_or(value);
    let part = match target.get("type").and_then(Json::as_str) {
        Some("object" | "array") => return,
        Some("integer" | "boolean") => "reference",
        Some("string") if !LIMITS.iter().any(|key| target.get(key).is_some()) => return,
        Some("string") => "references",
        // A choice whose words are documented one by one; a step is one between tables.
        _ if target.pointer("/oneOf/0/const").is_some() => "references",
        _ => return,
    };
    let Some(object) = value.as_object_mut() else { return };
    let (about, rule): (Map<_, _>, Map<_, _>) = std::mem::take(object)
        .into_iter()
        .partition(|(key, _)| ["description", "default", "examples"].contains(&key.as_str()));
    *object = about;
    object.insert("anyOf".to_owned(), json!([rule, { "$ref": format!("#/$defs/{part}") }]));
}
