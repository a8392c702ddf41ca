//! Ctrl-Z and SIGSTOP: a run that is stopped for a while is stopped between two moves, and looks before it judges.

use std::time::Duration;

use nix::sys::signal::Signal;

use crate::interrupts::{SLOW, begins};
use crate::support::changeover::{Line, Run, Running};
use crate::support::host::{Host, Offer};
use crate::support::left::{self, guardians};
use crate::support::meeting::diagnosis;
use crate::support::scene::Scene;
use crate::support::silent::Silent;
use crate::support::{holds_within, wait_until};

/// Suspends the run, sees it stop, and lets it go on.
fn suspend(run: &Running) {
    run.signal(Signal::SIGTSTP);
    wait_until("the run is stopped", || run.is_stopped());
    run.signal(Signal::SIGCONT);
}

/// The places of these events among all, in order.
fn places(run: &Run, names: &[&str]) -> Vec<usize> {
    let place = |name: &&str| run.lines.iter().position(|line| line.name() == *name);
    names.iter().map(|name| place(name).unwrap_or_else(|| panic!("no {name}: {run}"))).collect()
}

fn quick() -> String {
    SLOW.replace("\"1s\"", "\"200ms\"").replace("100\n", "10\n")
}

/// A run of the slow plan on a loaded host, suspended when an event matches.
fn suspended_at(matches: impl Fn(&Line) -> bool) -> Scene {
    let host = Host::new().running("1.22.1");
    let offer = host.offer("1.26.3");
    host.write("/srv/slow.toml", quick());
    Scene::play_with(host, |host| {
        let mut run = host.start_changeover(&["run", "/srv/slow.toml"], &offer);
        run.wait_for("the moment", matches);
        suspend(&run);
        run.wait()
    })
}

#[test]
fn a_run_that_is_suspended_in_any_phase_goes_on_and_commits() {
    let event = |name: &'static str| move |line: &Line| line.name() == name;
    suspended_at(event("run-started")).committed("1.26.3");
    for step in [1, 3, 6, 7] {
        suspended_at(begins(step)).committed("1.26.3");
    }
}

#[test]
fn nobody_stops_inside_the_exec_window_nor_before_the_checks_are_over() {
    for (met, ends) in [("window-opened", "window-closed"), ("run-started", "forward-started")] {
        let scene = suspended_at(|line| line.name() == met);
        scene.committed("1.26.3");
        let places = places(&scene.run, &[met, ends, "suspended", "resumed"]);
        assert!(places.is_sorted(), "{places:?} {}", scene.run);
    }
}

#[test]
fn the_way_back_and_the_wait_for_old_go_on_too() {
    let host = Host::new().with(Silent::location).running("1.22.1");
    let offer = host.offer("1.26.3");
    let silent = Silent::listen(&host);
    let held = silent.hold(&host);
    let mut run = host.start_changeover(&["run", "plans/nginx.toml"], &offer);
    run.wait_for("QUIT to old", |line| line.name() == "quit-sent");
    suspend(&run);
    drop(held);
    assert_eq!(run.wait().exit(), 0);

    let scene = Scene::play_with(Host::new().running("1.22.1"), |host| {
        let offer = host.offer("faulty/hangs");
        let mut run = host.start_changeover(&["run", "plans/nginx.toml"], &offer);
        run.wait_for("TERM to new", |line| line.event["signal"] == "TERM");
        suspend(&run);
        run.wait()
    });
    scene.rolled_back(20);
}

#[test]
fn the_time_that_a_run_was_stopped_counts_for_no_time_out() {
    let probing = "pass-after = 5\ninterval = \"100ms\"\ntimeout = \"1s\"\n";
    let host = Host::new().running("1.22.1");
    let offer = host.offer("1.26.3");
    host.write("/srv/slow.toml", quick().replace("pass-after = 10\n", probing));
    let scene = Scene::play_with(host, |host| {
        let mut run = host.start_changeover(&["run", "/srv/slow.toml"], &offer);
        run.wait_for("the first probe", |line| {
            line.name() == "probed" && line.event["by"]["generation"] == "new"
        });
        run.signal(Signal::SIGSTOP);
        // Longer than the step may take.
        holds_within(Duration::from_millis(1_200), || false);
        run.signal(Signal::SIGCONT);
        run.wait()
    });
    scene.committed("1.26.3");
    places(&scene.run, &["probed", "resumed", "commit-recorded"]);
}

/// Refused with 13, the message says who is stopped, and what to type.
fn refused_because_of(host: &Host, offer: &Offer, who: &str, pid: i32) {
    let refused = host.changeover(&["run", "plans/nginx.toml"], offer);
    assert_eq!((refused.exit(), diagnosis(&refused)), (13, "host/locked"), "{refused}");
    let told = format!("{who}, which is stopped: kill -CONT {pid}");
    assert!(refused.said("message").contains(&told), "{told}: {refused}");
    let next = refused.verdict()["next"][0].as_str().unwrap_or_default();
    assert!(next.starts_with(&format!("kill -CONT {pid} ")), "{refused}");
}

#[test]
fn who_is_refused_by_a_run_or_a_guardian_that_is_stopped_is_told_so() {
    let host = Host::new().running("1.22.1");
    let offer = host.offer("1.26.3");
    let mut run = host.start_changeover(&["run", "plans/soak-and-watch.toml", "--set", "soak=1m"], &offer);
    run.wait_for("the soak begins", |line| line.event["action"] == "soak");
    run.signal(Signal::SIGSTOP);
    wait_until("the run is stopped", || run.is_stopped());
    let id = run.lines()[0].event["run"].as_str().expect("its id").to_owned();
    // A run is named after its process.
    let pid = id.rsplit('-').next().and_then(|pid| pid.parse().ok()).expect("its pid");
    refused_because_of(&host, &offer, &format!("process {pid} (run {id})"), pid);

    let [guardian] = guardians(&host)[..] else { panic!("no guardian") };
    host.kill(guardian, Signal::SIGSTOP);
    run.signal(Signal::SIGKILL);
    let _ = run.wait();
    refused_because_of(&host, &offer, &format!("process {guardian}, the guardian of run {id}"), guardian);
    host.kill(guardian, Signal::SIGCONT);
    assert_eq!(left::verdict(&host), Some((20, "rolled-back".to_owned())));
}
