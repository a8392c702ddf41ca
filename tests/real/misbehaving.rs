//! Builds that pass every check and misbehave after they are started, and new masters that are killed: exit 20, and
//! what was found serves again from the old file, with nothing left over.

use std::time::Duration;

use nix::sys::signal::Signal;

use crate::support::changeover::Line;
use crate::support::host::Host;
use crate::support::scene::Scene;

/// Offers a faulty build to a loaded host of 1.22.1 by the standard plan.
fn offered(fault: &str) -> Scene {
    let host = Host::new().running("1.22.1");
    let offer = host.offer(&format!("faulty/{fault}"));
    Scene::play(host, "plans/nginx.toml", &offer)
}

#[test]
fn a_build_that_exits_after_usr2_harms_nobody() {
    let scene = offered("exits-with-NGINX");
    scene.rolled_back(20);
    assert_eq!(scene.served.harmed(), 0, "{}", scene.served);
}

#[test]
fn workers_that_segfault_at_start_harm_nobody() {
    let scene = offered("segfaults-at-start");
    scene.rolled_back(20);
    assert_eq!(scene.served.harmed(), 0, "{}", scene.served);
}

#[test]
fn workers_that_exit_for_good_harm_nobody_and_are_noticed_at_once() {
    let scene = offered("exits-2");
    scene.rolled_back(20);
    assert_eq!(scene.served.harmed(), 0, "{}", scene.served);
    assert!(scene.run.ended - scene.run.started < Duration::from_secs(10), "{}", scene.run);
}

#[test]
fn a_build_that_answers_500_is_brought_back_and_only_its_answers_were_bad() {
    let scene = offered("answers-500");
    scene.rolled_back(20);
    // TERM cuts what the sick workers have in hand: at most one request of each client.
    assert!(scene.served.lost() <= 8 && scene.served.refused() == 0, "{}", scene.served);
    assert_eq!(scene.run.verdict()["failed"], 6, "{}", scene.run);
}

#[test]
fn a_build_that_hangs_is_brought_back() {
    let scene = offered("hangs");
    scene.rolled_back(20);
    // Every client has at most the requests harmed that it had sent to a hung worker.
    assert!(scene.served.harmed() < 100, "{}", scene.served);
}

#[test]
fn a_build_that_segfaults_on_each_request_is_brought_back() {
    offered("segfaults-per-request").rolled_back(20);
}

/// Kills the new master with SIGKILL as soon as an event matches.
fn killed_at(matches: impl Fn(&Line) -> bool) -> Scene {
    let host = Host::new().running("1.22.1");
    let offer = host.offer("1.26.3");
    let old = host.master().expect("a master");
    // Both waits are long enough to be met: the new generation must be stable before WINCH, and soaks after it.
    let plan = std::fs::read_to_string("plans/soak-and-watch.toml").expect("the plan");
    let lines =
        plan.lines().map(|line| if line.starts_with("stable-for") { "stable-for = \"2s\"" } else { line });
    let plan = lines.collect::<Vec<_>>().join("\n");
    assert!(plan.contains("stable-for = \"2s\""), "{plan}");
    host.write("/srv/plan.toml", plan);
    Scene::play_with(host, |host| {
        let mut run = host.start_changeover(&["run", "/srv/plan.toml", "--set", "soak=1m"], &offer);
        run.wait_for("the moment to kill", matches);
        let new = host.masters().into_iter().find(|master| *master != old).expect("a new master");
        host.kill(new, Signal::SIGKILL);
        run.wait()
    })
}

#[test]
fn a_new_master_killed_before_winch_is_noticed_and_its_workers_are_not_left() {
    let both_accept = |line: &Line| line.event["generation"] == "new" && line.event["accepting"] == 2;
    let scene = killed_at(both_accept);
    scene.rolled_back(20);
    assert_eq!(scene.served.harmed(), 0, "{}", scene.served);
}

#[test]
fn a_new_master_killed_after_winch_is_noticed_and_its_workers_are_not_left() {
    let scene = killed_at(|line| line.name() == "step-started" && line.event["action"] == "soak");
    scene.rolled_back(20);
    assert_eq!(scene.served.harmed(), 0, "{}", scene.served);
}
