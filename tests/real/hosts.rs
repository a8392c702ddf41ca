//! The hosts themselves: what a test sees of one is true, and nothing of one is left.

use nix::sys::signal::Signal;

use crate::support::host::{BINARY, Host};
use crate::support::load::Load;
use crate::support::process::Process;
use crate::support::sandbox::{Sandbox, free_port};
use crate::support::{builds, wait_until};

/// The changeover by hand: the order of nginx's manual.
fn change_over_by_hand(host: &Host, build: &str) -> (i32, i32) {
    let old = host.master().expect("a master");
    host.install(build);
    host.kill(old, Signal::SIGUSR2);
    wait_until("the new master has its pid file and its workers", || {
        host.master().is_some_and(|new| new != old && host.accepting(new).len() == host.config.workers)
    });
    host.kill(old, Signal::SIGWINCH);
    wait_until("no old worker accepts", || host.accepting(old).is_empty());
    (old, host.master().expect("a new master"))
}

#[test]
fn a_changeover_by_hand_loses_nothing_and_both_generations_answer() {
    let host = Host::new().running("1.22.1");
    let load = host.start_load(&Load::close());
    load.go_on();
    let (old, new) = change_over_by_hand(&host, "1.26.3");
    assert_eq!(host.answering().as_deref(), Some("1.26.3"));
    host.kill(old, Signal::SIGQUIT);
    assert!(host.wait_gone(old), "the old master stays");
    load.go_on();
    let served = load.stop();
    assert_eq!((served.lost(), served.refused(), served.harmed()), (0, 0, 0), "{served}");
    assert!(served.by_version("1.22.1") > 0 && served.by_version("1.26.3") > 0, "{served}");
    assert_eq!(served.by_version("1.22.1") + served.by_version("1.26.3"), served.sent(), "{served}");
    assert_eq!((host.masters(), host.strays()), (vec![new], vec![]));
    assert_eq!(host.binary_on_disk(), "1.26.3");
    assert_eq!(host.executing(host.binary_inode()).len(), 3, "a master and two workers run the new file");
    assert!(host.left_beside_binary().is_empty());
}

#[test]
fn a_stopped_nginx_is_seen_as_refused_requests() {
    let host = Host::new().running("1.18.0");
    let load = host.start_load(&Load::keep_alive());
    let master = host.master().expect("a master");
    host.kill(master, Signal::SIGTERM);
    assert!(host.wait_gone(master));
    load.go_on();
    let served = load.stop();
    assert!(served.refused() > 0, "{served}");
    assert!(host.processes().iter().all(|process| !process.title.contains("nginx:")));
}

#[test]
fn hosts_side_by_side_do_not_see_each_other() {
    let (one, other) = (Host::new().running("1.22.1"), Host::new().workers(4).running("1.26.3"));
    assert_eq!(one.answering().as_deref(), Some("1.22.1"));
    assert_eq!(other.answering().as_deref(), Some("1.26.3"));
    assert_eq!(one.masters().len(), 1);
    assert_eq!(other.accepting(other.master().expect("a master")).len(), 4);
}

#[test]
fn nothing_of_a_host_is_left_when_it_is_dropped() {
    let host = Host::new().running("1.22.1");
    let outer = host.sandbox.outer_pid(host.master().expect("a master")).expect("its number outside");
    drop(host);
    assert!(!std::path::Path::new(&format!("/proc/{outer}")).exists());
}

#[test]
fn the_knobs_reach_nginx() {
    let host = Host::new()
        .with(|config| {
            (config.reuseport, config.ipv6, config.daemon) = (true, true, false);
            config.server = "location = /extra { return 204; }".into();
        })
        .workers(3)
        .running("1.26.3");
    assert_eq!(host.get("/extra").map(|answer| answer.status), Ok(204));
    let sockets = String::from_utf8_lossy(&host.exec("ss", &["-Hltn"]).stdout).into_owned();
    assert_eq!(sockets.matches("0.0.0.0:80").count(), 3, "{sockets}");
    assert_eq!(sockets.matches("[::]:80").count(), 3, "{sockets}");
    let daemon = host.exec("sh", &["-c", "readlink /proc/$(cat /run/nginx.pid)/fd/1"]);
    assert_eq!(String::from_utf8_lossy(&daemon.stdout).matches("null").count(), 0);
    assert!(host.path(BINARY).exists() && builds::project().join("tests").exists());
}

#[test]
fn every_build_takes_every_kind_of_listener_and_a_cache() {
    for build in ["1.18.0", "1.22.1", "1.26.3"] {
        let host = Host::new().with(|config| {
            config.cache = true;
            config.listen(["[::]:80", "443 ssl http2", "444 ssl deferred", "81 http2", "82 deferred"]);
            config.listen([
                "83 proxy_protocol",
                "84 reuseport",
                "unix:{root}/run/web.sock",
                "[::1]:445 ssl http2",
            ]);
        });
        let host = host.running(build);
        assert_eq!(host.get("/cached").map(|answer| answer.status), Ok(200), "{build}");
        let sockets = String::from_utf8_lossy(&host.exec("ss", &["-Hltn"]).stdout).into_owned();
        for at in ["[::]:80", "0.0.0.0:443", "0.0.0.0:444", ":81 ", ":82 ", ":83 ", ":84 ", "[::1]:445"] {
            assert!(sockets.contains(at), "{build} {at}: {sockets}");
        }
        assert!(host.path("/run/web.sock").exists(), "{build}");
        let manager = |process: &Process| process.title == "nginx: cache manager process";
        assert!(host.processes().iter().any(manager), "{build}");
    }
}

#[test]
fn without_namespaces_a_directory_is_the_host_and_nothing_of_it_is_left() {
    let host = Host::on(Sandbox::prefix()).with(|config| config.port = free_port()).running("1.22.1");
    let (root, master) = (host.sandbox.inner("/"), host.master().expect("a master"));
    let (old, new) = change_over_by_hand(&host, "1.26.3");
    assert_eq!((old, host.answering().as_deref()), (master, Some("1.26.3")));
    drop(host);
    assert!(!root.exists());
    let lives = |pid: &i32| std::path::Path::new(&format!("/proc/{pid}")).exists();
    wait_until("both masters are gone", || ![old, new].iter().any(lives));
}
