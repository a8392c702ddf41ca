//! What is refused before anything live is touched: exit codes 2, 10, 12 and 13, and a host that noticed nothing.

use crate::support::builds;
use crate::support::host::{Host, Offer, PID_FILE};
use crate::support::scene::{Scene, Snapshot};

const STANDARD: &str = "plans/nginx.toml";

fn host() -> Host {
    Host::new().running("1.22.1")
}

/// Plays the standard plan with an offer that must be refused by the check of this code.
#[track_caller]
fn is_refused(host: Host, offer: &Offer, code: &str) {
    let scene = Scene::play(host, STANDARD, offer);
    scene.refused(12);
    let refusal = |line: &&crate::support::changeover::Line| line.event["level"] == "refuse";
    let codes: Vec<_> =
        scene.run.lines.iter().filter(refusal).filter_map(|line| line.event["code"].as_str()).collect();
    assert!(codes.contains(&code), "{codes:?} {}", scene.run);
}

#[test]
fn a_garbage_file() {
    let host = host();
    let offer = host.offer_bytes("1.26.3", b"\x7fELF or so", 0o755);
    is_refused(host, &offer, "preflight/build-does-not-run");
}

#[test]
fn a_wrong_digest() {
    let host = host();
    let offer = Offer { sha256: "0".repeat(64), ..host.offer("1.26.3") };
    is_refused(host, &offer, "preflight/sha256-differs");
}

#[test]
fn another_version_than_the_plan_says() {
    let host = host();
    let offer = Offer { version: "1.26.4".into(), ..host.offer("1.26.3") };
    is_refused(host, &offer, "preflight/version-differs");
}

#[test]
fn a_file_without_an_execute_bit() {
    let host = host();
    let bytes = std::fs::read(builds::executable("1.26.3")).expect("the build");
    let offer = host.offer_bytes("1.26.3", &bytes, 0o644);
    is_refused(host, &offer, "preflight/source-not-executable");
}

#[test]
fn a_file_that_is_not_there() {
    let host = host();
    let offer = Offer { source: "/srv/nowhere".into(), ..host.offer("1.26.3") };
    is_refused(host, &offer, "preflight/source-not-staged");
}

#[test]
fn a_configuration_that_the_new_build_does_not_take() {
    let host = Host::new().with(|config| config.http = "http2 on;".into()).running("1.26.3");
    let offer = host.offer("1.22.1");
    is_refused(host, &offer, "preflight/configuration-rejected");
}

#[test]
fn a_missing_pid_file() {
    let host = host();
    let offer = host.offer("1.26.3");
    let pid = host.read(PID_FILE).expect("the pid file");
    std::fs::remove_file(host.path(PID_FILE)).expect("remove the pid file");
    let run = host.changeover(&["run", STANDARD], &offer);
    assert_eq!(run.exit(), 12, "{run}");
    assert_eq!(host.read(PID_FILE), None);
    host.write(PID_FILE, pid);
    assert_eq!((host.masters().len(), host.answering().as_deref()), (1, Some("1.22.1")));
    assert_eq!((host.left_beside_binary(), host.binary_on_disk()), (vec![], "1.22.1".to_owned()));
}

#[test]
fn where_nobody_serves_a_refusal_does_not_say_that_old_does() {
    let host = Host::new();
    let run = host.changeover(&["run", STANDARD], &host.offer("1.26.3"));
    assert_eq!((run.exit(), run.said("verdict"), run.said("serving")), (12, "refused", "none"), "{run}");
}

#[test]
fn a_master_in_the_foreground() {
    let host = Host::new().with(|config| config.daemon = false).running("1.22.1");
    let offer = host.offer("1.26.3");
    is_refused(host, &offer, "preflight/daemon-off");
}

#[test]
fn a_second_runner_while_one_runs() {
    let host = host();
    let offer = host.offer("1.26.3");
    let mut first = host.start_changeover(&["run", "plans/soak-and-watch.toml", "--set", "soak=1m"], &offer);
    first.wait_for("the soak begins", |line| line.event["action"] == "soak");
    let second = host.changeover(&["run", STANDARD], &offer);
    assert_eq!((second.exit(), second.said("verdict")), (13, "refused"), "{second}");
    first.signal(nix::sys::signal::Signal::SIGINT);
    assert_eq!(first.wait().exit(), 21);
}

#[test]
fn plans_that_cannot_be_read() {
    let host = host();
    let before = Snapshot::of(&host);
    let too_long = format!("# {}\n", "x".repeat(1 << 20));
    for (text, exit) in [(&b"format = 1 \xff\n"[..], 10), (too_long.as_bytes(), 10), (b"format = \n", 10)] {
        host.write("/srv/plan.toml", text);
        let run = host.changeover_bare(&["run", "/srv/plan.toml"]);
        assert_eq!(run.exit(), exit, "{run}");
    }
    let run = host.changeover_bare(&["run", "/srv/no-such-plan.toml"]);
    assert_eq!(run.exit(), 2, "{run}");
    assert_eq!(Snapshot::of(&host), before);
}

#[test]
fn a_plan_that_would_end_the_old_master_before_the_commit_is_refused_by_the_verifier() {
    let host = host();
    let offer = host.offer("1.26.3");
    let plan = std::fs::read_to_string(STANDARD).expect("the standard plan");
    host.write("/srv/plan.toml", plan.replace("\"WINCH\"", "\"QUIT\""));
    let before = Snapshot::of(&host);
    let run = host.changeover(&["run", "/srv/plan.toml"], &offer);
    assert_eq!(run.exit(), 11, "{run}");
    assert_eq!(Snapshot::of(&host), before);
}

#[test]
fn a_system_that_gives_no_descriptors_is_told_by_1() {
    let host = host();
    let before = Snapshot::of(&host);
    let command = host.changeover_command(&["run", STANDARD], &host.offer("1.26.3"));
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words = words.filter_map(std::ffi::OsStr::to_str);
    let output = host.exec("prlimit", &[&["--nofile=4"], &words.collect::<Vec<_>>()[..]].concat());
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(Snapshot::of(&host), before);
}
