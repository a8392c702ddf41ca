//! `confirm`: a person's word before the commit, in time, late, wrong, and while the run is killed or suspended.

use nix::sys::signal::Signal;
use serde_json::json;

use crate::rollback::ROLLBACK;
use crate::support::changeover::{Line, Run, Running};
use crate::support::host::Host;
use crate::support::left::{self, guardians};
use crate::support::meeting::plan;
use crate::support::scene::{Scene, Snapshot};
use crate::support::wait_until;

const SOAK: &str = "action = \"soak\"";

/// A run of a plan that waits for a person, for so long and with these further keys, once it does.
fn waiting(host: &Host, timeout: &str, more: &str) -> Running {
    let step = format!("action = \"confirm\"\ntimeout = \"{timeout}\"\n{more}\n[[step]]\n{SOAK}");
    let plan = plan(host, &[(SOAK, &step)]);
    let offer = host.offer("1.26.3");
    let mut run = host.start_changeover(&["run", plan, "--set", "soak=1ms"], &offer);
    run.wait_for("the run waits for a person", waits);
    run
}

fn waits(line: &Line) -> bool {
    line.name() == "step-started" && line.event["action"] == "confirm"
}

fn confirm(host: &Host, arguments: &[&str]) -> Run {
    host.changeover_bare(&[&["confirm", "--output", "json"], arguments].concat())
}

fn said(run: &Run) -> (i32, String) {
    (run.exit(), run.verdict()["code"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn a_run_that_is_confirmed_goes_on_to_its_commit_and_loses_nothing() {
    let host = Host::new().running("1.22.1");
    assert_eq!(said(&confirm(&host, &[])), (12, "run/not-waiting".to_owned()));
    let scene = Scene::play_with(host, |host| {
        let run = waiting(host, "1m", "");
        let id = run.lines()[0].event["run"].as_str().expect("its id").to_owned();
        assert_eq!(confirm(host, &["--run", "another"]).exit(), 12);
        let heard = confirm(host, &["--run", &id]);
        assert_eq!(said(&heard), (0, String::new()), "{heard}");
        assert_eq!(said(&confirm(host, &[])), (12, "run/not-waiting".to_owned()), "once is enough");
        run.wait()
    });
    scene.committed("1.26.3");
}

#[test]
fn a_run_that_nobody_confirms_goes_back() {
    let host = Host::new().running("1.22.1");
    let scene = Scene::play_with(host, |host| waiting(host, "300ms", "").wait());
    scene.rolled_back(22);
    assert_eq!(scene.run.verdict()["diagnosis"]["code"], "run/not-confirmed", "{}", scene.run);
}

#[test]
fn a_wrong_token_is_told_and_the_right_one_confirms() {
    let host = Host::new().running("1.22.1");
    let mut run = waiting(&host, "1m", "token = \"4711\"\n");
    for wrong in [&[][..], &["--token", "4712"]] {
        let refused = confirm(&host, wrong);
        assert_eq!(said(&refused), (12, "run/wrong-token".to_owned()), "{refused}");
    }
    run.wait_for("it is told", |line| line.event["code"] == json!("run/wrong-token"));
    assert_eq!(confirm(&host, &["--token", "4711"]).exit(), 0);
    assert_eq!(run.wait().exit(), 0);
}

#[test]
fn a_rollback_of_a_run_that_a_person_has_confirmed_waits_for_one_too() {
    let host = Host::new().running("1.22.1");
    let run = waiting(&host, "1m", "token = \"4711\"\n");
    assert_eq!(confirm(&host, &["--token", "4711"]).exit(), 0);
    assert_eq!(run.wait().exit(), 0);
    let scene = Scene::play_with(host, |host| {
        let mut back = host.start_bare(&ROLLBACK);
        back.wait_for("the rollback waits for a person", waits);
        assert_eq!(said(&confirm(host, &[])), (12, "run/wrong-token".to_owned()));
        assert_eq!(confirm(host, &["--token", "4711"]).exit(), 0);
        back.wait()
    });
    scene.committed("1.22.1");
}

#[test]
fn a_run_that_is_killed_while_it_waits_is_brought_back_by_its_guardian() {
    let host = Host::new().running("1.22.1");
    let before = Snapshot::of(&host);
    let run = waiting(&host, "1m", "");
    run.signal(Signal::SIGKILL);
    let _ = run.wait();
    assert_eq!(left::verdict(&host), Some((20, "rolled-back".to_owned())));
    assert_eq!((Snapshot::of(&host), guardians(&host)), (before, vec![]));
}

#[test]
fn the_deadline_passes_while_the_run_is_stopped() {
    let host = Host::new().running("1.22.1");
    let run = waiting(&host, "500ms", "");
    run.signal(Signal::SIGSTOP);
    wait_until("the run is stopped", || run.is_stopped());
    let stopped = std::time::Instant::now();
    wait_until("the deadline is over", || stopped.elapsed().as_millis() > 500);
    // Nobody hears it any more.
    run.signal(Signal::SIGCONT);
    let run = run.wait();
    assert_eq!((run.exit(), run.said("verdict")), (22, "rolled-back"), "{run}");
}

#[test]
fn status_of_a_run_that_waits_says_until_when_and_with_which_command_it_is_confirmed() {
    let host = Host::new().running("1.22.1");
    let run = waiting(&host, "1h", "token = \"4711\"\n");
    let id = run.lines()[0].event["run"].as_str().expect("its id").to_owned();
    let told = host.changeover_bare(&["status", "--output", "json"]).verdict()["run"].clone();
    let said = told["confirm"]["command"].as_str().unwrap_or_default();
    assert_eq!(said, format!("changeover confirm --run {id} --token TOKEN"), "{told}");
    let until: jiff::Timestamp = told["confirm"]["until"].as_str().expect("a time").parse().expect("a time");
    let left = until.duration_since(jiff::Timestamp::now()).as_secs();
    assert!((3_540..=3_600).contains(&left), "{told}");
    let human = host.changeover_bare(&["status"]);
    for said in ["waits to be confirmed until 20", "  next      changeover confirm --run "] {
        assert!(human.stdout().contains(said), "{said}: {human}");
    }
    let said = said.replace("TOKEN", "4711");
    assert_eq!(confirm(&host, &said.split(' ').skip(2).collect::<Vec<_>>()).exit(), 0);
    assert_eq!(run.wait().exit(), 0);
}
