//! The walker and serde read the same types: whatever one refuses, the other refuses too.

use serde_json::{Value as Json, json};

use super::{
    super::{
        Inputs as Mode, Plan,
        document::Span,
        inputs::Inputs,
        load,
        problem::Problem,
        shape::compile,
        tree::{Entry, Node, Value},
    },
    walk,
};

const COMPLETE: &str = include_str!("../../../tests/fixtures/plans/good/complete.toml");

fn node(json: &Json) -> Node {
    let value = match json {
        Json::Null => Value::Datetime("null".to_owned()),
        Json::Bool(value) => Value::Boolean(*value),
        Json::Number(number) => Value::Integer(number.as_i64().unwrap_or(0)),
        Json::String(text) => Value::String(text.clone()),
        Json::Array(items) => Value::Array(items.iter().map(node).collect()),
        Json::Object(table) => {
            let entry = |(key, value): (&String, &Json)| Entry {
                key: key.clone(),
                key_span: Span::default(),
                node: node(value),
            };
            Value::Table(table.iter().map(entry).collect())
        }
    };
    Node::new(Span::default(), value)
}

/// Every value that differs from a good one in one place: a key gone or renamed, or a value of another kind.
fn broken(good: &Json) -> Vec<Json> {
    let words = ["x", "1s", "new", "/a", "commit"].map(Json::from);
    let mut all: Vec<_> =
        [json!(-1), json!(7), json!(true), json!([]), json!({})].into_iter().chain(words).collect();
    match good {
        Json::Object(table) => {
            for (key, value) in table {
                let mut without = table.clone();
                without.remove(key);
                let mut renamed = without.clone();
                renamed.insert(format!("{key}x"), value.clone());
                all.extend([Json::Object(without), Json::Object(renamed)]);
                all.extend(broken(value).into_iter().map(|inner| {
                    let mut changed = table.clone();
                    changed.insert(key.clone(), inner);
                    Json::Object(changed)
                }));
            }
        }
        Json::Array(items) => {
            for place in 0..items.len() {
                all.extend(broken(&items[place]).into_iter().map(|inner| {
                    let mut changed = items.clone();
                    changed[place] = inner;
                    Json::Array(changed)
                }));
            }
        }
        _ => {}
    }
    all
}

#[test]
fn the_walker_and_serde_refuse_the_same_plans() {
    // What the schema says and serde does not read: ranges, and forms that are plain text to serde.
    let walker_only = ["plan/out-of-range", "plan/bad-form", "plan/bad-path", "plan/bad-pattern"];
    let good = serde_json::to_value(load("a", COMPLETE.as_bytes(), &[], Mode::Given).unwrap().plan).unwrap();
    let (mut read, mut refused) = (0, 0);
    for json in broken(&good) {
        let found = walk(&mut node(&json), &Inputs::default());
        if let Err(error) = serde_json::from_value::<Plan>(json) {
            assert!(!found.is_empty(), "serde alone refuses: {error}");
        } else {
            // serde also reads an array as a struct, field by field.
            let allowed = |problem: &Problem| {
                walker_only.contains(&problem.code) || problem.message.ends_with("an array, not a table")
            };
            let surplus = found.iter().find(|problem| !allowed(problem));
            assert!(surplus.is_none(), "the walker alone refuses: {surplus:?}");
        }
        if found.is_empty() { read += 1 } else { refused += 1 }
    }
    assert!(read > 100 && refused > 500, "read {read}, refused {refused}");
}

#[test]
fn every_keyword_of_the_schema_is_understood() {
    let schema = super::super::schema::strict();
    assert_eq!(compile(&schema, &schema).err(), None);
    let mut changed = schema.clone();
    changed["$defs"]["Service"]["propertyNames"] = json!({ "maxLength": 3 });
    assert_eq!(compile(&changed, &changed).err(), Some("unknown keyword propertyNames".to_owned()));
}
