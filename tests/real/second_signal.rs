//! A person who asks again: the way back, or the wait for old's connections, ends where it is (23). And who does not ask
//! again: programs that send a signal twice, shells that let one be ignored.

use std::process::Command;

use nix::sys::signal::Signal;
use serde_json::json;

use crate::interrupts::{SLOW, begins};
use crate::support::changeover::{Line, Run, Running};
use crate::support::gate::Gate;
use crate::support::host::{Host, Offer};
use crate::support::meeting::{NO_WATCH, SOAK_FIRST, binary_inode, plan};
use crate::support::process::Process;
use crate::support::sandbox::Sandbox;
use crate::support::scene::Scene;
use crate::support::silent::{Held, Silent};
use crate::support::wait_until;

const SOAKING: [&str; 4] = ["run", "plans/soak-and-watch.toml", "--set", "soak=1m"];

fn interruptions(run: &Running) -> Vec<Line> {
    run.lines().into_iter().filter(|line| line.name() == "interrupted").collect()
}

/// Signals until the run has told so many requests: signals that come at once are one.
fn ask_until(run: &Running, signal: Signal, times: usize) {
    wait_until("the request is told", || {
        run.signal(signal);
        interruptions(run).len() >= times
    });
}

fn heeded(run: &Run) -> Vec<bool> {
    let told = run.lines.iter().filter(|line| line.name() == "interrupted");
    told.map(|line| line.event["heeded"] == true).collect()
}

/// A host where new has a request in hand that is not done, so that the way back takes a while.
fn soaking_with_a_request_in_hand() -> (Host, Running, Silent, Held) {
    let host = Host::new().with(Silent::location).running("1.22.1");
    let offer = host.offer("1.26.3");
    let silent = Silent::listen(&host);
    let mut run = host.start_changeover(&SOAKING, &offer);
    run.wait_for("the soak begins", |line| line.event["action"] == "soak");
    let held = silent.hold(&host);
    (host, run, silent, held)
}

#[test]
fn asked_again_on_the_way_back_everything_stays_as_it_is_and_the_path_holds_what_was_found() {
    let (host, mut run, _silent, _held) = soaking_with_a_request_in_hand();
    run.signal(Signal::SIGINT);
    run.wait_for("QUIT to new", |line| line.event["way_back"] == true && line.event["signal"] == "QUIT");
    // It has reached new's workers.
    run.wait_for("nobody of new accepts", |line| {
        (line.name(), &line.event["generation"], &line.event["accepting"])
            == ("workers", &json!("new"), &json!(0))
    });
    ask_until(&run, Signal::SIGTERM, 2);
    let run = run.wait();
    assert_eq!((run.exit(), run.said("verdict"), heeded(&run)), (23, "stopped", vec![true, true]), "{run}");
    assert_eq!((host.masters().len(), host.binary_on_disk().as_str()), (2, "1.22.1"), "{run}");
    assert_eq!((run.said("serving"), host.answering().as_deref()), ("old", Some("1.22.1")), "{run}");
    let next = run.verdict()["next"].to_string();
    assert!(next.contains("new was told to leave") && next.contains("changeover status"), "{next}");
}

#[test]
fn asked_again_while_the_path_holds_the_file_of_the_run_it_is_put_back_first() {
    let host = Host::new().running("1.22.1");
    let (old, found, offer) = (host.master().expect("old"), binary_inode(&host), host.offer("1.26.3"));
    let plan = plan(&host, &[NO_WATCH, SOAK_FIRST]);
    let mut run = host.start_changeover(&["run", plan], &offer);
    run.wait_for("the first soak", |line| line.event["action"] == "soak");
    let [beside] = &*laid(&host) else { panic!("one staged file") };
    let mut gate = Gate::hold(&run);
    gate.until_exchange();
    // Old executes the new file now, and what was found cannot be put back.
    gate.until_exchange();
    let hidden = host.path("/usr/sbin/.hidden");
    std::fs::rename(host.path(beside), &hidden).expect("hide the old file");
    let new = || host.masters().into_iter().find(|master| *master != old);
    wait_until("new has its title", || new().is_some());
    let new = new().expect("new");
    host.kill(new, Signal::SIGSTOP);
    drop(gate);
    run.wait_for("the way back waits", |line| line.name() == "way-back-waits");
    assert_ne!(binary_inode(&host), found);
    std::fs::rename(&hidden, host.path(beside)).expect("give it back");
    ask_until(&run, Signal::SIGINT, 2);
    let run = run.wait();
    assert_eq!((run.exit(), run.said("verdict"), heeded(&run)), (23, "stopped", vec![false, true]), "{run}");
    assert_eq!((binary_inode(&host), host.is_alive(new)), (found, true), "{run}");
}

