//! The schema as the walker reads it: only what schemars emits for a plan, and nothing passed over.

use std::sync::LazyLock;

use serde_json::{Map, Value as Json};

/// What may stand somewhere in a plan.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    Table(Table),
    /// A table whose other keys depend on what this one says.
    Tagged {
        tag: String,
        branches: Vec<(String, Table)>,
    },
    List {
        items: Box<Shape>,
        least: u64,
        most: u64,
    },
    Choice(Vec<String>),
    Text(Text),
    Integer {
        least: i64,
        most: i64,
    },
    Boolean,
    /// A string, an integer or a boolean.
    Scalar,
}

/// The keys that a table may have.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    pub(super) properties: Vec<Property>,
    /// What stands under names that the user chooses.
    pub(super) others: Option<Box<Shape>>,
    /// How many keys there may be.
    pub(super) most: Option<u64>,
}

/// One key of a table.
#[derive(Clone, Debug)]
pub(super) struct Property {
    pub(super) key: String,
    pub(super) shape: Shape,
    pub(super) required: bool,
    /// A value to show, as TOML.
    pub(super) example: String,
}

/// A string.
#[derive(Clone, Debug, Default)]
pub(super) struct Text {
    pub(super) format: Option<String>,
    /// As in a schema: somewhere in the text, unless the pattern itself says where.
    pub(super) pattern: Option<regex::Regex>,
    pub(super) least: u64,
    pub(super) most: Option<u64>,
}

/// The shape of a plan. A schema that cannot be read fails a test; then serde alone judges plans.
pub(super) static PLAN: LazyLock<Shape> = LazyLock::new(|| {
    let schema = super::schema::strict();
    compile(&schema, &schema).unwrap_or(Shape::Scalar)
});

/// Keywords that describe and do not constrain.
const ANNOTATIONS: [&str; 6] = ["$schema", "$defs", "title", "description", "default", "examples"];

/// Reads a schema; a keyword that is not understood is an error, so that no rule is passed over.
pub(super) fn compile(schema: &Json, root: &Json) -> Result<Shape, String> {
    let Json::Object(object) = schema else { return Err(format!("not an object: {schema}")) };
    if let Some(reference) = object.get("$ref").and_then(Json::as_str) {
        known(object, &["$ref"])?;
        let target = reference.strip_prefix('#').and_then(|pointer| root.pointer(pointer));
        return compile(target.ok_or_else(|| format!("no {reference}"))?, root);
    }
    if let Some(branches) = object.get("oneOf").and_then(Json::as_array) {
        known(object, &["oneOf"])?;
        return one_of(branches, root);
    }
    match object.get("type") {
        Some(Json::Array(_)) => known(object, &["type"]).map(|()| Shape::Scalar),
        Some(Json::String(kind)) => typed(kind, object, root),
        _ => Err(format!("no type: {schema}")),
    }
}

fn known(object: &Map<String, Json>, keywords: &[&str]) -> Result<(), String> {
    match object.keys().find(|key| !keywords.contains(&key.as_str()) && !ANNOTATIONS.contains(&key.as_str()))
    {
        Some(unknown) => Err(format!("unknown keyword {unknown}")),
        None => Ok(()),
    }
}

