//! While anything waits: deaths, signals of strangers and changed files are noticed at once and named, and the host
//! is brought back as far as that is possible.

use nix::sys::signal::Signal;

use crate::support::changeover::{Line, Run};
use crate::support::host::{BINARY, Host, PID_FILE};
use crate::support::meeting::{
    Moment, NO_WATCH, binary_inode, diagnosis, interrupt, met, met_on, moves_back, plan, reloads_well,
};
use crate::support::scene::Scene;
use crate::support::silent::Silent;
use crate::support::wait_until;

const OLDBIN: &str = "/run/nginx.pid.oldbin";

/// The run failed with this code, and the way back was gone to its end.
#[track_caller]
fn went_back(scene: &Scene, code: &str) {
    assert_eq!(diagnosis(&scene.run), code, "{}", scene.run);
    scene.rolled_back(20);
}

#[test]
fn workers_of_new_that_are_killed_once_are_started_again_and_the_run_goes_on() {
    let scene = met(Moment::Soak, |met| {
        let before = met.host.accepting(met.new);
        met.host.kill(before[0], Signal::SIGKILL);
        wait_until("new has all its workers again", || {
            let now = met.host.accepting(met.new);
            now.len() == 2 && now != before
        });
        assert!(!met.run.lines().iter().any(|line| line.name() == "step-failed"));
        interrupt(met)
    });
    assert_eq!(diagnosis(&scene.run), "run/interrupted", "{}", scene.run);
    scene.rolled_back(21);
}

#[test]
fn workers_of_new_that_are_killed_again_and_again_are_a_crash_loop() {
    let scene = met(Moment::Soak, |met| {
        let failed = || met.run.lines().iter().any(|line| line.name() == "step-failed");
        wait_until("the run notices", || {
            for worker in met.host.accepting(met.new) {
                met.host.kill_if_there(worker, Signal::SIGKILL);
            }
            failed()
        });
        met.run.wait()
    });
    went_back(&scene, "run/crash-loop");
    assert_eq!(scene.served.refused(), 0, "{}", scene.served);
}

#[test]
fn workers_of_new_drained_by_a_strangers_winch_are_noticed_at_once() {
    let scene = met(Moment::Soak, |met| {
        met.host.kill(met.new, Signal::SIGWINCH);
        met.run.wait()
    });
    went_back(&scene, "run/workers-gone");
    assert_eq!(scene.served.harmed(), 0, "{}", scene.served);
}

#[test]
fn workers_of_old_drained_by_a_stranger_before_winch_are_noticed_at_once() {
    let scene = met(Moment::BothAccept, |met| {
        met.host.kill(met.old, Signal::SIGWINCH);
        met.run.wait()
    });
    went_back(&scene, "run/workers-gone");
    assert_eq!(scene.served.harmed(), 0, "{}", scene.served);
}

/// What was noticed and went on.
fn noticed(run: &Run) -> Vec<&str> {
    let told = run.lines.iter().filter(|line| line.name() == "noticed");
    told.filter_map(|line| line.event["text"].as_str()).collect()
}

#[test]
fn old_workers_that_a_stranger_doubles_before_winch_are_noticed_and_all_of_them_drain() {
    let host = Host::new().running("1.22.1");
    let offer = host.offer("1.26.3");
    let scene = Scene::play_with(host, |host| {
        let old = host.master().expect("a master");
        let plan = plan(host, &[("stable-for = \"1s\"", "stable-for = \"500ms\""), NO_WATCH]);
        let mut run = host.start_changeover(&["run", plan, "--set", "soak=10ms"], &offer);
        run.wait_for("new accepts", |line| line.event["generation"] == "new" && line.event["accepting"] == 2);
        host.kill(old, Signal::SIGHUP);
        run.wait()
    });
    scene.committed("1.26.3");
    let noticed = noticed(&scene.run);
    assert!(noticed.len() == 1 && noticed[0].starts_with("4 old workers accept"), "{}", scene.run);
}

