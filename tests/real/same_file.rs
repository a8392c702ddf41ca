//! A changeover to the same file: no binary step, or one that says `if-same = "run"`. The generations are told apart
//! by their processes alone.

use nix::sys::signal::Signal;

use crate::support::changeover::Run;
use crate::support::host::Host;
use crate::support::meeting::{Met, Moment, diagnosis, interrupt, moves_back, plan};
use crate::support::scene::Scene;

const BINARY_STEP: &str = "[[step]]
action = \"replace-binary\"
source = \"${source}\"
sha256 = \"${sha256}\"
version = \"${version}\"
";

/// What an unused input would be refused for.
const INPUTS: [(&str, &str); 3] = [
    ("name = \"nginx ${version}\"", "name = \"nginx ${version} ${source} ${sha256} again\""),
    ("pass-after = 5", "pass-after = 5"),
    (BINARY_STEP, ""),
];

/// Meets a run without a binary step.
fn met(moment: Moment, act: impl FnOnce(Met<'_>) -> Run) -> Scene {
    let host = Host::new().running("1.22.1");
    let offer = host.offer("1.22.1");
    Scene::play_with(host, |host| act(Met::at(moment, host, &offer, &INPUTS)))
}

#[test]
fn a_plan_without_a_binary_step_executes_the_same_file_again() {
    let host = Host::new().running("1.22.1");
    let offer = host.offer("1.22.1");
    let scene = Scene::play_with(host, |host| {
        let plan = plan(host, &INPUTS);
        host.changeover(&["run", plan, "--set", "soak=200ms"], &offer)
    });
    scene.committed("1.22.1");
    assert_eq!((scene.after.inode, &scene.after.beside), (scene.before.inode, &vec![]));
}

#[test]
fn the_same_digest_is_run_all_the_same_where_the_plan_says_so() {
    let host = Host::new().running("1.22.1");
    let offer = host.offer("1.22.1");
    let scene = Scene::play_with(host, |host| {
        let run = ("version = \"${version}\"\n", "version = \"${version}\"\nif-same = \"run\"\n");
        let plan = plan(host, &[run]);
        host.changeover(&["run", plan, "--set", "soak=200ms"], &offer)
    });
    scene.committed("1.22.1");
    assert_ne!(scene.after.inode, scene.before.inode, "the staged file was installed");
}

#[test]
fn the_same_file_goes_back_before_and_after_winch() {
    for moment in [Moment::BothAccept, Moment::Soak] {
        let scene = met(moment, interrupt);
        scene.rolled_back(21);
        assert_eq!(scene.served.harmed(), 0, "{moment:?} {}", scene.served);
    }
}

#[test]
fn strays_of_a_killed_new_master_are_told_from_olds_workers_of_the_same_file() {
    for moment in [Moment::BothAccept, Moment::Soak] {
        let scene = met(moment, |met| {
            met.host.kill(met.new, Signal::SIGKILL);
            met.run.wait()
        });
        assert_eq!(diagnosis(&scene.run), "run/new-master-exited", "{}", scene.run);
        assert!(moves_back(&scene.run).contains(&"quit-strays".to_owned()), "{}", scene.run);
        scene.rolled_back(20);
        assert_eq!(scene.served.harmed(), 0, "{moment:?} {}", scene.served);
    }
}

#[test]
fn the_same_file_is_started_again_where_olds_master_was_killed() {
    for moment in [Moment::BothAccept, Moment::Soak] {
        let scene = met(moment, |met| {
            met.host.kill(met.old, Signal::SIGKILL);
            met.run.wait()
        });
        assert_eq!(diagnosis(&scene.run), "run/old-master-gone", "{}", scene.run);
        scene.rolled_back_in_reverse(20);
        assert_eq!(scene.served.harmed(), 0, "{moment:?} {}", scene.served);
    }
}
