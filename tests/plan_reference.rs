//! `docs/plan.md` says every key of the language: its tables are written from the types and kept current here.
#![expect(clippy::unwrap_used, reason = "a test may stop where the reference is wrong")]

use std::{fmt::Write as _, fs, path::PathBuf};

use changeover::plan::{Action, schema};
use serde_json::Value;

/// Everything behind this line of the reference is written by this test.
const MARK: &str =
    "<!-- From here on written from the types: CHANGEOVER_BLESS=1 cargo test --test plan_reference -->\n";

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn text(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn resolve<'a>(value: &'a Value, root: &'a Value) -> &'a Value {
    let target = value.get("$ref").and_then(Value::as_str).and_then(|name| name.strip_prefix('#'));
    target.and_then(|name| root.pointer(name)).unwrap_or(value)
}

/// What may stand under a key, in words.
fn kind(value: &Value, root: &Value) -> String {
    let target = resolve(value, root);
    let words = |list: &Value| {
        let word =
            |value: &Value| format!("`{}`", value.get("const").unwrap_or(value).as_str().unwrap_or_default());
        list.as_array().unwrap().iter().map(word).collect::<Vec<_>>().join(" ")
    };
    if let Some(choice) = target.get("enum").or_else(|| target.get("oneOf")) {
        return words(choice);
    }
    let range = |least: &str, most: &str| match (target.get(least), target.get(most)) {
        (Some(least), Some(most)) if least == most => format!(", {least}"),
        (Some(least), Some(most)) => format!(", {least} to {most}"),
        _ => String::new(),
    };
    match (target.get("type").and_then(Value::as_str), target.get("format").and_then(Value::as_str)) {
        (_, Some("humantime-duration")) => "length of time".to_owned(),
        (_, Some("positive-humantime-duration")) => "length of time above zero".to_owned(),
        (_, Some(format)) => format.replace('-', " "),
        (Some("integer"), _) => format!("integer{}", range("minimum", "maximum")),
        (Some("array"), _) => format!("list of {}", kind(target.get("items").unwrap(), root)),
        (Some("object"), _) => "table of strings".to_owned(),
        (Some(plain), _) => plain.to_owned(),
        _ => "string, integer or boolean".to_owned(),
    }
}

/// The keys of a table as a table of Markdown; tables in it stand under their own headings.
fn keys(out: &mut String, table: &Value, root: &Value) {
    let required = table.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    let properties = table.get("properties").and_then(Value::as_object).unwrap();
    let scalars = properties.iter().filter(|(key, value)| {
        *key != "action"
            && resolve(value, root).get("properties").is_none()
            && kind(value, root) != "list of object"
    });
    let mut rows = String::new();
    for (key, value) in scalars {
        let default = match value.get("default") {
            Some(default) => format!("`{default}`"),
            None if required.contains(&Value::from(key.as_str())) => "required".to_owned(),
            None => "none".to_owned(),
        };
        writeln!(rows, "| `{key}` | {} | {default} | {} |", kind(value, root), text(value, "description"))
            .unwrap();
    }
    if !rows.is_empty() {
        write!(out, "| key | what | default | meaning |\n|---|---|---|---|\n{rows}\n").unwrap();
    }
}

fn section(out: &mut String, heading: &str, table: &Value, root: &Value) {
    write!(out, "{heading}\n\n{}\n\n", text(table, "description")).unwrap();
    keys(out, table, root);
}

fn written() -> String {
    let root = schema::strict();
    let definition = |name: &str| root.pointer(&format!("/$defs/{name}")).unwrap();
    let mut out = String::new();
    out.push_str("## Keys at the top\n\n");
    let mut top = root.clone();
    let own = top.get_mut("properties").and_then(Value::as_object_mut).unwrap();
    own.retain(|key, _| key == "format" || key == "name");
    keys(&mut out, &top, &root);
    let tables = [
        ("[inputs.NAME]", "Input"),
        ("[service]", "Service"),
        ("[defaults]", "Defaults"),
        ("[rollback]", "Rollback"),
        ("[probe.NAME]", "Probe"),
        ("[probe.NAME.expect]", "Expect"),
        ("[probe.NAME.tls]", "Tls"),
        ("[[watch]]", "Watch"),
        ("[[verify.accept]]", "Accept"),
    ];
    for (header, name) in tables {
        section(&mut out, &format!("## `{header}`"), definition(name), &root);
    }
    out.push_str("## `[[step]]`\n\n`action` says which kind it is.\n\n");
    for branch in definition("Step").get("oneOf").and_then(Value::as_array).unwrap() {
        let action = branch.pointer("/properties/action/const").and_then(Value::as_str).unwrap();
        section(&mut out, &format!("### `{action}`"), branch, &root);
    }
    for name in ["Until", "IfSame", "OnDrainTimeout", "OnFailure", "Answerer", "Signal", "InputType"] {
        let heading = definition(name);
        writeln!(out, "### Words: {}\n", text(heading, "description").trim_end_matches('.')).unwrap();
        for word in heading.get("oneOf").and_then(Value::as_array).unwrap() {
            writeln!(out, "* `{}`: {}", text(word, "const"), text(word, "description")).unwrap();
        }
        out.push('\n');
    }
    out.trim_end().to_owned() + "\n"
}

#[test]
fn the_reference_is_current_and_has_every_key() {
    let reference = fs::read_to_string(path("docs/plan.md")).unwrap();
    let by_hand = reference.split(MARK).next().unwrap().trim_end();
    let now = format!("{by_hand}\n\n{MARK}\n{}", written());
    #[expect(clippy::disallowed_methods, reason = "a test asks whether to write the file anew")]
    if std::env::var_os("CHANGEOVER_BLESS").is_some() {
        fs::write(path("docs/plan.md"), &now).unwrap();
        return;
    }
    assert!(reference == now, "run again with CHANGEOVER_BLESS=1");
}

#[test]
fn every_action_has_a_file_and_a_heading_in_the_reference_and_the_other_way_round() {
    let reference = fs::read_to_string(path("docs/plan.md")).unwrap();
    let mut files: Vec<_> = fs::read_dir(path("src/plan/steps"))
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().replace('_', "-"))
        .filter(|name| name != "mod")
        .collect();
    let mut kinds = Action::KINDS.to_vec();
    files.sort();
    kinds.sort_unstable();
    assert_eq!(files, kinds);
    for kind in kinds {
        assert!(reference.contains(&format!("\n### `{kind}`\n")), "{kind}");
    }
}
