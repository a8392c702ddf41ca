//! Waits that take half of their time say so, also where no step is in hand: before the first one and on the way back.

use nix::sys::signal::Signal;

use crate::support::changeover::Run;
use crate::support::host::Host;
use crate::support::meeting::{Met, Moment};
use crate::support::scene::Scene;
use crate::support::silent::Silent;

/// The waits that were told as slow: their step and what was waited for.
fn slow(run: &Run) -> Vec<(Option<u64>, &str)> {
    let told = run.lines.iter().filter(|line| line.name() == "slow");
    let read = told.map(|line| {
        let of = |key: &str| line.event[key].as_f64().expect("a time");
        assert!(of("waited") >= of("timeout") / 2.0, "{}", line.text);
        (line.event["step"].as_u64(), line.event["waiting"].as_str().expect("what is waited for"))
    });
    read.collect()
}

#[test]
fn old_that_does_not_answer_the_baseline_is_told_before_the_run_is_refused() {
    let host = Host::new().with(Silent::location).running("1.22.1");
    let _silent = Silent::listen(&host);
    let plan = std::fs::read_to_string("plans/soak-and-watch.toml").expect("the plan");
    let patient = plan.replace("[probe.health]\n", "[probe.health]\nrequest-timeout = \"1s\"\n");
    host.write("/srv/patient.toml", patient);
    let offer = host.offer("1.26.3");
    let arguments = ["run", "/srv/patient.toml", "--set", "health-url=http://127.0.0.1/silent"];
    let scene = Scene::play_with(host, |host| host.changeover(&arguments, &offer));
    scene.refused(12);
    assert_eq!(slow(&scene.run), [(None, "old to answer the probes")], "{}", scene.run);
}

#[test]
fn a_way_back_that_waits_for_a_request_in_hand_says_so() {
    let host = Host::new().with(Silent::location).running("1.22.1");
    let (silent, offer) = (Silent::listen(&host), host.offer("1.26.3"));
    let quit = ("[probe.health]\n", "[rollback]\nquit-timeout = \"2s\"\n\n[probe.health]\n");
    let scene = Scene::play_with(host, |host| {
        let mut met = Met::at(Moment::Soak, host, &offer, &[quit]);
        let held = silent.hold(host);
        met.run.signal(Signal::SIGINT);
        met.run.wait_for("the wait is slow", |line| line.name() == "slow");
        drop(held);
        met.run.wait()
    });
    scene.rolled_back(21);
    assert_eq!(slow(&scene.run), [(None, "new leaves")], "{}", scene.run);
}
