//! One schema, several readers: whatever one of them refuses, the others refuse too.

use std::sync::LazyLock;

use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::{
    super::{
        Inputs as Mode, Plan,
        document::{Document, Span},
        inputs::{self, Inputs},
        load,
        problem::Problem,
        schema,
        shape::compile,
        syntax,
        tree::{Entry, Node, Value},
    },
    edits::{Edit, edited, edits},
    scalar::bad_format,
    walk,
};

const COMPLETE: &str = include_str!("../../../tests/fixtures/plans/good/complete.toml");
const STANDARD: &str = include_str!("../../../plans/nginx.toml");

/// What edits put into resolved documents, and into those that may still hold references.
const WORDS: [&str; 12] =
    ["", "x", "1s", "0s", "31d", "new", "/a", "commit", "http://a", "http:a", "127.0.0.1:80", "[a"];
const REFERENCES: [&str; 8] = [
    "${version}",
    "${other}",
    "a${version}",
    "$${version}",
    "$$${version}",
    "${version}${a}",
    "new",
    "${format}",
];

fn node(json: &Json) -> Node {
    let value = match json {
        Json::Null => Value::Datetime("null".to_owned()),
        Json::Bool(value) => Value::Boolean(*value),
        Json::Number(number) => {
            number.as_i64().map_or_else(|| Value::Float(number.as_f64().unwrap()), Value::Integer)
        }
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

/// A schema as the `jsonschema` crate reads it, with our formats.
fn validator(schema: &Json) -> Validator {
    let formats = [
        "humantime-duration",
        "positive-humantime-duration",
        "sha256",
        "http-url",
        "regex",
        "absolute-path",
        "socket-address",
    ];
    let mut options =
        jsonschema::options().should_validate_formats(true).should_ignore_unknown_formats(false);
    for format in formats {
        options = options.with_format(format, move |text: &str| bad_format(format, text).is_none());
    }
    options.build(schema).unwrap()
}

/// The same with a pattern that is quick to compile: that is done several times for each document.
fn quick(text: &str) -> String {
    text.replace(r"\d+\.\d+\.\d+", "[0-9.]+")
}

/// A plan with every key said, as its types write it.
static RESOLVED: LazyLock<Json> = LazyLock::new(|| {
    serde_json::to_value(load("a", quick(COMPLETE).as_bytes(), &[], Mode::Given).unwrap().plan).unwrap()
});
static STRICT: LazyLock<Validator> = LazyLock::new(|| validator(&schema::strict()));

/// Plans as they stand in files.
static RAW: LazyLock<Vec<Json>> = LazyLock::new(|| {
    let read = |text| syntax::read(&Document::new("a", quick(text))).0.to_json();
    [COMPLETE, STANDARD].map(read).to_vec()
});
static PUBLISHED: LazyLock<Validator> = LazyLock::new(|| validator(&schema::published()));

fn same(found: &[Problem], schema: &Validator, document: &Json) -> Result<(), String> {
    if found.is_empty() == schema.is_valid(document) {
        return Ok(());
    }
    let by_schema: Vec<_> =
        schema.iter_errors(document).map(|it| format!("{it} at {}", it.instance_path())).collect();
    Err(format!("the walker finds {found:?}, jsonschema {by_schema:?}"))
}

/// The walker, serde and `jsonschema` on a document without references; `Err` says where they differ.
fn strict_agrees(document: &Json) -> Result<bool, String> {
    // What a plain type of Rust does not know: bounds, and forms that are text to serde.
    let walker_only = ["plan/out-of-range", "plan/bad-form", "plan/bad-path", "plan/bad-pattern"];
    let found = walk(&mut node(document), &Inputs::default());
    let by_schema =
        STRICT.validate(document).map_err(|error| format!("{error} at {}", error.instance_path()));
    if found.is_empty() != by_schema.is_ok() {
        return Err(format!("the walker finds {found:?}, jsonschema {by_schema:?}"));
    }
    // serde also reads an array as a struct, field by field.
    let allowed = |problem: &Problem| {
        walker_only.contains(&problem.code) || problem.message.ends_with("an array, not a table")
    };
    let by_serde = serde_json::from_value::<Plan>(document.clone()).map_err(|error| error.to_string());
    match &by_serde {
        Err(_) if found.is_empty() => Err(format!("the walker finds nothing, serde {by_serde:?}")),
        Ok(_) if !found.iter().all(allowed) => Err(format!("the walker finds {found:?}, serde nothing")),
        _ => Ok(found.is_empty()),
    }
}

/// The walker, before any input has a value, and `jsonschema` on a document as it stands in a file.
fn published_agrees(document: &Json) -> Result<bool, String> {
    let mut root = node(document);
    // Which inputs there are, and whether each is used, no schema can say; where a reference may stand it can.
    let (_, declared) = inputs::declared(&root);
    let replaced = inputs::resolve(&mut root, &mut Inputs::default(), &Document::new("a", ""));
    // What only begins like a reference is refused whatever the schema says of that text.
    if replaced.iter().any(|it| it.code == "plan/bad-reference") {
        return Ok(false);
    }
    let misplaced = ["plan/reference-not-allowed", "plan/bad-input-name"];
    let misplaced = declared.into_iter().chain(replaced).filter(|it| misplaced.contains(&it.code));
    let found: Vec<_> = misplaced.chain(walk(&mut root, &Inputs::default())).collect();
    same(&found, &PUBLISHED, document)?;
    Ok(found.is_empty())
}

/// Every document that differs from a good one in one place: a key gone or renamed, or a value of another kind.
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
fn the_walker_serde_and_jsonschema_refuse_the_same_plans() {
    let (mut read, mut refused) = (0, 0);
    for document in broken(&RESOLVED) {
        match strict_agrees(&document) {
            Ok(true) => read += 1,
            Ok(false) => refused += 1,
            Err(differ) => panic!("{differ}\n{document:#}"),
        }
    }
    assert!(read > 100 && refused > 500, "read {read}, refused {refused}");
}

/// How many documents each property is tried on. Found differences are shrunk to the fewest edits.
fn tries() -> ProptestConfig {
    ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() }
}

fn differs(differ: &str, edits: &[Edit], document: &Json) -> TestCaseError {
    TestCaseError::fail(format!("{differ}\nafter {edits:?}: {document}"))
}

proptest! {
    #![proptest_config(tries())]

    #[test]
    fn random_edits_of_a_resolved_plan_are_judged_alike(edits in edits()) {
        let document = edited(&RESOLVED, &edits, &WORDS);
        strict_agrees(&document).map_err(|differ| differs(&differ, &edits, &document))?;
    }

    #[test]
    fn random_edits_of_a_plan_with_references_are_judged_alike(which in 0_usize..2, edits in edits()) {
        let document = edited(&RAW[which], &edits, &REFERENCES);
        published_agrees(&document).map_err(|differ| differs(&differ, &edits, &document))?;
    }
}

#[test]
fn the_plans_themselves_are_good_for_every_reader() {
    assert_eq!(strict_agrees(&RESOLVED), Ok(true));
    for raw in &*RAW {
        assert_eq!(published_agrees(raw), Ok(true));
    }
}

#[test]
fn every_keyword_of_the_schema_is_understood() {
    let schema = schema::strict();
    assert_eq!(compile(&schema, &schema).err(), None);
    let mut changed = schema.clone();
    changed["$defs"]["Service"]["propertyNames"] = json!({ "maxLength": 3 });
    assert_eq!(compile(&changed, &changed).err(), Some("unknown keyword propertyNames".to_owned()));
}
