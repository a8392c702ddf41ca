//! Plans in other readers: what editors check them with (taplo), and Python's own TOML.
#![expect(clippy::unwrap_used, reason = "a test may stop where a program cannot be started")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// Every plan that users copy.
fn plans() -> Vec<PathBuf> {
    let mut plans: Vec<_> =
        fs::read_dir(top().join("plans")).unwrap().map(|entry| entry.unwrap().path()).collect();
    plans.sort();
    assert!(plans.len() >= 4 && plans.iter().all(|plan| plan.extension().is_some_and(|it| it == "toml")));
    plans
}

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A program of the environment that `tests/setup/setup.sh` makes.
fn python(program: &str, arguments: &[&str], files: &[PathBuf]) -> Output {
    let path = top().join("target/python/bin").join(program);
    assert!(path.exists(), "no {}: run tests/setup/setup.sh", path.display());
    Command::new(path).args(arguments).args(files).output().unwrap()
}

fn assert_accepted(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn taplo_accepts_every_plan_with_the_schema_that_its_first_line_names() {
    for plan in plans() {
        let text = fs::read_to_string(&plan).unwrap();
        assert_eq!(text.lines().next(), Some("#:schema ../schemas/plan.schema.json"), "{}", plan.display());
    }
    assert_accepted(&python("taplo", &["lint"], &plans()));
}

#[test]
fn taplo_finds_with_that_schema_what_no_plan_may_say() {
    let text = fs::read_to_string(top().join("plans/nginx.toml")).unwrap();
    let schema = format!("#:schema file://{}/schemas/", top().display());
    let text = text.replace("#:schema ../schemas/", &schema);
    for (said, instead, accepted) in [
        ("\"USR2\"", "\"USR2\"", true),
        ("\"USR2\"", "\"${version}\"", true),
        ("\"USR2\"", "\"USR3\"", false),
        ("action = \"commit\"", "action = \"${version}\"", false),
    ] {
        let plan = Path::new(env!("CARGO_TARGET_TMPDIR")).join("said-otherwise.toml");
        #[expect(clippy::disallowed_methods, reason = "a file of the test's own")]
        fs::write(&plan, text.replace(said, instead)).unwrap();
        let output = python("taplo", &["lint"], &[plan]);
        assert_eq!(output.status.success(), accepted, "{instead}: {output:?}");
    }
}

#[test]
fn every_plan_is_formatted_as_taplo_formats() {
    assert_accepted(&python("taplo", &["format", "--check"], &plans()));
}

#[test]
fn pythons_own_toml_reads_every_plan() {
    let program = "import sys, tomllib\nfor plan in sys.argv[1:]: tomllib.load(open(plan, 'rb'))['step'][0]";
    assert_accepted(&python("python3", &["-c", program], &plans()));
}
