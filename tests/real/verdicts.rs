//! The other ways a run can end, each with its exit code: draining (0), stopped (23), stuck (30, 31), and a commit
//! whose old master does not leave (33).

use nix::sys::signal::Signal;

use crate::support::changeover::Run;
use crate::support::host::Host;
use crate::support::meeting::{Moment, NO_WATCH, SOAK_FIRST, break_configuration, met, plan};
use crate::support::silent::Silent;

const STANDARD: &str = "plans/nginx.toml";
const SOAKING: [&str; 4] = ["run", "plans/soak-and-watch.toml", "--set", "soak=1m"];

/// A changed copy of the standard plan on the host.
fn changed(host: &Host, from: &str, to: &str) -> &'static str {
    let plan = std::fs::read_to_string(STANDARD).expect("the standard plan");
    assert!(plan.contains(from), "the standard plan has no {from}");
    host.write("/srv/changed.toml", plan.replace(from, to));
    "/srv/changed.toml"
}

fn ended(run: &Run) -> (i32, &str, &str) {
    (run.exit(), run.said("verdict"), run.said("serving"))
}

/// A commit on a host where an old worker has a request in hand that is not done.
fn committed_with_a_request_in_hand(to: &str) -> (Host, Run, Vec<i32>) {
    let host = Host::new().with(Silent::location).running("1.22.1");
    let offer = host.offer("1.26.3");
    let silent = Silent::listen(&host);
    let held = silent.hold(&host);
    let plan = changed(&host, "drain-timeout = \"30s\"", to);
    let run = host.changeover(&["run", plan], &offer);
    let masters = host.masters();
    drop(held);
    (host, run, masters)
}

#[test]
fn an_old_master_that_is_not_done_is_left_to_drain() {
    let (host, run, masters) = committed_with_a_request_in_hand("drain-timeout = \"300ms\"");
    assert_eq!(ended(&run), (0, "draining", "new"), "{run}");
    assert!(
        run.verdict()["next"][0].as_str().is_some_and(|next| next.ends_with(", once old is gone")),
        "{run}"
    );
    assert_eq!((masters.len(), host.answering().as_deref()), (2, Some("1.26.3")));
    assert_eq!(host.binary_on_disk(), "1.26.3");
    let left = masters.into_iter().find(|master| Some(*master) != host.master()).expect("the old master");
    assert!(host.wait_gone(left), "it leaves when its request is done");
}

#[test]
fn an_old_master_that_may_not_drain_for_long_is_terminated() {
    let to = "drain-timeout = \"300ms\"\non-drain-timeout = \"terminate\"";
    let (host, run, masters) = committed_with_a_request_in_hand(to);
    assert_eq!(ended(&run), (0, "committed", "new"), "{run}");
    assert_eq!((masters, host.strays()), (vec![host.master().expect("new")], vec![]));
}

#[test]
fn an_old_master_that_must_leave_and_does_not_is_told_by_33() {
    let to = "drain-timeout = \"300ms\"\non-drain-timeout = \"fail\"";
    let (host, run, masters) = committed_with_a_request_in_hand(to);
    assert_eq!(ended(&run), (33, "committed", "new"), "{run}");
    assert_eq!((masters.len(), host.binary_on_disk().as_str()), (2, "1.26.3"));
}

#[test]
fn a_new_generation_that_dies_while_old_finishes_its_connections_is_told_by_33() {
    let host = Host::new().with(Silent::location).running("1.22.1");
    let offer = host.offer("1.26.3");
    let silent = Silent::listen(&host);
    let held = silent.hold(&host);
    let mut run = host.start_changeover(&["run", STANDARD], &offer);
    run.wait_for("QUIT to old", |line| line.name() == "quit-sent");
    let new = host.master().expect("new");
    for pid in std::iter::once(new).chain(host.accepting(new)) {
        host.kill_if_there(pid, Signal::SIGKILL);
    }
    let run = run.wait();
    assert_eq!(ended(&run), (33, "committed", "none"), "{run}");
    assert!(!run.verdict()["next"].as_array().is_none_or(Vec::is_empty), "{run}");
    assert_eq!(host.binary_on_disk(), "1.26.3");
    drop(held);
}

