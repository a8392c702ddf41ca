//! The way back from what a stranger, a latched signal or a killed master leave behind: each rule that a real nginx
//! can reach, and old serves again as before.

use std::os::unix::net::UnixStream;

use nix::sys::signal::Signal;

use crate::support::gate::Gate;
use crate::support::host::{BINARY, Host, PID_FILE};
use crate::support::meeting::{
    Met, Moment, NO_WATCH, break_configuration, diagnosis, inode, interrupt, met, met_before_usr2, met_on,
    moves_back, plan, reloads_well,
};
use crate::support::scene::Scene;
use crate::support::silent::Silent;
use crate::support::wait_until;

const OLDBIN: &str = "/run/nginx.pid.oldbin";
const SOCKET: &str = "/run/www.sock";

/// Nobody of old accepts. One may still have a connection of the run's own watch.
fn nobody_of_old(met: &Met<'_>) {
    wait_until("nobody of old accepts", || met.host.accepting(met.old).is_empty());
}

#[track_caller]
fn moved(scene: &Scene, moves: &[&str]) {
    assert_eq!(moves_back(&scene.run), moves, "{}", scene.run);
}

#[test]
fn after_winch_old_accepts_and_is_flushed_before_new_leaves() {
    let scene = met(Moment::Soak, interrupt);
    scene.rolled_back(21);
    moved(&scene, &["HUP old", "USR1 old", "QUIT new"]);
    assert_eq!(scene.served.harmed(), 0, "{}", scene.served);
}

#[test]
fn before_winch_old_is_only_flushed_before_new_leaves() {
    let scene = met(Moment::BothAccept, interrupt);
    scene.rolled_back(21);
    moved(&scene, &["USR1 old", "QUIT new"]);
    assert_eq!(scene.served.harmed(), 0, "{}", scene.served);
}

#[test]
fn old_is_repaired_from_memory_while_the_configuration_on_disk_is_broken() {
    let scene = met(Moment::Soak, |met| {
        break_configuration(met.host);
        interrupt(met)
    });
    scene.rolled_back(21);
    assert_eq!(scene.served.harmed(), 0, "{}", scene.served);
}

#[test]
fn workers_that_a_stranger_doubled_are_counted_again_without_a_gap() {
    let scene = met(Moment::BothAccept, |met| {
        met.host.kill(met.old, Signal::SIGHUP);
        wait_until("old has twice its workers", || met.host.accepting(met.old).len() == 4);
        break_configuration(met.host);
        interrupt(met)
    });
    scene.rolled_back(21);
    moved(&scene, &["USR1 old", "WINCH old", "HUP old", "USR1 old", "QUIT new"]);
    assert_eq!(scene.served.harmed(), 0, "{}", scene.served);
}

/// Nobody accepts and new is gone: WINCH reached old together with the end of new (nginx-facts 16).
fn nobody_accepts(host: Host, build: &str) -> Scene {
    met_on(host, build, Moment::BothAccept, |met| {
        break_configuration(met.host);
        met.unseen(|met| {
            met.together_for_old(|| {
                met.host.kill(met.old, Signal::SIGWINCH);
                met.end(met.new, Signal::SIGQUIT);
            });
            nobody_of_old(met);
        });
        met.run.wait()
    })
}

#[test]
fn a_failed_exec_starts_the_workers_from_memory_where_nobody_accepts() {
    for (old, build) in [("1.22.1", "1.26.3"), ("1.18.0", "1.26.3"), ("1.26.3", "1.22.1")] {
        let scene = nobody_accepts(Host::new().running(old), build);
        assert_eq!(diagnosis(&scene.run), "run/new-master-exited", "{old}: {}", scene.run);
        scene.rolled_back(20);
        moved(&scene, &["stub-exec", "USR1 old"]);
        assert_eq!(scene.served.harmed(), 0, "{old}: {}", scene.served);
    }
}

#[test]
fn where_a_foreign_file_is_at_the_path_the_disk_helps_instead_of_a_failed_exec() {
    let scene = met(Moment::BothAccept, |met| {
        met.unseen(|met| {
            met.together_for_old(|| {
                met.host.kill(met.old, Signal::SIGWINCH);
                met.end(met.new, Signal::SIGQUIT);
            });
            nobody_of_old(met);
            met.host.install("1.22.1");
        });
        met.run.wait()
    });
    assert_ne!(scene.before.inode, scene.after.inode);
    moved(&scene, &["HUP old", "USR1 old"]);
    assert_eq!((scene.run.exit(), scene.after.accepting), (20, 2), "{}", scene.run);
    assert_eq!(scene.served.harmed(), 0, "{}", scene.served);
}

