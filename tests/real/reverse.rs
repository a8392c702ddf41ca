//! The changeover in reverse: old's master was killed or told to leave, and new starts the old binary again. Exit 20,
//! from a master that did not live before; and 30 or 31 where that cannot be.

use std::os::unix::net::UnixStream;

use nix::sys::signal::Signal;

use crate::support::changeover::{Run, Running};
use crate::support::config::Config;
use crate::support::host::Host;
use crate::support::left::kill_both;
use crate::support::meeting::{
    Met, Moment, NO_WATCH, break_configuration, diagnosis, inode, met, met_on, moves_back, plan, reloads_well,
};
use crate::support::scene::Scene;
use crate::support::silent::{Held, Silent};
use crate::support::wait_until;

/// Who drains may do so for a moment only.
const QUIT_TIMEOUT: (&str, &str) =
    ("[probe.health]\n", "[rollback]\nquit-timeout = \"200ms\"\n\n[probe.health]\n");

/// Kills old's master and lets the run end.
fn kill_old(met: Met<'_>) -> Run {
    met.host.kill(met.old, Signal::SIGKILL);
    met.run.wait()
}

/// The end of old's master was noticed, and its binary serves again.
#[track_caller]
fn came_back(scene: &Scene) {
    assert_eq!(diagnosis(&scene.run), "run/old-master-gone", "{}", scene.run);
    scene.rolled_back_in_reverse(20);
    reloads_well(scene);
}

#[test]
fn old_killed_while_both_accept_is_started_again_and_its_orphans_leave() {
    let scene = met(Moment::BothAccept, kill_old);
    came_back(&scene);
    let moves = moves_back(&scene.run);
    assert_eq!(
        moves.get(..4),
        Some(&["unlink-oldbin", "reverse", "QUIT new", "quit-strays"].map(Into::into)[..])
    );
    assert_eq!(scene.served.harmed(), 0, "{}", scene.served);
}

#[test]
fn old_killed_in_the_soak_is_started_again_without_a_gap() {
    for (old, build) in [("1.22.1", "1.26.3"), ("1.26.3", "1.18.0"), ("1.18.0", "1.26.3")] {
        let scene = met_on(Host::new().running(old), build, Moment::Soak, kill_old);
        came_back(&scene);
        assert_eq!(scene.run.exit(), 20, "{}", scene.run);
        assert_eq!(moves_back(&scene.run), ["unlink-oldbin", "reverse", "QUIT new"], "{}", scene.run);
        assert_eq!(scene.served.harmed(), 0, "{old}: {}", scene.served);
    }
}

/// Kills old's master as soon as `moment` has come, while the run does not look; whatever becomes of new's workers.
fn killed_once(build: &str, moment: impl FnOnce(&Host)) -> Scene {
    let host = Host::new().running("1.22.1");
    let (offer, plan) = (host.offer(build), plan(&host, &[NO_WATCH, QUIT_TIMEOUT]));
    Scene::play_with(host, |host| {
        let old = host.master().expect("a master");
        let mut run = host.start_changeover(&["run", plan], &offer);
        run.wait_for("new is executed", |line| line.name() == "window-closed");
        run.signal(Signal::SIGSTOP);
        moment(host);
        host.kill(old, Signal::SIGKILL);
        run.signal(Signal::SIGCONT);
        run.wait()
    })
}

#[test]
fn a_sick_new_starts_old_again_and_is_left() {
    for fault in ["answers-500", "hangs", "segfaults-at-start", "exits-2"] {
        let scene = killed_once(&format!("faulty/{fault}"), |host| {
            wait_until("new has its title", || host.masters().len() == 2);
        });
        // Which of the two is noticed first, old's end or what is wrong with new, is not the point.
        scene.rolled_back_in_reverse(20);
        reloads_well(&scene);
        assert_eq!(scene.served.refused(), 0, "{fault}: {}", scene.served);
    }
}

/// The master of the found binary that new has started.
fn back_master(run: &mut Running) -> i32 {
    run.wait_for("the old binary starts", |line| line.name() == "back-master");
    let lines = run.lines();
    let last = lines.iter().rfind(|line| line.name() == "back-master").expect("the event");
    last.event["pid"].as_i64().and_then(|pid| pid.try_into().ok()).expect("a pid")
}

#[test]
fn a_started_old_that_is_killed_is_started_once_more_and_no_oftener() {
    let scene = met(Moment::Soak, |mut met| {
        met.host.kill(met.old, Signal::SIGKILL);
        let back = back_master(&mut met.run);
        met.host.kill_if_there(back, Signal::SIGKILL);
        met.run.wait()
    });
    came_back(&scene);
    let moves = moves_back(&scene.run);
    assert_eq!(moves.iter().filter(|what| *what == "reverse").count(), 2, "{}", scene.run);
    assert_eq!(scene.served.harmed(), 0, "{}", scene.served);
}

