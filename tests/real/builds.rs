//! The faulty builds have the fault that their name says, and nothing else wrong.

use nix::sys::signal::Signal;

use crate::support::host::{BINARY, Host};
use crate::support::http::Failure;
use crate::support::load::Load;
use crate::support::{holds_within, wait_until};
use std::time::Duration;

/// A host on which the faulty build was offered by USR2, and the old master.
fn after_usr2(fault: &str) -> (Host, i32) {
    let log = "error_log /var/log/nginx/notice.log notice;";
    let host = Host::new().with(|config| config.main = log.into()).running("1.22.1");
    let old = host.master().expect("a master");
    host.install(&format!("faulty/{fault}"));
    for option in ["-t", "-v", "-V"] {
        let output = host.exec(BINARY, &[option]);
        assert!(output.status.success(), "{fault} {option}: {output:?}");
    }
    host.kill(old, Signal::SIGUSR2);
    (host, old)
}

/// The same, once the new master has written its pid file, with the old workers gone.
fn alone(fault: &str) -> (Host, i32, i32) {
    let (host, old) = after_usr2(fault);
    wait_until("a new master", || host.master().is_some_and(|new| new != old));
    let new = host.master().expect("a new master");
    host.kill(old, Signal::SIGWINCH);
    wait_until("no old worker accepts", || host.accepting(old).is_empty());
    (host, old, new)
}

#[test]
fn exits_with_nginx_ends_only_after_usr2() {
    let (host, old) = after_usr2("exits-with-NGINX");
    let noticed = || host.read("/var/log/nginx/notice.log").unwrap_or_default();
    wait_until("old reaps it", || noticed().contains("exited with code 1"));
    wait_until("old is alone and named again", || host.masters() == [old] && host.master() == Some(old));
    assert_eq!(host.answering().as_deref(), Some("1.22.1"));
    let cold = Host::new().running("faulty/exits-with-NGINX");
    assert_eq!(cold.answering().as_deref(), Some("1.26.3"));
}

#[test]
fn segfaults_at_start_has_no_worker_that_lives() {
    let (host, old) = after_usr2("segfaults-at-start");
    wait_until("its workers die", || host.error_log().matches("exited on signal 11").count() > 20);
    assert!(host.master().is_some_and(|new| new != old), "the new master lives");
    assert_eq!(host.accepting(old).len(), 2);
}

#[test]
fn exits_2_leaves_a_master_without_workers() {
    let (host, old) = after_usr2("exits-2");
    wait_until("nginx gives up", || host.error_log().matches("cannot be respawned").count() == 2);
    let new = host.master().expect("a new master");
    assert!(new != old && host.children(new).is_empty());
}

#[test]
fn answers_500_does_so_with_the_right_body() {
    let (host, _, new) = alone("answers-500");
    let answer = host.get("/healthz").expect("an answer");
    assert_eq!((answer.status, answer.version.as_deref()), (500, Some("1.26.3")));
    assert_eq!(answer.body, b"ok\n");
    wait_until("both workers stay", || host.accepting(new).len() == 2);
}

#[test]
fn segfaults_per_request_loses_each_and_starts_again() {
    let (host, _, new) = alone("segfaults-per-request");
    for _ in 0..3 {
        assert_eq!(host.get("/healthz"), Err(Failure::Lost));
    }
    let load = host.start_load(&Load::close());
    load.go_on();
    let served = load.stop();
    assert_eq!((served.lost(), served.harmed()), (served.sent(), served.sent()), "{served}");
    wait_until("workers are started again", || host.accepting(new).len() == 2);
}

#[test]
fn hangs_accepts_and_never_answers_and_obeys_no_term() {
    let (host, _, new) = alone("hangs");
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| host.get("/healthz"));
        let answered = || asked.is_finished();
        assert!(!holds_within(Duration::from_millis(500), answered), "it answered");
        host.kill(new, Signal::SIGTERM);
        assert!(!holds_within(Duration::from_millis(500), || !host.is_alive(new)), "TERM ended it at once");
        assert!(host.wait_gone(new), "the master's own KILL ends the hung worker");
    });
}

#[test]
fn slow_answers_come_after_two_seconds() {
    let (host, ..) = alone("slow-answers");
    let start = std::time::Instant::now();
    assert_eq!(host.get("/healthz").map(|answer| answer.status), Ok(200));
    assert!(start.elapsed() > Duration::from_secs(2), "{:?}", start.elapsed());
}