fn typed(kind: &str, object: &Map<String, Json>, root: &Json) -> Result<Shape, String> {
    let number = |key: &str| object.get(key).and_then(Json::as_i64);
    let count = |key: &str| object.get(key).and_then(Json::as_u64);
    let text = |key: &str| object.get(key).and_then(Json::as_str).map(str::to_owned);
    match kind {
        "boolean" => known(object, &["type"]).map(|()| Shape::Boolean),
        "integer" => {
            known(object, &["type", "minimum", "maximum"])?;
            Ok(Shape::Integer {
                least: number("minimum").unwrap_or(i64::MIN),
                most: number("maximum").unwrap_or(i64::MAX),
            })
        }
        "array" => {
            known(object, &["type", "items", "minItems", "maxItems"])?;
            let items = Box::new(compile(object.get("items").ok_or("an array without items")?, root)?);
            Ok(Shape::List {
                items,
                least: count("minItems").unwrap_or(0),
                most: count("maxItems").unwrap_or(u64::MAX),
            })
        }
        "string" if object.contains_key("enum") || object.contains_key("const") => {
            known(object, &["type", "enum", "const"])?;
            let several = object.get("enum").and_then(Json::as_array).into_iter().flatten();
            let words = several.chain(object.get("const")).filter_map(Json::as_str);
            Ok(Shape::Choice(words.map(str::to_owned).collect()))
        }
        "string" => {
            known(object, &["type", "format", "pattern", "minLength", "maxLength"])?;
            let pattern = text("pattern").map(|pattern| regex::Regex::new(&pattern)).transpose();
            Ok(Shape::Text(Text {
                format: text("format"),
                pattern: pattern.map_err(|error| error.to_string())?,
                least: count("minLength").unwrap_or(0),
                most: count("maxLength"),
            }))
        }
        "object" => table(object, root).map(Shape::Table),
        other => Err(format!("unknown type {other}")),
    }
}

fn table(object: &Map<String, Json>, root: &Json) -> Result<Table, String> {
    known(object, &["type", "properties", "required", "additionalProperties", "maxProperties"])?;
    let required: Vec<_> = object
        .get("required")
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
        .filter_map(Json::as_str)
        .collect();
    let mut properties = Vec::new();
    for (key, schema) in object.get("properties").and_then(Json::as_object).into_iter().flatten() {
        let shape = compile(schema, root)?;
        let example = example(schema, &shape);
        properties.push(Property {
            key: key.clone(),
            shape,
            required: required.contains(&key.as_str()),
            example,
        });
    }
    let others = match object.get("additionalProperties") {
        Some(Json::Bool(false)) => None,
        Some(schema) => Some(Box::new(compile(schema, root)?)),
        None => return Err("a table that takes every key".to_owned()),
    };
    Ok(Table { properties, others, most: object.get("maxProperties").and_then(Json::as_u64) })
}

fn one_of(branches: &[Json], root: &Json) -> Result<Shape, String> {
    let mut words = Vec::new();
    let mut tables = Vec::new();
    for branch in branches {
        match compile(branch, root)? {
            Shape::Choice(choice) => words.extend(choice),
            Shape::Table(table) => tables.push(table),
            other => return Err(format!("a choice between {other:?} and others")),
        }
    }
    if tables.is_empty() {
        return Ok(Shape::Choice(words));
    }
    let tag = "action".to_owned();
    let branches = tables.into_iter().map(|table| match table.properties.iter().find(|p| p.key == tag) {
        Some(Property { shape: Shape::Choice(words), .. }) if words.len() == 1 => Ok((words.concat(), table)),
        _ => Err("a branch without an action".to_owned()),
    });
    Ok(Shape::Tagged { branches: branches.collect::<Result<_, _>>()?, tag })
}

/// Something that may stand there: the schema's own example, or what the shape suggests.
fn example(schema: &Json, shape: &Shape) -> String {
    let given = schema.pointer("/examples/0").or_else(|| schema.get("default"));
    match (given, shape) {
        (_, Shape::Choice(words)) => format!("\"{}\"", words.first().map_or("", String::as_str)),
        (Some(value @ (Json::String(_) | Json::Number(_) | Json::Bool(_) | Json::Array(_))), _) => {
            value.to_string()
        }
        (_, Shape::Integer { least, .. }) => (*least).max(1).to_string(),
        (_, Shape::Boolean) => "true".to_owned(),
        (_, Shape::List { .. }) => "[…]".to_owned(),
        (_, Shape::Table(_) | Shape::Tagged { .. }) => "{ … }".to_owned(),
        (_, Shape::Text(_) | Shape::Scalar) => "\"…\"".to_owned(),
    }
}
