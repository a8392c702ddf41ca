//! What programs are told: the last line of `run` and of `preview`, and what Salt reads.

use std::os::unix::fs::symlink;

use serde_json::Value;

use crate::support::builds::project;
use crate::support::changeover::{Run, Running};
use crate::support::host::{Host, Offer, runner};
use crate::support::scene::Snapshot;

const STANDARD: &str = "plans/nginx.toml";

/// What a program goes by: the exit code, whether it changed anything, and the verdict (null where none is known).
fn told(run: &Run) -> (i32, bool, Value) {
    let last = run.verdict();
    let changed = last["changed"].as_bool().unwrap_or_else(|| panic!("changed or not: {run}"));
    assert_eq!(last["exit"], run.exit(), "{run}");
    (run.exit(), changed, last["verdict"].clone())
}

/// The one line of standard output, as Salt reads it.
fn state(host: &Host, command: &str, plan: &str, offer: &Offer) -> (i32, Value) {
    let mut command = host.changeover_command(&[command, plan], offer);
    command.args(["--output", "salt"]);
    let run = Running::spawn(command, &host.sandbox).wait();
    assert_eq!((run.lines.len(), run.stderr.as_str()), (1, ""), "{run}");
    (run.exit(), run.verdict().clone())
}

fn comment(state: &Value) -> &str {
    state["comment"].as_str().unwrap_or_else(|| panic!("a comment: {state}"))
}

/// Lays a playbook or a state, and the files that it copies beside it, under a directory of the host.
pub(crate) fn lay(host: &Host, example: &str, directory: &str, offer: &Offer) {
    let read =
        |path: &str| std::fs::read(project().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    let name = example.rsplit('/').next().unwrap_or_default();
    host.write(&format!("{directory}/{name}"), read(example));
    host.write(&format!("{directory}/files/nginx.toml"), read(STANDARD));
    let file = |name: &str| host.path(&format!("{directory}/files/{name}"));
    symlink(runner(), file("changeover")).expect("link the program");
    let build = host.path(&offer.source.to_string_lossy());
    std::fs::rename(&build, file(&format!("nginx-{}", offer.version))).expect("lay the build");
    std::fs::remove_dir(build.parent().expect("a directory")).expect("nothing is laid yet");
}

#[test]
fn a_preview_says_whether_the_run_changes_anything() {
    let host = Host::new().running("1.22.1");
    let offer = host.offer("1.26.3");
    let before = Snapshot::of(&host);
    let drill = host.changeover(&["preview", "plans/drill.toml"], &offer);
    assert_eq!(told(&drill), (0, false, Value::Null));
    let preview = host.changeover(&["preview", STANDARD], &offer);
    assert_eq!(told(&preview), (0, true, Value::Null));
    assert_eq!(Snapshot::of(&host), before);
    let drill = host.changeover(&["run", "plans/drill.toml"], &offer);
    assert_eq!(told(&drill), (0, false, "rolled-back".into()));
    let run = host.changeover(&["run", STANDARD], &offer);
    assert_eq!(told(&run), (0, true, "committed".into()));
    for command in ["preview", "run"] {
        let again = host.changeover(&[command, STANDARD], &offer);
        assert_eq!(told(&again), (0, false, "unchanged".into()), "{again}");
        assert!(again.said("message").starts_with("nothing to do: master "), "{again}");
    }
}

#[test]
fn a_preview_refuses_as_the_run_does_in_the_same_words() {
    let host = Host::new().running("1.22.1");
    let offer = Offer { sha256: "0".repeat(64), ..host.offer("1.26.3") };
    let preview = host.changeover(&["preview", STANDARD], &offer);
    let run = host.changeover(&["run", STANDARD], &offer);
    for refused in [&preview, &run] {
        assert_eq!(told(refused), (12, false, "refused".into()));
        assert_eq!(refused.verdict()["diagnosis"]["code"], "preflight/sha256-differs");
        let message = refused.said("message");
        assert!(
            message.starts_with("refused: ") && message.contains("(preflight/sha256-differs)"),
            "{message}"
        );
    }
    host.write("/srv/plan.toml", "format = 1\nnmae = \"x\"\n");
    let malformed = host.changeover_bare(&["preview", "/srv/plan.toml", "--output", "json"]);
    assert_eq!(told(&malformed), (10, false, "refused".into()));
    assert!(malformed.said("message").starts_with("refused: /srv/plan.toml:"), "{malformed}");
}

#[test]
fn salt_reads_one_object_whose_comment_says_how_it_ended() {
    let host = Host::new().running("1.22.1");
    let offer = host.offer("faulty/answers-500");
    let (exit, bad) = state(&host, "run", STANDARD, &offer);
    assert_eq!((exit, &bad["changed"]), (20, &false.into()), "{bad}");
    assert!(comment(&bad).contains("status 500") && comment(&bad).contains("old: master"), "{bad}");
    let offer = host.offer("1.26.3");
    let versions = serde_json::json!({ "old": "1.22.1", "new": "1.26.3" });
    let (exit, preview) = state(&host, "preview", STANDARD, &offer);
    assert_eq!((exit, &preview["changed"], &preview["nginx"]), (0, &true.into(), &versions));
    assert!(comment(&preview).starts_with("would change over: "), "{preview}");
    let (exit, done) = state(&host, "run", STANDARD, &offer);
    assert_eq!((exit, &done["changed"], &done["nginx"]), (0, &true.into(), &versions));
    assert!(comment(&done).starts_with("committed; new: master "), "{done}");
    for command in ["preview", "run"] {
        let (exit, again) = state(&host, command, STANDARD, &offer);
        assert_eq!((exit, &again["changed"], &again["nginx"]), (0, &false.into(), &Value::Null));
        assert!(comment(&again).starts_with("nothing to do: "), "{again}");
    }
    let (exit, refused) = state(&host, "run", STANDARD, &Offer { sha256: "0".repeat(64), ..offer });
    assert_eq!((exit, &refused["changed"]), (12, &false.into()));
    assert!(comment(&refused).contains("(preflight/sha256-differs)"), "{refused}");
}