#[test]
fn old_workers_that_a_stranger_brings_back_after_winch_drain_again_once() {
    let scene = met(Moment::Soak, |mut met| {
        met.host.kill(met.old, Signal::SIGHUP);
        met.run.wait_for("WINCH is sent again", |line| line.name() == "noticed");
        wait_until("nobody of old accepts", || met.host.accepting(met.old).is_empty());
        interrupt(met)
    });
    scene.rolled_back(21);
    let noticed = noticed(&scene.run);
    assert!(noticed.len() == 1 && noticed[0].starts_with("2 old workers accept again"), "{}", scene.run);
    assert_eq!(scene.served.harmed(), 0, "{}", scene.served);
}

#[test]
fn old_workers_that_a_stranger_brings_back_twice_end_the_run() {
    let scene = met(Moment::Soak, |mut met| {
        met.host.kill(met.old, Signal::SIGHUP);
        met.run.wait_for("WINCH is sent again", |line| line.name() == "noticed");
        let winch = |line: &&Line| line.name() == "move-made" && line.event["signal"] == "WINCH";
        wait_until("WINCH is sent again", || met.run.lines().iter().filter(winch).count() == 2);
        wait_until("nobody of old accepts", || met.host.accepting(met.old).is_empty());
        met.host.kill(met.old, Signal::SIGHUP);
        met.run.wait()
    });
    went_back(&scene, "run/old-workers-back");
    assert_eq!(moves_back(&scene.run), ["USR1 old", "QUIT new"], "{}", scene.run);
    assert_eq!(scene.served.harmed(), 0, "{}", scene.served);
}

#[test]
fn a_new_master_told_to_leave_by_a_stranger_is_noticed_before_and_after_winch() {
    for (moment, signal) in [(Moment::BothAccept, Signal::SIGQUIT), (Moment::Soak, Signal::SIGQUIT)] {
        let scene = met(moment, |met| {
            met.host.kill(met.new, signal);
            met.run.wait()
        });
        went_back(&scene, "run/new-master-exited");
        assert_eq!(scene.served.harmed(), 0, "{moment:?} {signal}: {}", scene.served);
    }
}

#[test]
fn a_new_master_that_drains_after_a_strangers_quit_is_noticed_before_it_is_gone() {
    let host = Host::new().with(Silent::location).running("1.22.1");
    let silent = Silent::listen(&host);
    let scene = met_on(host, "1.26.3", Moment::Soak, |mut met| {
        let held = silent.hold(met.host);
        met.host.kill(met.new, Signal::SIGQUIT);
        met.fails();
        assert!(met.host.is_alive(met.new), "it still has a request in hand");
        drop(held);
        met.run.wait()
    });
    went_back(&scene, "run/new-master-exited");
    assert_eq!(scene.served.harmed(), 0, "{}", scene.served);
}

/// Changes the binary path in the soak; what is there afterwards must not be touched.
fn path_changed(moment: Moment, change: fn(&Host)) -> (Scene, Option<u64>) {
    let mut there = None;
    let scene = met(moment, |met| {
        change(met.host);
        there = binary_inode(met.host);
        let host = met.host;
        let run = met.run.wait();
        assert_eq!(binary_inode(host), there, "somebody else's file was touched\n{run}");
        if there.is_none() {
            host.install("1.22.1");
        }
        run
    });
    (scene, there)
}

/// The processes are as before; the path is somebody else's business.
#[track_caller]
fn only_the_path_differs(mut scene: Scene) {
    scene.before.inode = scene.after.inode;
    scene.before.binary.clone_from(&scene.after.binary);
    went_back(&scene, "run/path-changed");
    assert_eq!(scene.served.harmed(), 0, "{}", scene.served);
}

#[test]
fn a_file_that_a_package_puts_at_the_path_is_noticed_and_left_alone() {
    for moment in [Moment::BothAccept, Moment::Soak] {
        let (scene, there) = path_changed(moment, |host| host.install("1.18.0"));
        assert_eq!((scene.after.binary.as_str(), Some(scene.after.inode)), ("1.18.0", there));
        only_the_path_differs(scene);
    }
}

