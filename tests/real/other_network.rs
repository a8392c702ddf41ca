//! A master in another network than the one that changeover is started in.

use std::process::Command;

use crate::support::changeover::{Run, Running};
use crate::support::host::Host;
use crate::support::sandbox::Sandbox;
use crate::support::scene::Scene;

/// The standard plan, run by what these words start.
fn started_by(host: &Host, words: &[&str]) -> Run {
    let offer = host.offer("1.26.3");
    let inner: Command = host.changeover_command(&["run", "plans/nginx.toml"], &offer);
    let mut command = Sandbox::command(words[0]);
    command.args(&words[1..]).arg(inner.get_program()).args(inner.get_args()).args(["--output", "json"]);
    Running::spawn(command, &host.sandbox).wait()
}

#[test]
fn root_enters_the_network_of_the_master_and_changes_it_over() {
    let host = Host::new().running("1.22.1");
    let scene = Scene::play_with(host, |host| started_by(host, &["unshare", "--net"]));
    scene.committed("1.26.3");
}

#[test]
fn who_may_not_enter_it_is_refused_and_told_why() {
    let host = Host::new().running("1.22.1");
    let words = ["unshare", "--net", "setpriv", "--bounding-set", "-sys_admin"];
    let scene = Scene::play_with(host, |host| started_by(host, &words));
    scene.refused(12);
    assert!(scene.run.stdout().contains("preflight/other-network"), "{}", scene.run);
}
