//! `changeover check` and `changeover schema` as a person and a program meet them.
#![expect(clippy::unwrap_used, reason = "a test may stop where the program cannot be started")]

use std::{
    io::Write as _,
    process::{Command, Output, Stdio},
};

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

const DIGEST: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// The same with something to read on standard input.
fn fed(arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_changeover"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments).stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn inputs_are_read_from_standard_input_as_toml_and_as_json_and_set_wins() {
    let toml = format!("version = \"1.26.3\"\nsource = \"/srv/nginx\"\nsha256 = \"{DIGEST}\"\n");
    let json = format!(r#" {{"version": "1.26.3", "source": "/srv/nginx", "sha256": "{DIGEST}"}}"#);
    for inputs in [toml, json] {
        let output = fed(&["check", GOOD, "--inputs", "-", "--output", "json"], &inputs);
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((code(&output), report["unset"].as_array().map(Vec::len)), (Some(0), Some(0)), "{report}");
        let output = fed(&["check", GOOD, "--inputs", "-", "--set", "sha256=abc"], &inputs);
        let talk = String::from_utf8(output.stderr).unwrap();
        assert!(talk.contains("--set sha256=abc") && talk.contains("plan/bad-sha256"), "{talk}");
    }
}

#[test]
fn a_mistake_in_a_file_of_inputs_is_10_and_underlined_there_and_a_missing_file_is_2() {
    let output = fed(&["check", GOOD, "--inputs", "-"], "version = 1.26\n");
    assert_eq!(code(&output), Some(10));
    let talk = String::from_utf8(output.stderr).unwrap();
    assert!(
        talk.contains("standard input:1:1") && talk.contains("this is a number with a fraction"),
        "{talk}"
    );
    for command in ["check", "preview", "run"] {
        let output = changeover(&[command, GOOD, "--inputs", "none.json", "--output", "json"]);
        assert_eq!(code(&output), Some(2), "{command}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("none.json cannot be read"), "{command}");
    }
}

#[test]
fn only_the_variables_that_the_plan_names_are_read() {
    let plan = concat!(env!("CARGO_TARGET_TMPDIR"), "/from-env.toml");
    let text = std::fs::read_to_string("plans/nginx.toml").unwrap();
    let text = text.replace("[inputs.version]", "[inputs.version]\nfrom-env = \"NGINX_VERSION\"");
    #[expect(clippy::disallowed_methods, reason = "a file of the test's own")]
    std::fs::write(plan, text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_changeover"));
    command.args(["check", plan, "--output", "json"]).env("sha256", "x").env("NGINX_VERSION", "1.26.3");
    let report: Value = serde_json::from_slice(&command.output().unwrap().stdout).unwrap();
    assert_eq!(report["unset"], serde_json::json!(["source", "sha256"]), "{report}");
    let report = command.env("NGINX_VERSION", "1.26").output().unwrap().stdout;
    assert!(String::from_utf8(report).unwrap().contains("NGINX_VERSION=1.26"));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test asks whether to write the file anew")]
fn schema_prints_what_is_committed() {
    for (arguments, file) in [
        (&["schema"][..], "schemas/plan.schema.json"),
        (&["schema", "plan"], "schemas/plan.schema.json"),
        (&["schema", "event"], "schemas/event.schema.json"),
    ] {
        let output = changeover(arguments);
        assert_eq!(code(&output), Some(0));
        if std::env::var_os("CHANGEOVER_BLESS").is_some() {
            std::fs::write(file, &output.stdout).unwrap();
        }
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
    assert_eq!(verdict["findings"][0]["spans"][0]["line"], 19);
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
