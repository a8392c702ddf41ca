//! Every mistake a plan can have is found, all at once, and underlined at the exact text.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may stop where its fixture is wrong")]

use std::{collections::BTreeSet, fs, path::PathBuf};

use changeover::plan::{self, Inputs, InputsFile, LARGEST, Problems, Style, Values};

/// A file of `tests/fixtures/plans/bad`: its `#!` lines say how it is loaded and what must be found.
struct Fixture {
    name: String,
    bytes: Vec<u8>,
    sets: Vec<(String, String)>,
    environment: Vec<(String, String)>,
    file: Option<InputsFile>,
    mode: Inputs,
    expected: Vec<String>,
}

fn fixture(path: &PathBuf) -> Fixture {
    let bytes = fs::read(path).unwrap();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let pair =
        |text: &str| text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())).unwrap();
    let (mut sets, mut environment, mut inputs) = (Vec::new(), Vec::new(), String::new());
    let (mut mode, mut expected) = (Inputs::Open, Vec::new());
    for line in text.lines().filter_map(|line| line.strip_prefix("#! ")) {
        match line.split_once(' ') {
            Some(("set", set)) => sets.push(pair(set)),
            Some(("env", variable)) => environment.push(pair(variable)),
            Some(("inputs", line)) => inputs = format!("{inputs}{line}\n"),
            Some(("mode", _)) => mode = Inputs::Given,
            _ => expected.push(line.trim_end().to_owned()),
        }
    }
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let kind = if inputs.starts_with('{') { "json" } else { "toml" };
    let file = InputsFile { name: format!("inputs.{kind}"), bytes: inputs.into_bytes() };
    let file = Some(file).filter(|file| !file.bytes.is_empty());
    Fixture { name, bytes, sets, environment, file, mode, expected }
}

fn fixtures() -> Vec<Fixture> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/plans/bad");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(fixture).collect()
}

fn problems(fixture: &Fixture) -> Problems {
    let variable = |name: &str| {
        let found = fixture.environment.iter().find(|(variable, _)| variable == name);
        found.map(|(_, value)| value.into())
    };
    let values =
        Values { recorded: &[], sets: &fixture.sets, file: fixture.file.as_ref(), environment: &variable };
    plan::load(&fixture.name, &fixture.bytes, values, fixture.mode)
        .expect_err(&format!("{} has problems", fixture.name))
}

/// `CODE | the text under the first label | the text under the second`
fn found(problems: &Problems) -> Vec<String> {
    let line = |problem: &plan::Problem| {
        let texts = problem.labels.iter().map(|label| problems.document.slice(label.span).to_owned());
        std::iter::once(problem.code.to_owned())
            .chain(texts)
            .collect::<Vec<_>>()
            .join(" | ")
            .trim_end()
            .to_owned()
    };
    problems.list.iter().map(line).collect()
}

#[test]
fn each_mistake_is_underlined_at_its_exact_text() {
    let bad = fixtures();
    let found: Vec<_> = bad.iter().map(|fixture| (&fixture.name, found(&problems(fixture)))).collect();
    let expected: Vec<_> = bad.iter().map(|fixture| (&fixture.name, fixture.expected.clone())).collect();
    let differ: Vec<_> = found.iter().zip(&expected).filter(|(found, expected)| found != expected).collect();
    assert!(differ.is_empty(), "found and expected: {differ:#?}");
}

#[test]
fn each_mistake_reads_well() {
    for fixture in fixtures() {
        let text = problems(&fixture).render(Style { width: 80, colour: false });
        let name = fixture.name.trim_end_matches(".toml");
        insta::with_settings!({ snapshot_path => "fixtures/plans/rendered", prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(name, text);
        });
    }
}

#[test]
fn no_problem_shows_the_value_of_a_secret() {
    let secret: Vec<_> = fixtures().into_iter().filter(|it| it.name.starts_with("secret-")).collect();
    assert!(secret.len() >= 4);
    for fixture in secret {
        let problems = problems(&fixture);
        let text = problems.render(Style { width: 80, colour: false });
        let report = serde_json::to_string(&problems.report()).unwrap();
        assert!(!text.contains("hunter2") && !report.contains("hunter2"), "{text}\n{report}");
    }
}

#[test]
fn a_file_of_inputs_is_read_whatever_it_holds_and_refused_in_words() {
    let plan = "format = 1\nname = \"a\"\n[service]\nkind = \"nginx\"\npid-file = \"/run/nginx.pid\"\n\
                [[step]]\naction = \"commit\"\n";
    let refused = |bytes: Vec<u8>| {
        let file = InputsFile { name: "it".to_owned(), bytes };
        let values = Values { file: Some(&file), ..Values::default() };
        found(&plan::load("a.toml", plan.as_bytes(), values, Inputs::Given).unwrap_err())
    };
    for bytes in [
        vec![b'#'; LARGEST + 1],
        b"\xff".to_vec(),
        b"{\"a\": 1".to_vec(),
        b"{\"a\": 1} {".to_vec(),
        b"[[".to_vec(),
    ] {
        assert_eq!(refused(bytes), ["plan/bad-inputs-file"]);
    }
    let deep = format!("{{\"a\": {}", "[".repeat(100_000));
    assert_eq!(refused(deep.into_bytes()), ["plan/bad-inputs-file"]);
    let many: Vec<String> = (0..20_000).map(|number| format!("x{number} = 1\n")).collect();
    assert_eq!(refused(many.concat().into_bytes()).len(), 100);
}