#[test]
fn an_old_master_that_leaves_before_usr2_leaves_nothing_of_the_run_beside_the_path() {
    // The workers of a killed one serve on.
    for (signal, end) in [(Signal::SIGQUIT, (31, "stuck", "none")), (Signal::SIGKILL, (30, "stuck", "old"))] {
        let host = Host::new().running("1.22.1");
        let offer = host.offer("1.26.3");
        let plan = plan(&host, &[NO_WATCH, SOAK_FIRST]);
        let mut run = host.start_changeover(&["run", plan], &offer);
        run.wait_for("the first soak", |line| line.event["action"] == "soak");
        host.kill(host.master().expect("old"), signal);
        let run = run.wait();
        assert_eq!(ended(&run), end, "{run}");
        assert_eq!((host.left_beside_binary(), host.binary_on_disk().as_str()), (vec![], "1.22.1"), "{run}");
    }
}

#[test]
fn where_everybody_is_ended_nothing_of_the_run_is_left_beside_the_path() {
    let scene = met(Moment::BothAccept, |met| {
        for process in met.host.processes().iter().filter(|process| process.title.starts_with("nginx: ")) {
            met.host.kill_if_there(process.pid, Signal::SIGTERM);
        }
        met.run.wait()
    });
    assert_eq!(ended(&scene.run), (31, "stuck", "none"), "{}", scene.run);
    assert_eq!((&scene.after.beside, scene.after.inode), (&vec![], scene.before.inode), "{}", scene.run);
}

#[test]
fn a_failure_that_stops_leaves_everything_as_it_is_and_says_what_to_do() {
    let host = Host::new().running("1.22.1");
    let offer = host.offer("faulty/answers-500");
    let plan = changed(&host, "pass-after = 5", "pass-after = 5\non-failure = \"stop\"");
    let run = host.changeover(&["run", plan], &offer);
    assert_eq!(ended(&run), (23, "stopped", "new"), "{run}");
    assert_eq!((host.masters().len(), host.binary_on_disk().as_str()), (2, "1.22.1"));
    assert!(!run.verdict()["next"].as_array().is_none_or(Vec::is_empty), "{run}");
}

#[test]
fn an_old_master_that_cannot_be_started_again_leaves_new_serving_and_a_person_to_decide() {
    let host = Host::new().running("1.22.1");
    let offer = host.offer("1.26.3");
    let old = host.master().expect("a master");
    let mut run = host.start_changeover(&SOAKING, &offer);
    run.wait_for("the soak begins", |line| line.event["action"] == "soak");
    break_configuration(&host);
    host.kill(old, Signal::SIGKILL);
    let run = run.wait();
    assert_eq!(ended(&run), (30, "stuck", "new"), "{run}");
    assert_eq!((host.answering().as_deref(), host.binary_on_disk().as_str()), (Some("1.26.3"), "1.22.1"));
    assert!(!run.verdict()["next"].as_array().is_none_or(Vec::is_empty), "{run}");
    let status = host.changeover_bare(&["status"]).stdout();
    assert!(status.contains("is what a restart would start, and not what runs"), "{status}");
}

#[test]
fn when_everything_is_killed_nobody_serves_and_the_run_says_so() {
    let host = Host::new().running("1.22.1");
    let offer = host.offer("1.26.3");
    let mut run = host.start_changeover(&SOAKING, &offer);
    run.wait_for("the soak begins", |line| line.event["action"] == "soak");
    // The run sees the end of it and not how it came; no master starts a worker again meanwhile.
    run.signal(Signal::SIGSTOP);
    let masters = host.masters();
    for master in &masters {
        host.kill(*master, Signal::SIGSTOP);
    }
    let workers = masters.iter().flat_map(|master| host.accepting(*master)).collect::<Vec<_>>();
    for pid in workers.iter().chain(&masters) {
        host.kill_if_there(*pid, Signal::SIGKILL);
    }
    run.signal(Signal::SIGCONT);
    let run = run.wait();
    assert_eq!(ended(&run), (31, "stuck", "none"), "{run}");
    assert_eq!((host.masters(), host.binary_on_disk().as_str()), (vec![], "1.22.1"));
}
