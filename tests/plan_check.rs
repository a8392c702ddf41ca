//! `changeover check` and `changeover schema` as a person and a program meet them.
#![expect(clippy::unwrap_used, reason = "a test may stop where the program cannot be started")]

use std::process::{Command, Output};

use serde_json::Value;

const BAD: &str = "tests/fixtures/plans/bad/unknown-key.toml";
const GOOD: &str = "plans/nginx.toml";

fn changeover(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_changeover"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments).output().unwrap()
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

#[test]
fn a_good_plan_is_0_a_malformed_one_10_an_unreadable_one_2() {
    for (plans, expected) in [
        (vec![GOOD], 0),
        (vec![BAD], 10),
        (vec!["plans/none.toml"], 2),
        (vec!["plans"], 2),
        (vec!["tests/fixtures/plans/bad/not-utf8.toml"], 10),
    ] {
        assert_eq!(code(&changeover(&[&["check"], plans.as_slice()].concat())), Some(expected), "{plans:?}");
    }
}

#[test]
fn several_plans_end_with_the_highest_of_their_codes() {
    assert_eq!(code(&changeover(&["check", GOOD, BAD, "plans/none.toml"])), Some(10));
    assert_eq!(code(&changeover(&["check", "plans/none.toml", GOOD])), Some(2));
}

#[test]
fn people_read_the_problems_and_their_number_on_stderr() {
    let output = changeover(&["check", BAD]);
    let talk = String::from_utf8(output.stderr).unwrap();
    assert!(talk.contains("× unknown key `cuont`") && talk.contains("help: did you mean `count`?"), "{talk}");
    assert!(talk.trim_end().ends_with("unknown-key.toml: 4 problems"), "{talk}");
    assert!(output.stdout.is_empty());
}

#[test]
fn programs_read_one_object_with_bytes_and_lines_on_stdout() {
    let output = changeover(&["check", BAD, "--output", "json"]);
    assert!(output.stderr.is_empty());
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let problem = report.pointer("/problems/2").unwrap();
    assert_eq!(problem.get("code"), Some(&"plan/unknown-key".into()));
    let text = std::fs::read_to_string(BAD).unwrap();
    let at = |key: &str| {
        usize::try_from(problem.pointer(&format!("/spans/0/{key}")).unwrap().as_u64().unwrap()).unwrap()
    };
    assert_eq!(text.get(at("start")..at("end")), Some("cuont"));
    assert_eq!(
        text.lines().nth(at("line") - 1).and_then(|line| line.get(at("column") - 1..)),
        Some("cuont = 2")
    );
    assert_eq!(report.pointer("/findings"), Some(&Value::Array(Vec::new())));
}

#[test]
fn several_plans_stand_in_one_object_each_with_its_name() {
    let output = changeover(&["check", GOOD, BAD, "--output", "json"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report.pointer("/files/0/file"), Some(&GOOD.into()));
    assert_eq!(report.pointer("/files/0/unset/0"), Some(&"version".into()));
    assert_eq!(report.pointer("/files/1/problems/0/code"), Some(&"plan/missing-key".into()));
}

#[test]
fn a_value_that_is_given_is_checked_and_shown_where_it_was_given() {
    let output = changeover(&["check", GOOD, "--set", "version=1.26", "--set", "sha256=abc"]);
    assert_eq!(code(&output), Some(10));
    let talk = String::from_utf8(output.stderr).unwrap();
    assert!(talk.contains("plan/pattern-mismatch") && talk.contains("plan/bad-sha256"), "{talk}");
    assert!(talk.contains("--set version=1.26") && talk.contains("this does not match"), "{talk}");
}

#[test]
fn schema_prints_what_is_committed() {
    for (arguments, file) in [
        (&["schema"][..], "schemas/plan.schema.json"),
        (&["schema", "plan"], "schemas/plan.schema.json"),
        (&["schema", "event"], "schemas/event.schema.json"),
    ] {
        let output = changeover(arguments);
        assert_eq!(code(&output), Some(0));
        assert!(output.stdout == std::fs::read(file).unwrap(), "{file}: run again with CHANGEOVER_BLESS=1");
    }
}

#[test]
fn an_unsafe_plan_is_11_for_check_and_for_run_and_nothing_is_done() {
    let unsafe_plan = "tests/fixtures/plans/unsafe/quit-outside-commit.toml";
    assert_eq!(code(&changeover(&["check", unsafe_plan])), Some(11));
    let output = changeover(&["run", unsafe_plan, "--output", "json"]);
    assert_eq!(code(&output), Some(11));
    let verdict: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(verdict["findings"][0]["code"], "verify/quit-outside-commit");
    assert_eq!(verdict["findings"][0]["spans"][0]["line"], 16);
    assert_eq!((verdict["verdict"].as_str(), verdict["exit"].as_u64()), (Some("refused"), Some(11)));
}

#[test]
fn a_run_of_a_plan_that_cannot_be_used_ends_with_a_verdict_too() {
    for (plan, exit) in [(BAD, 10), ("plans/none.toml", 2)] {
        let output = changeover(&["run", plan, "--output", "json"]);
        assert_eq!(code(&output), Some(exit));
        let verdict: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(
            (verdict["verdict"].as_str(), verdict["changed"].as_bool()),
            (Some("refused"), Some(false))
        );
    }
}
