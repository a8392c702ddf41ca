//! Between the commit record and QUIT to old: the run goes on as long as new accepts, whatever becomes of old.

use nix::sys::signal::Signal;

use crate::support::changeover::{Run, Running};
use crate::support::gate::Gate;
use crate::support::host::{Host, PID_FILE};
use crate::support::meeting::{NO_WATCH, SOAK_FIRST, diagnosis, plan};
use crate::support::scene::Scene;

/// Holds a run that has written its commit record and is about to put the new file at the path for good.
fn held_after_the_record(changes: &[(&str, &str)], act: impl FnOnce(&Host, i32, i32)) -> Scene {
    let host = Host::new().running("1.22.1");
    let offer = host.offer("1.26.3");
    Scene::play_with(host, |host| {
        let old = host.master().expect("a master");
        let quick = ("stable-for = \"1s\"", "stable-for = \"0s\"");
        let plan = plan(host, &[&[NO_WATCH, SOAK_FIRST, quick], changes].concat());
        let mut run: Running = host.start_changeover(&["run", plan, "--set", "soak=10ms"], &offer);
        run.wait_for("the first soak", |line| line.event["action"] == "soak");
        let mut gate = Gate::hold(&run);
        // The window opens, it closes, and the file is installed.
        for _ in 0..3 {
            gate.until_exchange();
        }
        let new = host.masters().into_iter().find(|master| *master != old).expect("new");
        act(host, old, new);
        drop(gate);
        run.wait()
    })
}

fn recorded(run: &Run) -> bool {
    run.lines.iter().any(|line| line.name() == "commit-recorded")
}

#[test]
fn an_old_that_is_killed_or_told_to_leave_is_no_reason_to_go_back() {
    for signal in [Signal::SIGKILL, Signal::SIGQUIT, Signal::SIGTERM] {
        let scene = held_after_the_record(&[], |host, old, _| {
            host.kill(old, signal);
            assert!(host.wait_gone(old));
        });
        scene.committed("1.26.3");
    }
}

#[test]
fn a_pid_file_that_is_taken_away_is_there_again() {
    for text in [None, Some(""), Some("1\n")] {
        let scene = held_after_the_record(&[], |host, _, _| match text {
            None => std::fs::remove_file(host.path(PID_FILE)).expect("remove it"),
            Some(text) => host.write(PID_FILE, text),
        });
        scene.committed("1.26.3");
    }
}

#[test]
fn a_new_that_dies_still_leads_back() {
    let scene = held_after_the_record(&[], |host, _, new| {
        host.kill(new, Signal::SIGKILL);
        assert!(host.wait_gone(new));
    });
    assert!(recorded(&scene.run), "{}", scene.run);
    assert_eq!(diagnosis(&scene.run), "run/new-master-exited", "{}", scene.run);
    scene.rolled_back(20);
}

#[test]
fn a_stop_for_a_person_puts_back_what_the_path_held() {
    let manual = ("[probe.health]\n", "[rollback]\nautomatic = false\n\n[probe.health]\n");
    let scene = held_after_the_record(&[manual], |host, _, new| {
        host.kill(new, Signal::SIGSTOP);
    });
    assert!(recorded(&scene.run), "{}", scene.run);
    assert_eq!((scene.run.exit(), scene.run.said("verdict")), (23, "stopped"), "{}", scene.run);
    assert_eq!((scene.after.inode, scene.after.masters.len()), (scene.before.inode, 2), "{}", scene.run);
}
