//! The main job on real nginx: from one build to another, and back, with every plan that users copy.

use nix::sys::signal::Signal;

use crate::support::changeover::Line;
use crate::support::host::Host;
use crate::support::load::Load;
use crate::support::scene::{Scene, Snapshot};

const STANDARD: &str = "plans/nginx.toml";

/// Both generations answered, enough was sent meanwhile, and nothing of it was harmed.
#[track_caller]
fn both_answered_enough(scene: &Scene, old: &str, new: &str) {
    let usr2 = scene.run.when(|line| line.name() == "window-opened");
    let gone = scene.run.when(|line| line.name() == "finished");
    let between = scene.served.sent_between(usr2, gone);
    assert!(between.sent() >= 200, "sent between USR2 and old master gone: {between}");
    assert!(scene.served.by_version(old) >= 50, "{}", scene.served);
    assert!(scene.served.by_version(new) >= 50, "{}", scene.served);
}

fn soak(line: &Line) -> bool {
    line.name() == "step-started" && line.event["action"] == "soak"
}

#[test]
fn the_standard_plan_takes_a_loaded_host_over_and_loses_nothing() {
    let host = Host::new().running("1.22.1");
    let offer = host.offer("1.26.3");
    let scene = Scene::play(host, STANDARD, &offer);
    scene.committed("1.26.3");
    assert!(
        scene.served.by_version("1.22.1") > 0 && scene.served.by_version("1.26.3") > 0,
        "{}",
        scene.served
    );
}

#[test]
fn with_a_soak_both_generations_answer_and_nothing_is_lost() {
    let host = Host::new().running("1.22.1");
    let offer = host.offer("1.26.3");
    let arguments = ["run", "plans/soak-and-watch.toml", "--set", "soak=1s"];
    let scene = Scene::play_with(host, |host| host.changeover(&arguments, &offer));
    scene.committed("1.26.3");
    both_answered_enough(&scene, "1.22.1", "1.26.3");
}

#[test]
fn the_same_works_downwards() {
    let host = Host::new().running("1.26.3");
    let offer = host.offer("1.22.1");
    let arguments = ["run", "plans/soak-and-watch.toml", "--set", "soak=1s"];
    let scene = Scene::play_with(host, |host| host.changeover(&arguments, &offer));
    scene.committed("1.22.1");
    both_answered_enough(&scene, "1.26.3", "1.22.1");
}

#[test]
fn an_idle_host_is_taken_over_and_back_again() {
    let host = Host::new().running("1.22.1");
    for build in ["1.26.3", "1.22.1"] {
        let offer = host.offer(build);
        let before = host.master().expect("a master");
        let run = host.changeover(&["run", STANDARD], &offer);
        assert_eq!(run.exit(), 0, "{run}");
        let after = Snapshot::of(&host);
        assert_eq!((after.binary.as_str(), after.answering.as_deref()), (build, Some(build)), "{run}");
        assert_eq!((after.accepting, after.strays, after.masters.len()), (2, 0, 1), "{after:?}");
        assert_ne!(after.masters, [before]);
        assert_eq!(after.beside.len(), 1, "one generation is kept: {after:?}");
    }
}

#[test]
fn connections_kept_alive_lose_only_what_the_protocol_allows() {
    let host = Host::new().running("1.22.1");
    let offer = host.offer("1.26.3");
    let load = host.start_load(&Load::keep_alive());
    let run = host.changeover(&["run", STANDARD], &offer);
    let served = load.stop();
    assert_eq!(run.exit(), 0, "{run}");
    assert_eq!((served.lost(), served.refused(), served.harmed()), (0, 0, 0), "{served}");
}

#[test]
fn a_probe_before_winch_works_where_old_shares_its_connections() {
    let host = Host::new().running("1.22.1");
    let offer = host.offer("1.26.3");
    Scene::play(host, "plans/probe-before-winch.toml", &offer).committed("1.26.3");
}

#[test]
fn a_probe_that_an_old_nginx_never_lets_through_is_refused() {
    let host = Host::new().running("1.18.0");
    let offer = host.offer("1.26.3");
    let before = Snapshot::of(&host);
    let run = host.changeover(&["run", "plans/probe-before-winch.toml"], &offer);
    assert_eq!((run.exit(), run.said("verdict")), (12, "refused"), "{run}");
    assert_eq!(run.verdict()["diagnosis"]["code"], "preflight/probe-cannot-reach-new", "{run}");
    assert_eq!(Snapshot::of(&host), before);
}

#[test]
fn an_nginx_of_two_releases_ago_is_taken_over_too() {
    let host = Host::new().running("1.18.0");
    let offer = host.offer("1.26.3");
    Scene::play(host, STANDARD, &offer).committed("1.26.3");
}

#[test]
fn four_workers_with_sockets_of_their_own_on_both_families_lose_nothing() {
    let host = Host::new()
        .with(|config| (config.reuseport, config.ipv6) = (true, true))
        .workers(4)
        .running("1.22.1");
    let offer = host.offer("1.26.3");
    Scene::play(host, STANDARD, &offer).committed("1.26.3");
}

#[test]
fn a_drill_ends_as_it_began_with_exit_0() {
    let host = Host::new().running("1.22.1");
    let offer = host.offer("1.26.3");
    let scene = Scene::play(host, "plans/drill.toml", &offer);
    scene.rolled_back(0);
    assert_eq!(scene.served.harmed(), 0, "{}", scene.served);
    assert!(scene.served.by_version("1.26.3") > 0, "new was never asked: {}", scene.served);
}

#[test]
fn a_reload_in_hand_is_over_before_the_workers_are_counted() {
    let host = Host::new().workers(8).running("1.22.1");
    let offer = host.offer("1.26.3");
    // For 100 ms both sets of workers are there; a way back to sixteen would end stuck.
    host.kill(host.master().expect("a master"), Signal::SIGHUP);
    let run = host.changeover(&["run", "plans/drill.toml"], &offer);
    assert_eq!((run.exit(), run.said("verdict")), (0, "rolled-back"), "{run}");
    let found = run.lines.iter().find(|line| line.name() == "found").expect("what was found");
    assert_eq!(found.event["old"]["workers"], 8, "{run}");
}

#[test]
fn the_wanted_binary_that_runs_already_is_nothing_to_do() {
    let host = Host::new().running("1.26.3");
    let offer = host.offer("1.26.3");
    let scene = Scene::play(host, STANDARD, &offer);
    scene.left_as_it_was(0, "unchanged");
    assert_eq!(scene.run.verdict()["changed"], false, "{}", scene.run);
}

#[test]
fn the_path_names_the_old_file_all_through_the_soak() {
    let host = Host::new().running("1.22.1");
    let offer = host.offer("1.26.3");
    let mut run = host.start_changeover(&["run", "plans/soak-and-watch.toml", "--set", "soak=1m"], &offer);
    run.wait_for("the soak begins", soak);
    assert_eq!((host.binary_on_disk().as_str(), host.answering().as_deref()), ("1.22.1", Some("1.26.3")));
    run.signal(Signal::SIGTERM);
    assert_eq!(run.wait().exit(), 21);
    assert_eq!(host.answering().as_deref(), Some("1.22.1"));
}
