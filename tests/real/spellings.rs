//! `/var/run` and `/run` are one directory: plan and configuration may spell the pid file differently.

use nix::sys::signal::Signal;

use crate::support::host::Host;
use crate::support::scene::Scene;

const STANDARD: &str = "plans/nginx.toml";
const OTHER: [&str; 2] = ["--set", "pid-file=/var/run/nginx.pid"];

#[test]
fn the_plan_may_spell_the_pid_file_as_the_configuration_does_not() {
    let host = Host::new().running("1.22.1");
    let offer = host.offer("1.26.3");
    let scene =
        Scene::play_with(host, |host| host.changeover(&[&["run", STANDARD], &OTHER[..]].concat(), &offer));
    scene.committed("1.26.3");
    let runs = scene.host.path("/var/lib/changeover/run_nginx.pid");
    assert!(runs.is_dir(), "both spellings are one instance");
    let offer = scene.host.offer("faulty/answers-500");
    let scene = Scene::play_with(scene.host, |host| {
        host.changeover(&[&["run", STANDARD], &OTHER[..]].concat(), &offer)
    });
    scene.rolled_back(20);
}

#[test]
fn the_configuration_may_spell_it_as_the_plan_does_not() {
    let host = Host::new();
    host.install("1.22.1");
    let text = host.config.text(std::path::Path::new("/"));
    host.write("/etc/nginx/nginx.conf", text.replace("pid /run/", "pid /var/run/"));
    host.start();
    let offer = host.offer("1.26.3");
    Scene::play(host, STANDARD, &offer).committed("1.26.3");
}

#[test]
fn a_run_by_the_one_spelling_locks_out_a_run_by_the_other() {
    let host = Host::new().running("1.22.1");
    let offer = host.offer("1.26.3");
    let mut first = host.start_changeover(&["run", "plans/soak-and-watch.toml", "--set", "soak=1m"], &offer);
    first.wait_for("the soak begins", |line| line.event["action"] == "soak");
    let second = host.changeover(&[&["run", STANDARD], &OTHER[..]].concat(), &offer);
    assert_eq!((second.exit(), second.said("verdict")), (13, "refused"), "{second}");
    first.signal(Signal::SIGINT);
    assert_eq!(first.wait().exit(), 21);
}
