//! Upgrades that somebody has begun by hand: `status` says what each is, and what a signal would cause it does cause.

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::support::changeover::Run;
use crate::support::host::{Host, PID_FILE};
use crate::support::process::Process;
use crate::support::silent::Silent;
use crate::support::{holds_within, wait_until};

/// What somebody has done before.
type Story = fn(&Host);

/// The path holds another build, and old was told USR2: both accept.
fn begun(host: &Host) {
    let old = host.master().expect("a master");
    host.install("1.26.3");
    host.kill(old, Signal::SIGUSR2);
    wait_until("both accept", || {
        host.master().is_some_and(|new| new != old && host.accepting(new).len() == 2) && rests(host)
    });
}

/// The same, and WINCH.
fn drained(host: &Host) {
    begun(host);
    let [old, _] = host.masters()[..] else { panic!("two masters") };
    host.kill(old, Signal::SIGWINCH);
    wait_until("nobody of old is left", || host.children(old).len() == 1 && rests(host));
}

/// The same, and HUP.
fn restarted(host: &Host) {
    drained(host);
    let [old, _] = host.masters()[..] else { panic!("two masters") };
    host.kill(old, Signal::SIGHUP);
    wait_until("old accepts again", || host.accepting(old).len() == 2 && rests(host));
}

/// New's master was killed before any WINCH: its workers stay.
fn killed(host: &Host) {
    begun(host);
    let [old, new] = host.masters()[..] else { panic!("two masters") };
    host.kill(new, Signal::SIGKILL);
    wait_until("old has its pid file again", || host.master() == Some(old) && rests(host));
}

/// New was told WINCH: old serves on.
fn drained_new(host: &Host) {
    begun(host);
    let [_, new] = host.masters()[..] else { panic!("two masters") };
    host.kill(new, Signal::SIGWINCH);
    wait_until("nobody of new is left", || host.children(new).is_empty() && rests(host));
}

/// No upgrade: the only master was told WINCH.
fn lone_and_drained(host: &Host) {
    let old = host.master().expect("a master");
    host.kill(old, Signal::SIGWINCH);
    wait_until("nobody of it is left", || host.children(old).is_empty() && rests(host));
}

/// Old's master was killed when new served: its `.oldbin` stays.
fn old_killed(host: &Host) {
    drained(host);
    let [old, _] = host.masters()[..] else { panic!("two masters") };
    host.kill(old, Signal::SIGKILL);
    assert!(host.wait_gone(old));
    wait_until("new is at rest", || rests(host));
}

/// Both accept, and one of them was stopped.
fn stopped(host: &Host, which: usize) {
    let master = host.masters()[which];
    host.kill(master, Signal::SIGSTOP);
    wait_until("it is stopped", || is_stopped(host, master) && rests(host));
}

fn with_a_stopped_old(host: &Host) {
    drained(host);
    stopped(host, 0);
}

fn with_a_stopped_new(host: &Host) {
    begun(host);
    stopped(host, 1);
}

/// What waits for a stopped master is taken together with what is sent to it.
fn with_a_new_that_was_told_winch_while_it_was_stopped(host: &Host) {
    with_a_stopped_new(host);
    host.kill(host.masters()[1], Signal::SIGWINCH);
}

fn is_stopped(host: &Host, master: i32) -> bool {
    host.processes().iter().any(|process| process.pid == master && process.state == 'T')
}

fn without_its_pid_file(host: &Host) {
    std::fs::remove_file(host.path(PID_FILE)).expect("the pid file");
}

/// Nothing that was sent is in flight, and nobody finishes anything.
fn rests(host: &Host) -> bool {
    let at_rest = |master: &i32| is_stopped(host, *master) || host.is_at_rest(*master);
    host.masters().iter().all(at_rest) && !host.processes().iter().any(Process::is_draining)
}

fn status(host: &Host) -> Run {
    host.changeover_bare(&["status", "--output", "json"])
}

fn codes(status: &Value) -> Vec<&str> {
    status["shapes"].as_array().into_iter().flatten().filter_map(|shape| shape["code"].as_str()).collect()
}

/// Who accepts: the master that was the elder, and any other.
fn serving(host: &Host, elder: i32) -> &'static str {
    let accept: Vec<i32> =
        host.masters().into_iter().filter(|master| !host.accepting(*master).is_empty()).collect();
    match (accept.contains(&elder), accept.iter().any(|master| *master != elder)) {
        (true, true) => "both",
        (true, false) => "old",
        (false, true) => "new",
        (false, false) => "none",
    }
}

fn named(signal: &Value) -> Signal {
    format!("SIG{}", signal["signal"].as_str().expect("its name")).parse().expect("a signal")
}

