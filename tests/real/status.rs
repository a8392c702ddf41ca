//! What `status` and `preview` say of real hosts: before, in the middle of and after a changeover.

use std::collections::BTreeSet;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::changeover::{Line, Running};
use crate::support::host::Host;
use crate::support::left::{self, guardians, kill_guardian, text_of};
use crate::support::meeting::plan;
use crate::support::points::{self, Call, Point};
use crate::support::scene::Snapshot;
use crate::support::wait_until;

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
    let (pid, id) = of_run(&run);
    let [guardian] = guardians(&host)[..] else { panic!("{human}") };
    for said in [
        &format!("  run       {id} (nginx 1.26.3): step 7, soak"),
        &format!("process {pid} is at work, its guardian {guardian} watches"),
        "`recover` would go back to old",
        &format!("  next      nothing: run {id} goes on"),
    ] {
        assert!(human.contains(said), "{said}: {human}");
    }
    assert!(!human.contains("kill "), "{human}");
    assert_eq!((&json["shapes"], &json["signals"]), (&json!([]), &json!([])), "it is the run's: {json}");
    let told = &json["run"];
    assert_eq!(
        (&told["run"], &told["phase"], &told["step"]),
        (&id.into(), &"forward".into(), &7.into()),
        "{json}"
    );
    assert_eq!(told["process"], json!({ "pid": pid, "stopped": false }), "{json}");
    assert_eq!(told["guardian"], json!({ "pid": guardian, "stopped": false }), "{json}");
    run.signal(Signal::SIGSTOP);
    wait_until("the run is stopped", || run.is_stopped());
    let (human, json) = status(&host);
    assert!(human.contains(&format!("process {pid} is stopped, its guardian {guardian} watches")), "{human}");
    assert_eq!(json["run"]["process"]["stopped"], true, "{json}");
    assert!(
        json["next"][0].as_str().is_some_and(|next| next.starts_with(&format!("kill -CONT {pid}: "))),
        "{json}"
    );
    run.signal(Signal::SIGCONT);
    run.signal(Signal::SIGINT);
    assert_eq!(run.wait().exit(), 21);
    let (_, json) = status(&host);
    assert_eq!((beside(&json), &json["run"]), (Vec::<&str>::new(), &Value::Null), "{json}");
}

/// The pid and the id of a run.
fn of_run(run: &Running) -> (i32, String) {
    let id = run.lines()[0].event["run"].as_str().expect("its id").to_owned();
    (id.rsplit('-').next().and_then(|pid| pid.parse().ok()).expect("its pid"), id)
}

/// What no look may change: everything that runs have written, and the locks.
fn written(host: &Host) -> (BTreeSet<String>, Vec<String>, bool) {
    let files = ["journal.jsonl", "events.jsonl"].map(|file| text_of(host, file));
    let open = host.names_in("/var/lib/changeover/run_nginx.pid").contains("open");
    (host.names_in("/run/lock"), files.into(), open)
}