#[test]
fn all_mistakes_of_a_file_come_at_once_and_in_source_order() {
    let everything = fixtures().into_iter().find(|fixture| fixture.name == "everything.toml").unwrap();
    let problems = problems(&everything);
    let starts: Vec<_> = problems.list.iter().map(|problem| problem.labels.first().map(|l| l.span)).collect();
    assert!(starts.is_sorted());
}

#[test]
fn a_plan_over_one_mebibyte_is_refused_without_reading_it() {
    let problems = plan::load("big.toml", &vec![b'#'; LARGEST + 1], &[], Inputs::Open).unwrap_err();
    assert_eq!(found(&problems), ["plan/too-large"]);
    let all_comment = plan::load("big.toml", &vec![b'#'; LARGEST], &[], Inputs::Open).unwrap_err();
    assert!(found(&all_comment).iter().all(|line| line.starts_with("plan/missing-key")));
}

#[test]
fn a_file_of_nothing_but_mistakes_is_answered_in_bounded_length() {
    let twice = "x = 1\n".repeat(100_000);
    let problems = plan::load("twice.toml", twice.as_bytes(), &[], Inputs::Open).unwrap_err();
    assert_eq!(problems.list.len(), 100);
    let many: Vec<String> = (0..10_000).map(|number| format!("x{number} = \"${{x}}\"\n")).collect();
    let many = many.concat();
    let problems = plan::load("many.toml", many.as_bytes(), &[], Inputs::Open).unwrap_err();
    assert_eq!(problems.list.len(), 100);
    assert!(problems.left_out > 9_000);
    let long = format!("{} = 1\n", "x".repeat(1_000_000));
    let problems = plan::load("long.toml", long.as_bytes(), &[], Inputs::Open).unwrap_err();
    assert!(problems.render(Style { width: 80, colour: false }).len() < 10_000);
    let deep = format!("a = {}", "[".repeat(100_000));
    let problems = plan::load("deep.toml", deep.as_bytes(), &[], Inputs::Open).unwrap_err();
    assert!(found(&problems).iter().any(|line| line.starts_with("plan/syntax")));
}

#[test]
fn what_a_terminal_would_act_on_is_never_sent_to_it() {
    let evil = "name = \"\u{1b}[2J\u{9b}31m\u{202e}\"\nkeys\u{1b}]0;x = 1\n\"\\u001b\" = 2\n";
    let problems = plan::load(
        "evil\u{1b}.toml",
        evil.as_bytes(),
        &[("\u{1b}".to_owned(), "\u{1b}".to_owned())],
        Inputs::Open,
    )
    .unwrap_err();
    let shown = |problems: &Problems, part: &str| {
        let text = problems.render(Style { width: 80, colour: false });
        assert!(!text.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{text:?}");
        assert!(text.contains(part), "{text:?}");
    };
    shown(&problems, "plan/unknown-key");
    // Names that a message repeats: of an input, and of a probe that is suggested.
    let names = "format = 1\nname = \"x\"\n[inputs.\"\\u001b[2J\"]\ntype = \"string\"\n[service]\nkind = \"nginx\"\n\
                 pid-file = \"/run/nginx.pid\"\n[probe.\"heal\\u001bth\"]\nurl = \"http://127.0.0.1/\"\n[[watch]]\n\
                 probe = \"health\"\n[[step]]\naction = \"commit\"\n";
    let problems = plan::load("names.toml", names.as_bytes(), &[], Inputs::Open).unwrap_err();
    shown(&problems, "the input `?[2J` is never used");
    shown(&problems, "did you mean `heal?th`");
}

#[test]
fn the_report_for_machines_has_bytes_lines_and_columns() {
    let text = "format = 1\nname = \"é\"\nnaem = 2\n";
    let problems = plan::load("a.toml", text.as_bytes(), &[], Inputs::Open).unwrap_err();
    let report = problems.report().into_iter().find(|report| report.code == "plan/unknown-key").unwrap();
    let span = report.spans.first().unwrap();
    assert_eq!((span.start, span.end), (23, 27));
    assert_eq!((span.line, span.column, span.end_line, span.end_column), (3, 1, 3, 5));
    assert_eq!(report.help.as_deref(), Some("did you mean `name`?"));
}

#[test]
fn every_code_has_a_fixture_that_shows_it_and_the_other_way_round() {
    let mut in_source = BTreeSet::new();
    let mut folders = vec![PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/plan")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
                continue;
            }
            let text = fs::read_to_string(entry).unwrap();
            let codes = text.split("\"plan/").skip(1).filter_map(|rest| rest.split_once('"'));
            in_source.extend(codes.map(|(code, _)| code.to_owned()));
        }
    }
    // The first is made in a test of its own; the second is a fault of ours, not of a plan.
    let elsewhere = ["too-large", "unreadable"];
    let shown: BTreeSet<_> = fixtures()
        .iter()
        .filter(|fixture| {
            found(&problems(fixture)).iter().any(|line| {
                line.split(" | ").next() == Some(&format!("plan/{}", fixture.name.trim_end_matches(".toml")))
            })
        })
        .map(|fixture| fixture.name.trim_end_matches(".toml").to_owned())
        .chain(elsewhere.map(str::to_owned))
        .collect();
    assert_eq!(in_source, shown);
}