/// The staged file of the run that is under way.
fn laid(host: &Host) -> Vec<String> {
    let names = host.left_beside_binary().into_iter().filter(|name| !name.ends_with("-stub"));
    names.map(|name| format!("/usr/sbin/{name}")).collect()
}

#[test]
fn a_way_back_that_nobody_asked_for_goes_on_at_the_first_signal() {
    let host = Host::new().running("1.22.1");
    let offer = host.offer("faulty/hangs");
    let mut run = host.start_changeover(&["run", "plans/nginx.toml"], &offer);
    run.wait_for("the way back", |line| line.name() == "way-back-started");
    run.signal(Signal::SIGINT);
    let run = run.wait();
    assert_eq!((run.exit(), heeded(&run)), (20, vec![false]), "{run}");
    assert_eq!(host.answering().as_deref(), Some("1.22.1"));
}

#[test]
fn asked_again_while_old_finishes_its_connections_new_stays_committed() {
    let host = Host::new().with(Silent::location).running("1.22.1");
    let offer = host.offer("1.26.3");
    let silent = Silent::listen(&host);
    let held = silent.hold(&host);
    let mut run = host.start_changeover(&["run", "plans/nginx.toml"], &offer);
    run.wait_for("QUIT to old", |line| line.name() == "quit-sent");
    ask_until(&run, Signal::SIGINT, 2);
    let run = run.wait();
    assert_eq!((run.exit(), run.said("verdict"), heeded(&run)), (23, "stopped", vec![false, true]), "{run}");
    assert_eq!((run.said("serving"), host.answering().as_deref()), ("new", Some("1.26.3")), "{run}");
    assert_eq!((host.masters().len(), host.binary_on_disk().as_str()), (2, "1.26.3"), "{run}");
    drop(held);
    wait_until("old leaves by itself", || host.masters().len() == 1);
}

#[test]
fn in_preflight_any_number_of_signals_is_one_refusal() {
    let host = Host::new().with(Silent::location).running("1.22.1");
    let offer = host.offer("1.26.3");
    let _silent = Silent::listen(&host);
    Scene::play_with(host, |host| {
        let plan = ["run", "plans/nginx.toml", "--set", "health-url=http://127.0.0.1/silent"];
        let mut run = host.start_changeover(&plan, &offer);
        run.wait_for("the run begins", |line| line.name() == "run-started");
        wait_until("the checks are over", || {
            run.signal(Signal::SIGINT);
            run.lines().iter().any(|line| line.name() == "verdict")
        });
        run.wait()
    })
    .refused(17);
}

/// The run as another program starts it: `sh` and `timeout` by their arguments.
fn started_by(host: &Host, program: &[&str], plan: &str, offer: &Offer) -> Running {
    let run = host.changeover_command(&["run", plan, "--output", "json"], offer);
    let mut command: Command = Sandbox::command(program[0]);
    command.args(&program[1..]).arg(run.get_program()).args(run.get_args());
    Running::spawn(command, &host.sandbox)
}

#[test]
fn timeout_that_sends_its_signal_twice_asks_once() {
    let host = Host::new().running("1.22.1");
    let offer = host.offer("1.26.3");
    host.write("/srv/slow.toml", SLOW);
    let scene = Scene::play_with(host, |host| {
        let mut run = started_by(host, &["timeout", "1h"], "/srv/slow.toml", &offer);
        run.wait_for("both serve", begins(3));
        run.signal(Signal::SIGTERM);
        let mut run = run.wait();
        // Its own exit code says only that it was not the time.
        assert_eq!(run.verdict()["exit"], 21, "{run}");
        run.lines.retain(|line| line.name() == "verdict");
        run
    });
    assert_eq!(scene.after, scene.before, "{}", scene.run);
}

#[test]
fn a_signal_that_was_ignored_when_the_run_began_stays_ignored() {
    for (name, signal) in [("HUP", Signal::SIGHUP), ("INT", Signal::SIGINT), ("TSTP", Signal::SIGTSTP)] {
        let host = Host::new().running("1.22.1");
        let offer = host.offer("1.26.3");
        host.write("/srv/slow.toml", SLOW.replace("\"1s\"", "\"100ms\"").replace("100\n", "5\n"));
        let ignoring = format!("trap '' {name}; exec \"$@\"");
        let scene = Scene::play_with(host, |host| {
            let mut run = started_by(host, &["sh", "-c", &ignoring, "sh"], "/srv/slow.toml", &offer);
            run.wait_for("both serve", begins(3));
            run.signal(signal);
            let run = run.wait();
            assert_eq!(heeded(&run), [true; 0], "{run}");
            run
        });
        scene.committed("1.26.3");
        assert!(!scene.host.processes().iter().any(Process::is_draining));
    }
}