/// The window cannot be closed, and new is gone before the run looks again.
#[test]
fn what_a_new_leaves_is_ended_also_where_a_foreign_file_is_at_the_path_in_the_exec_window() {
    let host = Host::new().with(|config| config.cache = true).running("1.22.1");
    let scene = met_before_usr2(host, |host, old, run| {
        let mut gate = Gate::hold(&run);
        // The window opens, and is about to be closed.
        gate.until_exchange();
        gate.until_exchange();
        let new = || host.masters().into_iter().find(|master| *master != old);
        wait_until("new accepts", || new().is_some_and(|new| host.accepting(new).len() == 2));
        let new = new().expect("new");
        host.kill(new, Signal::SIGKILL);
        assert!(host.wait_gone(new));
        host.install("1.18.0");
        drop(gate);
        run.wait()
    });
    assert_eq!((scene.run.exit(), diagnosis(&scene.run)), (20, "host/exchange-foreign"), "{}", scene.run);
    moved(&scene, &["quit-strays"]);
    let (before, after) = (&scene.before, &scene.after);
    assert_eq!((after.masters.len(), after.strays, after.accepting), (1, 0, before.accepting), "{after:?}");
    assert_eq!((after.binary.as_str(), after.answering.as_deref()), ("1.18.0", Some("1.22.1")), "{after:?}");
}

#[test]
fn a_reload_taken_together_with_the_end_of_new_is_counted_again() {
    let scene = met(Moment::Soak, |met| {
        met.unseen(|met| {
            met.together_for_old(|| {
                met.host.kill(met.old, Signal::SIGHUP);
                met.end(met.new, Signal::SIGQUIT);
            });
            wait_until("old has twice its workers", || met.host.accepting(met.old).len() == 4);
        });
        met.run.wait()
    });
    assert_eq!(diagnosis(&scene.run), "run/new-master-exited", "{}", scene.run);
    scene.rolled_back(20);
    moved(&scene, &["USR1 old", "HUP old", "USR1 old"]);
    assert_eq!(scene.served.harmed(), 0, "{}", scene.served);
}

/// Old's master executed nothing and adds workers at every HUP (nginx-facts 2).
fn poisoned(act: impl FnOnce(&Met<'_>)) -> Scene {
    met(Moment::Soak, |met| {
        met.unseen(|met| {
            met.end(met.new, Signal::SIGQUIT);
            wait_until("old accepts again", || met.host.accepting(met.old).len() == 2);
            std::fs::remove_file(met.host.path(PID_FILE)).expect("remove the pid file");
            met.host.kill(met.old, Signal::SIGUSR2);
            let failed = "failed before executing new binary process";
            wait_until("old is poisoned", || met.host.error_log().contains(failed));
            act(met);
        });
        met.run.wait()
    })
}

#[test]
fn a_poisoned_master_gets_its_pid_file_back_and_is_cured() {
    let scene = poisoned(|_| {});
    scene.rolled_back(20);
    moved(&scene, &["write-pid-file", "USR1 old", "stub-exec", "USR1 old"]);
    assert_eq!(scene.served.harmed(), 0, "{}", scene.served);
    reloads_well(&scene);
}

#[test]
fn a_poisoned_master_with_too_many_workers_is_cured_and_counted_again() {
    let scene = poisoned(|met| {
        met.host.kill(met.old, Signal::SIGHUP);
        wait_until("old has twice its workers", || met.host.accepting(met.old).len() == 4);
    });
    scene.rolled_back(20);
    moved(&scene, &["write-pid-file", "USR1 old", "stub-exec", "USR1 old", "HUP old", "USR1 old"]);
    assert_eq!(scene.served.harmed(), 0, "{}", scene.served);
    reloads_well(&scene);
}

#[test]
fn a_new_master_killed_in_the_soak_leaves_no_worker_even_with_a_request_in_hand() {
    let host = Host::new().with(Silent::location).running("1.22.1");
    let silent = Silent::listen(&host);
    let mut held = None;
    let scene = met_on(host, "1.26.3", Moment::Soak, |met| {
        held = Some(silent.hold(met.host));
        met.host.kill(met.new, Signal::SIGKILL);
        met.run.wait()
    });
    assert_eq!(diagnosis(&scene.run), "run/new-master-exited", "{}", scene.run);
    scene.rolled_back(20);
    moved(&scene, &["USR1 old", "quit-strays", "kill-strays"]);
    assert_eq!(scene.served.harmed(), 0, "{}", scene.served);
}

#[test]
fn a_new_generation_that_takes_no_signal_is_frozen_and_killed_without_orphans() {
    let scene = met(Moment::Soak, |met| {
        let workers = met.host.accepting(met.new);
        for pid in workers.iter().chain([&met.new]) {
            met.host.kill(*pid, Signal::SIGSTOP);
        }
        interrupt(met)
    });
    assert_eq!(diagnosis(&scene.run), "run/interrupted", "{}", scene.run);
    scene.rolled_back(21);
    // Where the kernel is slow the last moves are made again.
    let mut moves = moves_back(&scene.run);
    moves.dedup();
    let ladder = ["HUP old", "USR1 old", "TERM new", "freeze-new", "kill-new-workers", "kill-new-master"];
    assert_eq!(moves.get(..ladder.len()).unwrap_or(&moves), ladder, "{}", scene.run);
    // What the stopped workers had in hand: at most one request of each client.
    assert!(scene.served.lost() <= 8 && scene.served.refused() == 0, "{}", scene.served);
}

#[test]
fn an_old_master_that_is_stopped_is_waited_for() {
    let scene = met(Moment::Soak, |mut met| {
        met.host.kill(met.old, Signal::SIGSTOP);
        met.run.signal(Signal::SIGINT);
        met.run.wait_for("the way back waits", |line| line.event["waiting"] == "old-settles");
        met.host.kill(met.old, Signal::SIGCONT);
        met.run.wait()
    });
    scene.rolled_back(21);
    moved(&scene, &["HUP old", "USR1 old", "QUIT new"]);
    assert_eq!(scene.served.harmed(), 0, "{}", scene.served);
}

#[test]
fn a_latched_winch_cannot_undo_the_way_back_later() {
    let scene = met(Moment::BothAccept, |met| {
        met.unseen(|met| {
            met.together_for_old(|| {
                met.host.kill(met.old, Signal::SIGWINCH);
                met.host.kill(met.old, Signal::SIGHUP);
            });
            wait_until("old has handled HUP", || met.host.accepting(met.old).len() == 4);
        });
        interrupt(met)
    });
    scene.rolled_back(21);
    assert_eq!(scene.served.harmed(), 0, "{}", scene.served);
    moved(&scene, &["USR1 old", "HUP old", "USR1 old", "QUIT new"]);
    // Log rotation would fire what is still latched.
    let (host, old) = (&scene.host, scene.before.masters[0]);
    let before = host.accepting(old);
    host.kill(old, Signal::SIGUSR1);
    assert!(host.get("/healthz").is_ok());
    assert_eq!(host.accepting(old), before);
}

/// A host whose nginx also listens on a unix path.
fn with_unix_listener() -> Host {
    Host::new().with(|config| config.server = format!("listen unix:{SOCKET};")).running("1.22.1")
}

#[track_caller]
fn accepts_at_the_unix_path(scene: &Scene, socket: Option<u64>) {
    assert_eq!(inode(&scene.host, SOCKET), socket, "{}", scene.run);
    assert!(UnixStream::connect(scene.host.path(SOCKET)).is_ok());
    let left = std::fs::read_dir(scene.host.path("/run")).expect("list /run").flatten();
    let left: Vec<_> = left.map(|entry| entry.file_name()).filter(|name| name != "www.sock").collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains("www.sock")), "{left:?}");
}

