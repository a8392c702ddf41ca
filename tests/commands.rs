//! Commands that look at no host, as a person and a program meet them: `explain`.
#![expect(clippy::unwrap_used, reason = "a test may stop where the program cannot be started")]

use std::process::{Command, Output};

use serde_json::Value;

fn changeover(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_changeover")).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn explain_says_what_a_code_means_and_lists_them_all_without_one() {
    let one = changeover(&["explain", "preflight/daemon-off"]);
    assert_eq!(one.status.code(), Some(0));
    assert!(text(&one.stdout).contains("\n  why       With `daemon off`"), "{}", text(&one.stdout));
    let all = text(&changeover(&["explain"]).stdout);
    for line in ["preflight", "  preflight/daemon-off", "diagnose", "  diagnose/library-missing"] {
        assert!(all.lines().any(|found| found == line), "{line}");
    }
}

#[test]
fn an_unknown_code_is_a_mistake_of_usage_and_leads_to_the_one_that_was_meant() {
    let unknown = changeover(&["explain", "plan/unknwon-key"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert_eq!(
        text(&unknown.stderr),
        "there is no code `plan/unknwon-key`; did you mean `plan/unknown-key`?\n"
    );
    assert!(unknown.stdout.is_empty());
    let strange = changeover(&["explain", "\u{1b}[2J"]);
    assert_eq!(text(&strange.stderr), "there is no code `\\u{1b}[2J`; `changeover explain` lists them all\n");
}

#[test]
fn programs_read_explanations_as_json() {
    let json = |arguments: &[&str]| -> Value {
        serde_json::from_slice(&changeover(&[arguments, &["--output", "json"]].concat()).stdout).unwrap()
    };
    let one = json(&["explain", "probe/refused"]);
    assert_eq!(one["code"], "probe/refused");
    assert!(
        ["means", "why", "todo"].iter().all(|part| one[part].as_str().is_some_and(|text| !text.is_empty()))
    );
    let rooms = json(&["explain"]);
    assert_eq!(rooms.pointer("/rooms/0/name").and_then(Value::as_str), Some("plan"));
    assert!(rooms.pointer("/rooms/0/codes/0/todo").is_some());
    assert_eq!(json(&["explain", "daemon-off"])["meant"], "preflight/daemon-off");
}