#[test]
fn a_started_old_that_a_stranger_drains_is_reloaded_while_new_serves() {
    let scene = met(Moment::Soak, |mut met| {
        met.host.kill(met.old, Signal::SIGKILL);
        let back = back_master(&mut met.run);
        met.run.signal(Signal::SIGSTOP);
        wait_until("the old binary accepts", || met.host.accepting(back).len() == 2);
        met.host.kill(back, Signal::SIGWINCH);
        wait_until("nobody of it accepts", || met.host.accepting(back).is_empty());
        met.run.signal(Signal::SIGCONT);
        met.run.wait()
    });
    came_back(&scene);
    assert!(moves_back(&scene.run).contains(&"HUP old".to_owned()), "{}", scene.run);
    assert_eq!(scene.served.harmed(), 0, "{}", scene.served);
}

#[test]
fn old_that_a_stranger_told_quit_is_started_again() {
    for moment in [Moment::BothAccept, Moment::Soak] {
        let scene = met(moment, |met| {
            met.host.kill(met.old, Signal::SIGQUIT);
            met.run.wait()
        });
        came_back(&scene);
        assert_eq!(moves_back(&scene.run), ["reverse", "QUIT new"], "{}", scene.run);
        assert_eq!(scene.served.harmed(), 0, "{}", scene.served);
    }
}