#[test]
fn a_run_that_its_process_has_left_is_named_with_what_recover_would_do() {
    let host = Host::new().running("1.22.1");
    let offer = host.offer("1.26.3");
    let mut run = host.start_changeover(&["run", "plans/soak-and-watch.toml", "--set", "soak=1m"], &offer);
    run.wait_for("the soak begins", soak);
    let (_, id) = of_run(&run);
    let [guardian] = guardians(&host)[..] else { panic!("no guardian") };
    host.kill(guardian, Signal::SIGSTOP);
    run.signal(Signal::SIGKILL);
    let _ = run.wait();
    let (human, json) = status(&host);
    assert!(human.contains(&format!("its process is gone, its guardian {guardian} is stopped")), "{human}");
    assert!(human.contains(&format!("  next      kill -CONT {guardian}: ")), "{human}");
    assert_eq!(json["run"]["guardian"], json!({ "pid": guardian, "stopped": true }), "{json}");
    kill_guardian(&host);
    let before = written(&host);
    let (human, json) = status(&host);
    for said in [
        &format!("  run       {id} (nginx 1.26.3): step 7, soak"),
        "its process is gone, and nobody goes on with it",
        "  next      changeover recover   # would go back to old",
        "or by hand:",
    ] {
        assert!(human.contains(said), "{said}: {human}");
    }
    assert_eq!((&json["run"]["process"], &json["run"]["guardian"]), (&Value::Null, &Value::Null), "{json}");
    let elsewhere = host.changeover_bare(&["status", "--state-dir", "/srv/none", "--output", "json"]);
    assert_eq!(elsewhere.verdict()["run"], Value::Null, "{elsewhere}");
    assert_eq!(written(&host), before);

    let journal = left::directory(&host).expect("the run").join("journal.jsonl");
    let text = std::fs::read_to_string(&journal).expect("the journal");
    std::fs::write(&journal, text.replacen("forward-started", "way-back-started", 1)).expect("edit it");
    let (human, json) = status(&host);
    assert_eq!(json["run"]["damage"]["code"], "journal/damaged", "{json}");
    assert!(human.contains("  next      changeover explain journal/damaged"), "{human}");
    std::fs::write(&journal, text).expect("put it back");
    assert_eq!(left::recover(&host).exit(), 20);
    assert_eq!(status(&host).1["run"], Value::Null);
}

/// A run of the standard plan that is held at its point `last`, where a look is taken; all points that it came to.
fn held_at(last: Option<usize>, look: impl FnOnce(&Host, &Running)) -> Vec<Point> {
    let host = Host::new().running("1.22.1");
    let run = host.start_changeover(&["run", "plans/nginx.toml"], &host.offer("1.26.3"));
    let points = points::run_to(&run, last, || look(&host, &run));
    assert_eq!(run.wait().exit(), 0);
    assert_eq!(status(&host).1["run"], Value::Null);
    points
}

#[test]
fn a_run_that_has_its_locks_and_no_journal_yet_is_in_preflight() {
    let all = held_at(None, |_, _| {});
    let first = all.iter().position(|point| point.call == Call::Write).expect("a journal");
    for (point, phase) in [(0, Value::Null), (first, "preflight".into())] {
        held_at(Some(point), |host, run| {
            let told = status(host).1["run"].take();
            assert_eq!((&told["phase"], &told["would"]), (&phase, &Value::Null), "{told}");
            // Traced, it does not go on for the moment.
            assert_eq!(told["process"], json!({ "pid": of_run(run).0, "stopped": true }), "{told}");
        });
    }
}

#[test]
fn a_run_that_was_stopped_on_purpose_waits_for_a_person_and_is_named() {
    let host = Host::new().running("1.22.1");
    let offer = host.offer("1.26.3");
    let manual = ("[service]", "[rollback]\nautomatic = false\n\n[service]");
    let mut run = host.start_changeover(&["run", plan(&host, &[manual])], &offer);
    run.wait_for("the soak begins", soak);
    run.signal(Signal::SIGINT);
    assert_eq!(run.wait().exit(), 23);
    wait_until("the guardian leaves", || guardians(&host).is_empty());
    let (human, json) = status(&host);
    assert!(human.contains("stopped on purpose, step 7,"), "{human}");
    assert!(human.contains("  next      changeover recover   # would go back to old"), "{human}");
    assert_eq!(
        (&json["run"]["verdict"], &json["run"]["would"]),
        (&"stopped".into(), &"go back to old".into())
    );
    // Who holds the lock now is another run, which will be refused: that one does nothing for this one.
    let second = host.start_changeover(&["run", STANDARD], &offer);
    points::run_to(&second, Some(0), || {
        let now = status(&host).1["run"].take();
        assert_eq!((&now["run"], &now["process"]), (&json["run"]["run"], &Value::Null), "{now}");
    });
    assert_eq!(second.wait().exit(), 12);
    // Also where nobody is left who could be looked at.
    for master in host.masters() {
        host.kill(master, Signal::SIGTERM);
        assert!(host.wait_gone(master));
    }
    let run = host.changeover_bare(&["status"]);
    assert_eq!(run.exit(), 12, "{run}");
    assert!(run.stdout().contains("`recover` would go back to old"), "{run}");
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
