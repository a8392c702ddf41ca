//! What `status` and `preview` say of real hosts: before, in the middle of and after a changeover.

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::support::changeover::Line;
use crate::support::host::Host;
use crate::support::scene::Snapshot;

const STANDARD: &str = "plans/nginx.toml";

fn status(host: &Host) -> (String, Value) {
    let human = host.changeover_bare(&["status"]);
    let json = host.changeover_bare(&["status", "--output", "json"]);
    assert_eq!((human.exit(), json.exit()), (0, 0), "{human}\n{json}");
    (human.stdout(), json.verdict().clone())
}

/// What status says each file beside the path is, in the order of their names.
fn beside(json: &Value) -> Vec<&str> {
    json["beside"].as_array().into_iter().flatten().filter_map(|file| file["is"].as_str()).collect()
}

fn soak(line: &Line) -> bool {
    line.name() == "step-started" && line.event["action"] == "soak"
}

#[test]
fn after_a_commit_one_master_serves_and_the_kept_file_is_explained() {
    let host = Host::new().running("1.22.1");
    let (human, json) = status(&host);
    assert!(human.starts_with("nginx serves\n  master "), "{human}");
    assert_eq!((beside(&json).len(), &json["changeover"]), (0, &Value::Bool(false)), "{json}");
    let run = host.changeover(&["run", STANDARD], &host.offer("1.26.3"));
    assert_eq!(run.exit(), 0, "{run}");
    let (human, json) = status(&host);
    assert!(human.starts_with("nginx serves\n  master "), "{human}");
    assert!(!human.contains("next ") && human.contains("  beside "), "{human}");
    assert_eq!(beside(&json), ["unused"], "{json}");
}

#[test]
fn in_the_middle_of_a_run_both_generations_and_the_files_are_told() {
    let host = Host::new().running("1.22.1");
    let offer = host.offer("1.26.3");
    let old = host.master();
    let mut run = host.start_changeover(&["run", "plans/soak-and-watch.toml", "--set", "soak=1m"], &offer);
    run.wait_for("the soak begins", soak);
    let (human, json) = status(&host);
    assert_eq!((&json["serving"], &json["changeover"]), (&Value::from("new"), &Value::Bool(true)), "{json}");
    assert_eq!((&json["old"]["master"], &json["new"]["master"]), (&old.into(), &host.master().into()));
    assert_eq!((beside(&json), &json["path"]), (vec!["run by new", "stub"], &"found".into()), "{json}");
    assert!(human.contains("a changeover is under way"), "{human}");
    run.signal(Signal::SIGINT);
    assert_eq!(run.wait().exit(), 21);
    assert_eq!(beside(&status(&host).1), Vec::<&str>::new());
}

#[test]
fn a_preview_says_when_there_is_nothing_to_do_and_writes_nothing() {
    let host = Host::new().running("1.26.3");
    let offer = host.offer("1.26.3");
    let before = Snapshot::of(&host);
    let preview = host.changeover(&["preview", STANDARD], &offer);
    assert_eq!((preview.exit(), preview.verdict()["exit"].as_u64()), (0, Some(0)), "{preview}");
    assert!(preview.verdict()["nothing_to_do"].is_string(), "{preview}");
    assert_eq!(Snapshot::of(&host), before);
}

#[test]
fn without_an_nginx_status_says_so_by_12() {
    let host = Host::new();
    let run = host.changeover_bare(&["status", "--output", "json"]);
    assert_eq!((run.exit(), &run.verdict()["code"]), (12, &"observe/no-pid-file".into()), "{run}");
}