#[test]
fn a_file_that_is_removed_from_the_path_is_noticed_and_not_made_up() {
    let remove = |host: &Host| std::fs::remove_file(host.path(BINARY)).expect("remove the binary");
    let (scene, there) = path_changed(Moment::Soak, remove);
    assert_eq!(there, None);
    only_the_path_differs(scene);
}

/// The host's nginx logs who sends it signals.
fn talkative() -> Host {
    let log = "error_log /var/log/nginx/notice.log notice;";
    Host::new().with(|config| config.main = log.into()).running("1.22.1")
}

#[test]
fn who_sent_a_signal_is_named_and_it_is_never_the_run_itself() {
    // The stranger is a shell of the host, whose pid nginx logs.
    let scene = met_on(talkative(), "1.26.3", Moment::Soak, |met| {
        drop(met.host.exec("sh", &["-c", &format!("kill -TERM {}", met.new)]));
        met.run.wait()
    });
    let cause = scene.run.verdict()["diagnosis"]["cause"].to_string();
    assert!(cause.contains("sent SIGTERM to nginx (diagnose/foreign-signal)"), "{}", scene.run);
    // WINCH was the run's own, and logged too.
    let scene = met_on(talkative(), "1.26.3", Moment::Soak, |met| {
        met.host.kill(met.new, Signal::SIGKILL);
        met.run.wait()
    });
    let told = scene.run.verdict()["diagnosis"].to_string();
    assert!(!told.contains("received from") && !told.contains("foreign-signal"), "{told}");
}

/// Removes files in the soak, then lets the run go back.
#[test]
fn how_a_new_master_ended_is_told_although_old_logs_it_later() {
    let scene = met(Moment::BothAccept, |mut met| {
        let (host, old) = (met.host, met.old);
        assert!(host.stop(old), "old is stopped");
        host.kill(met.new, Signal::SIGKILL);
        met.fails();
        host.kill(old, Signal::SIGCONT);
        met.run.wait()
    });
    went_back(&scene, "run/new-master-exited");
    let failed = scene.run.lines.iter().find(|line| line.name() == "step-failed").expect("the failure");
    assert!(failed.event["fault"]["cause"].is_null(), "{}", scene.run);
    let cause = scene.run.verdict()["diagnosis"]["cause"].to_string();
    assert!(cause.contains("(diagnose/new-killed)"), "{}", scene.run);
}

fn removed_then_back(files: &[&str]) -> Scene {
    let scene = met(Moment::Soak, |met| {
        for file in files {
            std::fs::remove_file(met.host.path(file)).expect("remove a file");
        }
        interrupt(met)
    });
    scene.rolled_back(21);
    assert_eq!(scene.served.harmed(), 0, "{}", scene.served);
    scene
}

#[test]
fn a_pid_file_that_is_removed_is_there_again_after_the_way_back() {
    reloads_well(&removed_then_back(&[PID_FILE]));
}

#[test]
fn an_oldbin_that_is_removed_leaves_the_right_pid_file_after_the_way_back() {
    let scene = removed_then_back(&[OLDBIN]);
    let moves = ["HUP old", "USR1 old", "QUIT new", "write-pid-file", "stub-exec", "USR1 old"];
    assert_eq!(moves_back(&scene.run), moves, "{}", scene.run);
    reloads_well(&scene);
}

#[test]
fn without_both_pid_files_the_way_back_still_ends_with_the_right_one() {
    reloads_well(&removed_then_back(&[PID_FILE, OLDBIN]));
}

#[test]
fn pid_files_that_are_removed_before_the_commit_leave_new_with_a_right_one() {
    let host = Host::new().running("1.22.1");
    let offer = host.offer("1.26.3");
    let scene = Scene::play_with(host, |host| {
        let plan = crate::support::meeting::plan(host, &[]);
        let mut run = host.start_changeover(&["run", plan, "--set", "soak=1s"], &offer);
        run.wait_for("the soak", |line| line.event["action"] == "soak");
        for file in [PID_FILE, OLDBIN] {
            std::fs::remove_file(host.path(file)).expect("remove a file");
        }
        run.wait()
    });
    scene.committed("1.26.3");
}