#[test]
fn a_unix_path_that_the_end_of_a_new_1_18_0_unlinked_is_linked_back() {
    let host = with_unix_listener();
    let socket = inode(&host, SOCKET);
    let scene = met_on(host, "1.18.0", Moment::Soak, |met| {
        met.unseen(|met| {
            met.end(met.new, Signal::SIGTERM);
            assert_eq!(inode(met.host, SOCKET), None, "TERM to 1.18.0 removes it (nginx-facts 27)");
        });
        met.run.wait()
    });
    assert_eq!(diagnosis(&scene.run), "run/new-master-exited", "{}", scene.run);
    scene.rolled_back(20);
    assert!(moves_back(&scene.run).contains(&"link-unix-path".to_owned()), "{}", scene.run);
    accepts_at_the_unix_path(&scene, socket);
}

#[test]
fn a_sick_new_1_18_0_is_never_told_term_so_the_unix_path_stays() {
    let sick = "location = /sick { if ($nginx_version = 1.18.0) { return 500; } return 200 ok; }";
    let server = format!("listen unix:{SOCKET}; {sick}");
    let host = Host::new().with(|config| config.server = server).running("1.22.1");
    let (socket, offer) = (inode(&host, SOCKET), host.offer("1.18.0"));
    let scene = Scene::play_with(host, |host| {
        host.changeover(&["run", plan(host, &[("/healthz", "/sick"), NO_WATCH])], &offer)
    });
    assert_eq!(diagnosis(&scene.run), "probe/wrong-status", "{}", scene.run);
    scene.rolled_back(20);
    moved(&scene, &["HUP old", "USR1 old", "QUIT new"]);
    accepts_at_the_unix_path(&scene, socket);
}

#[test]
fn a_unix_path_survives_a_changeover() {
    let host = with_unix_listener();
    let socket = inode(&host, SOCKET);
    let offer = host.offer("1.26.3");
    let scene = Scene::play(host, "plans/nginx.toml", &offer);
    scene.committed("1.26.3");
    accepts_at_the_unix_path(&scene, socket);
}

#[test]
fn thirty_two_workers_come_back() {
    let scene = met_on(Host::new().workers(32).running("1.22.1"), "1.26.3", Moment::Soak, interrupt);
    scene.rolled_back(21);
    assert_eq!((scene.after.accepting, scene.served.harmed()), (32, 0), "{}", scene.served);
}

#[test]
fn an_old_1_18_0_and_an_old_1_26_3_come_back() {
    for (old, build) in [("1.18.0", "1.26.3"), ("1.26.3", "1.18.0")] {
        let scene = met_on(Host::new().running(old), build, Moment::Soak, interrupt);
        scene.rolled_back(21);
        assert_eq!(scene.served.harmed(), 0, "{old}: {}", scene.served);
        assert_eq!(inode(&scene.host, OLDBIN), None);
        assert_eq!(inode(&scene.host, BINARY), Some(scene.before.inode));
    }
}
