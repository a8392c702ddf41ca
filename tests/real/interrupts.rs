//! A person stops the run: before anything was touched (17), on the way (21), and after the commit (0).

use nix::sys::signal::Signal;

use crate::support::changeover::Line;
use crate::support::host::Host;
use crate::support::scene::Scene;
use crate::support::silent::Silent;

/// The standard steps, with a soak; slow enough to be met in each of them.
pub(crate) const SLOW: &str = r#"
format = 1
name = "slow"
[inputs.version]
type = "string"
[inputs.source]
type = "path"
[inputs.sha256]
type = "string"
[inputs.health-url]
type = "string"
default = "http://127.0.0.1/healthz"
[service]
kind = "nginx"
pid-file = "/run/nginx.pid"
[probe.health]
url = "${health-url}"
[[step]]
action = "replace-binary"
source = "${source}"
sha256 = "${sha256}"
version = "${version}"
[[step]]
action = "signal"
signal = "USR2"
to = "old-master"
[[step]]
action = "wait-for-workers"
generation = "new"
until = "accepting"
stable-for = "1s"
[[step]]
action = "signal"
signal = "WINCH"
to = "old-master"
[[step]]
action = "wait-for-workers"
generation = "old"
until = "draining"
[[step]]
action = "http-probe"
probe = "health"
pass-after = 100
[[step]]
action = "soak"
for = "1s"
[[step]]
action = "commit"
"#;

/// Sends a signal to the run when an event matches, on a loaded host.
fn interrupted(signal: Signal, more: &[&str], matches: impl Fn(&Line) -> bool) -> Scene {
    let host = Host::new().with(Silent::location).running("1.22.1");
    let offer = host.offer("1.26.3");
    host.write("/srv/slow.toml", SLOW);
    let _silent = Silent::listen(&host);
    Scene::play_with(host, |host| {
        let mut run = host.start_changeover(&[&["run", "/srv/slow.toml"], more].concat(), &offer);
        run.wait_for("the moment to interrupt", matches);
        run.signal(signal);
        run.wait()
    })
}

pub(crate) fn begins(step: u64) -> impl Fn(&Line) -> bool {
    move |line| line.name() == "step-started" && line.event["step"] == step
}

#[test]
fn in_preflight_nothing_was_touched() {
    let silent = ["--set", "health-url=http://127.0.0.1/silent"];
    interrupted(Signal::SIGINT, &silent, |line| line.name() == "run-started").refused(17);
}

#[test]
fn from_usr2_to_the_commit_old_serves_again() {
    for step in 3..=7 {
        let scene = interrupted(Signal::SIGINT, &[], begins(step));
        scene.rolled_back(21);
        assert_eq!(scene.served.harmed(), 0, "step {step}: {}", scene.served);
    }
}

#[test]
fn around_usr2_it_is_one_or_the_other_and_the_exit_code_says_which() {
    for step in 1..=2 {
        let scene = interrupted(Signal::SIGINT, &[], begins(step));
        match scene.run.exit() {
            17 => scene.refused(17),
            _ => scene.rolled_back(21),
        }
    }
}

#[test]
fn sigterm_and_sighup_do_the_same() {
    interrupted(Signal::SIGTERM, &[], begins(3)).rolled_back(21);
    interrupted(Signal::SIGHUP, &[], begins(7)).rolled_back(21);
}

#[test]
fn after_the_commit_record_the_run_goes_on_to_its_end() {
    interrupted(Signal::SIGINT, &[], |line| line.name() == "commit-recorded").committed("1.26.3");
}