/// Old has a request in hand when a stranger tells it QUIT in the soak.
fn drains(changes: &[(&str, &str)], act: impl FnOnce(Met<'_>, Held) -> Run) -> Scene {
    let host = Host::new().with(Silent::location).running("1.22.1");
    let silent = Silent::listen(&host);
    let (offer, held) = (host.offer("1.26.3"), silent.hold(&host));
    Scene::play_with(host, |host| {
        let mut met = Met::at(Moment::Soak, host, &offer, changes);
        met.host.kill(met.old, Signal::SIGQUIT);
        met.fails();
        assert!(met.host.is_alive(met.old), "it still has a request in hand");
        act(met, held)
    })
}

#[test]
fn old_that_drains_is_known_to_leave_also_by_whoever_has_never_seen_it_listen() {
    let host = Host::new().with(Silent::location).running("1.22.1");
    let silent = Silent::listen(&host);
    let (offer, held) = (host.offer("1.26.3"), silent.hold(&host));
    let scene = Scene::play_with(host, |host| {
        let met = Met::at(Moment::Soak, host, &offer, &[]);
        kill_both(host, met.run);
        host.kill(met.old, Signal::SIGQUIT);
        let mut recovery = host.start_bare(&["recover", "--output", "json"]);
        recovery.wait_for("the way back waits", |line| line.event["waiting"] == "old-leaves");
        drop(held);
        recovery.wait()
    });
    assert_eq!((scene.run.exit(), scene.run.said("verdict")), (20, "rolled-back"), "{}", scene.run);
    assert_eq!(moves_back(&scene.run), ["reverse", "QUIT new"], "{}", scene.run);
    assert_eq!(scene.served.harmed(), 0, "{}", scene.served);
}

#[test]
fn old_that_drains_after_a_strangers_quit_may_finish_before_it_is_started_again() {
    let scene = drains(&[], |mut met, held| {
        met.run.wait_for("the way back waits", |line| line.event["waiting"] == "old-leaves");
        drop(held);
        met.run.wait()
    });
    came_back(&scene);
    assert_eq!(moves_back(&scene.run), ["reverse", "QUIT new"], "{}", scene.run);
}

#[test]
fn old_that_drains_for_longer_than_new_might_is_told_term() {
    let scene = drains(&[QUIT_TIMEOUT], |met, held| {
        let run = met.run.wait();
        drop(held);
        run
    });
    came_back(&scene);
    let moves = moves_back(&scene.run);
    assert_eq!(moves.get(..2), Some(&["TERM old", "reverse"].map(Into::into)[..]), "{}", scene.run);
}

/// Old is gone for good and new serves: a person decides. The path holds what was found.
#[track_caller]
fn new_was_kept(scene: &Scene) {
    let (run, before, after) = (&scene.run, &scene.before, &scene.after);
    assert_eq!((run.exit(), run.said("verdict"), run.said("serving")), (30, "stuck", "new"), "{run}");
    assert_eq!((after.inode, &after.binary), (before.inode, &before.binary), "{run}");
    assert_eq!((after.masters.len(), after.accepting, after.oldbin.as_ref()), (1, 2, None), "{after:?}");
    assert_eq!(after.pid_file.as_deref().map(str::trim), Some(&*after.masters[0].to_string()), "{run}");
    assert_eq!(scene.served.harmed(), 0, "{}", scene.served);
}

#[test]
fn with_a_configuration_that_the_old_binary_rejects_new_serves_on_and_a_person_can_go_back() {
    let scene = met(Moment::Soak, |met| {
        break_configuration(met.host);
        kill_old(met)
    });
    new_was_kept(&scene);
    assert_eq!(moves_back(&scene.run), ["unlink-oldbin"], "{}", scene.run);
    // What the verdict says that a person does.
    let (host, new) = (&scene.host, scene.after.masters[0]);
    let next = scene.run.verdict()["next"].to_string();
    assert!(
        next.contains(&format!("kill -USR2 {new}")) && next.contains(&format!("kill -QUIT {new}")),
        "{next}"
    );
    host.write_config();
    host.kill(new, Signal::SIGUSR2);
    let back = || host.masters().into_iter().find(|master| *master != new);
    wait_until("the old binary accepts", || back().is_some_and(|back| host.accepting(back).len() == 2));
    host.kill(new, Signal::SIGQUIT);
    assert!(host.wait_gone(new));
    assert_eq!(host.answering().as_deref(), Some("1.22.1"));
}

#[test]
fn with_a_foreign_file_at_the_path_nothing_is_started_from_it() {
    let scene = met(Moment::Soak, |met| {
        met.unseen(|met| {
            met.host.install("1.18.0");
            met.host.kill(met.old, Signal::SIGKILL);
        });
        met.run.wait()
    });
    assert_eq!((scene.run.exit(), scene.run.said("serving")), (30, "new"), "{}", scene.run);
    assert_eq!(scene.after.binary, "1.18.0");
    assert_eq!((scene.after.masters.len(), scene.served.harmed()), (1, 0), "{}", scene.served);
}

#[test]
fn when_new_leaves_too_nobody_serves_and_the_run_says_so() {
    let scene = met(Moment::Soak, |met| {
        met.unseen(|met| {
            met.host.kill(met.old, Signal::SIGKILL);
            met.end(met.new, Signal::SIGQUIT);
        });
        met.run.wait()
    });
    let run = &scene.run;
    assert_eq!((run.exit(), run.said("verdict"), run.said("serving")), (31, "stuck", "none"), "{run}");
    assert_eq!((scene.after.masters.len(), scene.after.inode), (0, scene.before.inode), "{run}");
}

/// A service manager ends all processes and starts the old binary, unseen.
fn restarted(met: &Met<'_>) {
    met.unseen(|met| {
        let workers = met.host.accepting(met.old);
        met.end(met.old, Signal::SIGKILL);
        for worker in workers {
            met.end(worker, Signal::SIGKILL);
        }
        met.end(met.new, Signal::SIGTERM);
        met.host.start();
    });
}

#[track_caller]
fn old_again(scene: &Scene, exit: i32) {
    let run = &scene.run;
    assert_eq!((run.exit(), run.said("verdict"), run.said("serving")), (exit, "rolled-back", "old"), "{run}");
    assert_eq!(scene.after.answering.as_deref(), Some("1.22.1"));
    reloads_well(scene);
}

#[test]
fn a_master_of_the_found_binary_that_a_service_manager_started_is_old_again() {
    let scene = met(Moment::Soak, |met| {
        restarted(&met);
        met.run.wait()
    });
    old_again(&scene, 20);
}

#[test]
fn a_service_managers_master_is_old_again_also_in_the_middle_of_the_way_back() {
    let host = Host::new().with(Silent::location).running("1.22.1");
    let silent = Silent::listen(&host);
    let offer = host.offer("1.26.3");
    let scene = Scene::play_with(host, |host| {
        let mut met = Met::at(Moment::Soak, host, &offer, &[]);
        let held = silent.hold(host);
        met.run.signal(Signal::SIGINT);
        met.run.wait_for("the way back waits", |line| line.event["waiting"] == "new-leaves");
        restarted(&met);
        drop(held);
        met.run.wait()
    });
    old_again(&scene, 21);
}

#[test]
fn a_unix_path_and_reuseport_survive_a_changeover_and_its_reverse() {
    const SOCKET: &str = "/run/www.sock";
    let unix = |config: &mut Config| {
        (config.reuseport, config.server) = (true, format!("listen unix:{SOCKET};"));
    };
    let host = Host::new().with(unix).running("1.22.1");
    let socket = inode(&host, SOCKET);
    let scene = met_on(host, "1.18.0", Moment::Soak, kill_old);
    came_back(&scene);
    assert_eq!(inode(&scene.host, SOCKET), socket, "{}", scene.run);
    assert!(UnixStream::connect(scene.host.path(SOCKET)).is_ok());
    assert_eq!(scene.served.harmed(), 0, "{}", scene.served);
}