/// After this story these things are found, and each signal to each master has the end that was told.
fn is_as_told(story: Story, found: &[&str], masters: usize) {
    let host = Host::new().running("1.22.1");
    story(&host);
    let told = status(&host);
    assert_eq!(codes(told.verdict()), found, "{told}");
    let signals = told.verdict()["signals"].as_array().cloned().unwrap_or_default();
    assert_eq!(signals.len(), 6 * masters, "{told}");
    for at in 0..signals.len() {
        let host = Host::new().running("1.22.1");
        story(&host);
        let told = status(&host);
        // Pids are others on each host.
        let signal = &told.verdict()["signals"][at];
        let elder =
            told.verdict()["old"]["master"].as_i64().and_then(|pid| i32::try_from(pid).ok()).expect("old");
        let to = signal["master"].as_i64().and_then(|pid| i32::try_from(pid).ok()).expect("a master");
        let stopped = is_stopped(&host, to);
        host.kill(to, named(signal));
        let text = signal["causes"].as_str().expect("what it causes");
        assert_eq!(text.starts_with("waits until it is continued; then: "), stopped, "{told}");
        if stopped {
            host.kill(to, Signal::SIGCONT);
        }
        let expected = signal["then"].as_str().expect("who serves then");
        let comes = holds_within(std::time::Duration::from_secs(10), || {
            rests(&host) && serving(&host, elder) == expected && rests(&host)
        });
        assert!(
            comes,
            "{signal}\nserving {}\n{:?}\n{}",
            serving(&host, elder),
            host.processes(),
            host.error_log()
        );
    }
}

#[test]
fn two_masters_before_winch() {
    is_as_told(begun, &["observe/two-masters"], 2);
}

#[test]
fn two_masters_after_winch() {
    is_as_told(drained, &["observe/two-masters"], 2);
}

#[test]
fn an_old_that_came_back_by_hup() {
    is_as_told(restarted, &["observe/two-masters"], 2);
}

#[test]
fn a_new_master_that_was_killed() {
    is_as_told(killed, &["observe/strays"], 1);
}

#[test]
fn a_new_that_was_told_winch() {
    is_as_told(drained_new, &["observe/two-masters"], 2);
}

#[test]
fn a_master_that_was_told_winch_without_any_upgrade() {
    is_as_told(lone_and_drained, &["observe/drained"], 1);
}

#[test]
fn an_old_that_was_killed_leaves_its_oldbin() {
    is_as_told(old_killed, &["observe/oldbin-left"], 1);
}

#[test]
fn a_stopped_old_beside_a_new_that_serves() {
    is_as_told(with_a_stopped_old, &["observe/two-masters", "observe/stopped-master"], 2);
}

#[test]
fn a_stopped_new_beside_an_old_that_serves() {
    is_as_told(with_a_stopped_new, &["observe/two-masters", "observe/stopped-master"], 2);
}

#[test]
fn a_stopped_new_that_has_something_to_take() {
    is_as_told(
        with_a_new_that_was_told_winch_while_it_was_stopped,
        &["observe/two-masters", "observe/stopped-master"],
        2,
    );
}

#[test]
fn workers_that_leave_are_told_and_hup_brings_others_back_beside_them() {
    let host = Host::new().with(Silent::location).running("1.22.1");
    let silent = Silent::listen(&host);
    let held = silent.hold(&host);
    begun(&host);
    let [old, new] = host.masters()[..] else { panic!("two masters") };
    host.kill(old, Signal::SIGWINCH);
    wait_until("one worker of old is left", || {
        let children = host.children(old);
        children.len() == 2 && children.iter().any(Process::is_draining) && host.is_quiet()
    });
    let told = status(&host);
    assert_eq!(codes(told.verdict()), ["observe/two-masters"], "{told}");
    let text = told.verdict()["shapes"][0]["text"].as_str().unwrap_or_default();
    assert!(text.ends_with(&format!("; 1 worker of {old} has not finished yet")), "{text}");
    let causes = |signal: &str, to: i32| {
        let signals = told.verdict()["signals"].as_array().into_iter().flatten();
        let mut its = signals.filter(|it| it["signal"] == signal && it["master"] == to);
        its.next().map(|it| (it["causes"].clone(), it["then"].clone())).unwrap_or_default()
    };
    assert_eq!(causes("HUP", old), ("starts its workers from memory".into(), "both".into()));
    let quit = format!(
        "its workers finish what they have and leave, then it ends; new {new} serves alone; nothing leads back"
    );
    assert_eq!(causes("QUIT", old), (quit.into(), "new".into()), "{told}");
    host.kill(old, Signal::SIGHUP);
    wait_until("both accept", || host.accepting(old).len() == 2);
    assert!(host.processes().iter().any(Process::is_draining), "{:?}", host.processes());
    drop(held);
}

#[test]
fn a_pid_file_that_is_gone() {
    is_as_told(without_its_pid_file, &["observe/poison-suspected"], 1);
}

