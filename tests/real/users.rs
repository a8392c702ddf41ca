//! Without root: what the master's own user can do, and what another one is told.

use std::os::unix::process::CommandExt as _;

use crate::attributes::set_capability;
use crate::support::changeover::{Line, Run, Running};
use crate::support::host::{BINARY, Host};
use crate::support::meeting::{Moment, diagnosis, interrupt, met_on};
use crate::support::scene::Scene;

const STANDARD: &str = "plans/nginx.toml";
const WWW_DATA: u32 = 33;
const STRANGER: u32 = 4000;

fn host() -> Host {
    Host::new().owned_by(WWW_DATA).running("1.22.1")
}

/// The names in a directory of the host.
fn names(host: &Host, directory: &str) -> Vec<String> {
    let entries = std::fs::read_dir(host.path(directory)).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn refusals(run: &Run) -> Vec<(&str, &str)> {
    let refused = run.lines.iter().filter(|line| line.event["level"] == "refuse");
    refused
        .map(|line| {
            let said = |key: &str| line.event[key].as_str().unwrap_or_default();
            (said("code"), said("seen"))
        })
        .collect()
}

#[test]
fn the_master_s_own_user_takes_it_over_and_probes_are_attributed() {
    let host = host();
    let offer = host.offer("1.26.3");
    let scene = Scene::play(host, STANDARD, &offer);
    scene.committed("1.26.3");
    let host = &scene.host;
    let by_new = |line: &&Line| line.event["by"]["generation"] == "new";
    assert_eq!(scene.run.lines.iter().filter(by_new).count(), 5, "{}", scene.run);
    assert_eq!(
        names(host, "/srv/home/.local/state/changeover/run_nginx.pid").len(),
        1,
        "the run's own files"
    );
    assert!(host.names_in("/var/lib/changeover").is_empty());
    let status = host.changeover_bare(&["status", "--output", "json"]);
    assert_eq!((status.exit(), &status.verdict()["path"]), (0, &"found".into()), "{status}");
}

#[test]
fn the_master_s_own_user_goes_back_from_everywhere() {
    let host = host();
    let offer = host.offer("faulty/answers-500");
    let scene = Scene::play(host, STANDARD, &offer);
    scene.rolled_back(20);
    let scene = met_on(scene.host, "1.26.3", Moment::BothAccept, interrupt);
    scene.rolled_back(21);
    assert_eq!(scene.served.harmed(), 0, "{}", scene.served);
}

#[test]
fn root_and_the_master_s_own_user_take_turns() {
    let host = host();
    for (user, build) in [(None, "1.26.3"), (Some(WWW_DATA), "1.22.1"), (None, "1.26.3")] {
        let offer = host.offer(build);
        let mut command = host.changeover_command(&["run", STANDARD, "--output", "json"], &offer);
        if user.is_none() {
            command.uid(0).gid(0);
        }
        let run = Running::spawn(command, &host.sandbox).wait();
        assert_eq!(run.exit(), 0, "{user:?} {run}");
        assert_eq!(host.answering().as_deref(), Some(build));
    }
}

#[test]
fn another_user_is_told_everything_that_is_not_permitted_and_leaves_nothing() {
    let host = Host::new().running("1.22.1");
    let (master, offer) = (host.master().expect("a master"), host.offer("1.26.3"));
    let locks = names(&host, "/run/lock");
    host.write("/srv/home/here", "");
    host.give("/srv/home", STRANGER);
    let scene = Scene::play_with(Host { user: Some(STRANGER), ..host }, |host| {
        host.changeover(&["run", STANDARD], &offer)
    });
    scene.refused(12);
    let found = refusals(&scene.run);
    let codes: Vec<_> = found.iter().map(|(code, _)| *code).collect();
    assert_eq!(codes, ["preflight/no-permission", "preflight/pid-directory-not-writable"], "{}", scene.run);
    for what in [
        format!("signal master {master}"),
        format!("read the descriptors of master {master}"),
        format!("look at the files as master {master} sees them"),
        "test the configuration as user 0".to_owned(),
        format!("make and exchange files beside {BINARY}"),
    ] {
        assert!(found[0].1.contains(&what), "{what}: {}", found[0].1);
    }
    assert_eq!(names(&scene.host, "/run/lock"), locks, "no lock of a stranger is left");
    assert_eq!(names(&scene.host, "/srv/home"), ["here"]);
}

#[test]
fn a_master_with_file_capabilities_cannot_be_looked_at_by_its_own_user_and_that_is_told() {
    let host = Host::new().owned_by(WWW_DATA);
    host.install("1.22.1");
    host.write_config();
    set_capability(&host);
    host.start();
    let offer = host.offer("1.26.3");
    let scene = Scene::play(host, STANDARD, &offer);
    scene.refused(12);
    assert_eq!(diagnosis(&scene.run), "preflight/no-permission", "{}", scene.run);
    assert!(refusals(&scene.run)[0].1.contains("read the descriptors"), "{}", scene.run);
}

#[test]
fn a_users_own_symlink_to_a_file_of_the_system_is_exchanged_without_a_lock_there() {
    const OWN: &str = "/srv/home/bin/nginx";
    let host = Host::new().owned_by(WWW_DATA).started_as(OWN).started_in("/srv/home");
    host.give("/usr/sbin", 0);
    host.install_at("1.22.1", BINARY);
    std::fs::create_dir_all(host.path("/srv/home/bin")).expect("make the directory");
    std::os::unix::fs::symlink(BINARY, host.path(OWN)).expect("make the symlink");
    host.give("/srv/home/bin", WWW_DATA);
    host.write_config();
    host.start();
    let offer = host.offer("1.26.3");
    let scene = Scene::play(host, STANDARD, &offer);
    scene.committed("1.26.3");
}