#[test]
fn what_is_told_of_a_master_that_is_poisoned_comes_true() {
    let host = Host::new().running("1.22.1");
    let old = host.master().expect("a master");
    without_its_pid_file(&host);
    host.kill(old, Signal::SIGUSR2);
    wait_until("it fails", || {
        host.error_log().contains("failed before executing new binary") && rests(&host)
    });
    let told = status(&host);
    assert_eq!((told.exit(), &told.verdict()["code"]), (12, &"observe/no-pid-file".into()), "{told}");
    assert_eq!(
        (&told.verdict()["serving"], &told.verdict()["old"]["master"]),
        (&"old".into(), &old.into()),
        "{told}"
    );
    let hup = &told.verdict()["signals"][1];
    assert_eq!(
        (hup["signal"].as_str(), hup["if_poisoned"].as_str()),
        (Some("HUP"), Some("starts one more set of workers from memory")),
        "{told}"
    );
    let human = host.changeover_bare(&["status"]);
    for said in [
        format!("master {old} may be poisoned: there is no {PID_FILE}"),
        "if it is poisoned:".to_owned(),
        format!("write {old} into {PID_FILE}"),
    ] {
        assert!(human.stdout().contains(&said), "{said}: {human}");
    }
    host.kill(old, Signal::SIGHUP);
    wait_until("one more set of workers", || host.accepting(old).len() == 4);
    // What cures it, as `explain` has it.
    host.write(PID_FILE, format!("{old}\n"));
    host.kill(old, Signal::SIGUSR2);
    wait_until("a second master", || host.masters().len() == 2 && host.master() != Some(old) && rests(&host));
    assert_eq!(codes(status(&host).verdict()), ["observe/two-masters"]);
}

#[test]
fn strays_are_ended_as_it_is_told_and_a_host_that_is_well_is_called_nothing() {
    let host = Host::new().running("1.22.1");
    assert_eq!(codes(status(&host).verdict()), [""; 0]);
    killed(&host);
    let strays = host.strays();
    let next = status(&host).verdict()["next"][0].as_str().unwrap_or_default().to_owned();
    let pids: Vec<String> = strays.iter().map(|stray| stray.pid.to_string()).collect();
    assert!(next.starts_with(&format!("kill -QUIT {}: ", pids.join(" "))), "{next}");
    for stray in &strays {
        host.kill_if_there(stray.pid, Signal::SIGQUIT);
    }
    wait_until("they are gone", || host.strays().is_empty());
    let status = status(&host);
    assert_eq!(
        (status.exit(), codes(status.verdict()).len(), &status.verdict()["signals"]),
        (0, 0, &Value::Array(Vec::new())),
        "{status}"
    );
}

#[test]
fn strays_of_another_instance_are_not_told_of_this_one() {
    let host = Host::new().running("1.22.1");
    let other = host.another("other", 81);
    other.write_config();
    other.start();
    let master = other.master().expect("its master");
    host.kill(master, Signal::SIGKILL);
    assert!(host.wait_gone(master));
    assert_eq!(host.strays().len(), 2);
    let told = status(&host);
    assert_eq!((codes(told.verdict()), &told.verdict()["strays"]), (vec![], &Value::Array(vec![])), "{told}");
}

/// What `status` says of a pid file: the exit code, and who serves.
fn of_pid_file(host: &Host, path: &str) -> (i32, String) {
    let status = host.changeover_bare(&["status", "--pid-file", path, "--output", "json"]);
    (status.exit(), status.said("serving").to_owned())
}

#[test]
fn a_master_is_found_without_its_pid_file_and_never_for_another_s() {
    const OTHER: &str = "/run/other.pid";
    let (nobody, found) = ((12, "unknown".to_owned()), (12, "old".to_owned()));
    let host = Host::new().running("1.22.1");
    without_its_pid_file(&host);
    // Its configuration says which one is its own.
    assert_eq!((of_pid_file(&host, PID_FILE), of_pid_file(&host, OTHER)), (found.clone(), nobody.clone()));
    // That of a build's own configuration nobody knows without running it.
    let host = Host::new();
    host.install("1.22.1");
    host.write_config();
    assert!(host.exec("/usr/sbin/nginx", &[]).status.success());
    wait_until("it serves", || host.master().is_some_and(|master| host.accepting(master).len() == 2));
    assert_eq!((of_pid_file(&host, PID_FILE), of_pid_file(&host, OTHER)), ((0, "old".to_owned()), nobody));
    without_its_pid_file(&host);
    assert_eq!(of_pid_file(&host, PID_FILE), found);
}

#[test]
fn a_pid_file_that_names_somebody_else_and_workers_that_nobody_owns_are_told() {
    let host = Host::new().running("1.22.1");
    let old = host.master().expect("a master");
    host.write(PID_FILE, "1\n");
    let foreign = status(&host);
    let codes = codes(foreign.verdict());
    assert_eq!((foreign.exit(), codes), (12, vec!["observe/pid-file-names-nobody"]), "{foreign}");
    host.kill(old, Signal::SIGKILL);
    assert!(host.wait_gone(old));
    let left = status(&host);
    assert_eq!(
        (left.exit(), left.verdict()["left_behind"].as_array().map(Vec::len)),
        (12, Some(2)),
        "{left}"
    );
}
