//! Every pair of three versions, up and down, on hosts of six kinds, under load and idle: committed, and no request
//! with a connection of its own is lost over the listeners that the host is about.

use std::net::{Ipv4Addr, Ipv6Addr};

use nix::sys::signal::Signal;

use crate::support::changeover::Run;
use crate::support::config::Config;
use crate::support::host::Host;
use crate::support::http::{Connection, Over};
use crate::support::load::{Load, Loading};
use crate::support::meeting::{Moment, interrupt, met_on, plan};
use crate::support::scene::Scene;
use crate::support::served::Served;
use crate::support::tls;

/// Each of the six ordered pairs is one of its steps.
const CHAIN: [&str; 7] = ["1.18.0", "1.22.1", "1.26.3", "1.18.0", "1.26.3", "1.22.1", "1.18.0"];
const PLAN: &str = "plans/nginx.toml";
const SOCKET: &str = "/run/www.sock";

/// A kind of host, and how its clients reach it.
struct Kind {
    config: fn(&mut Config),
    over: fn(&Host) -> Vec<Over>,
    path: &'static str,
}

fn first_address(host: &Host) -> Vec<Over> {
    vec![Over::Tcp(host.address())]
}

fn workers(workers: usize) -> impl Fn(&mut Config) {
    move |config| config.workers = workers
}

const TWO_WORKERS: Kind = Kind { config: |config| workers(2)(config), over: first_address, path: "/healthz" };

const MANY_WORKERS: Kind =
    Kind { config: |config| workers(32)(config), over: first_address, path: "/healthz" };

const REUSEPORT: Kind = Kind {
    config: |config| (config.workers, config.reuseport) = (4, true),
    over: first_address,
    path: "/healthz",
};

const UNIX_AND_IPV6: Kind = Kind {
    config: |config| config.listen(["[::]:81", "unix:{root}/run/www.sock"]),
    over: |host| vec![Over::Unix(host.path(SOCKET)), Over::Tcp((Ipv6Addr::LOCALHOST, 81).into())],
    path: "/healthz",
};

const TLS: Kind = Kind {
    config: |config| config.listen(["443 ssl http2"]),
    over: |_| [Over::Tls, Over::Http2].map(|over| over((Ipv4Addr::LOCALHOST, 443).into())).into(),
    path: "/healthz",
};

const CACHE: Kind = Kind { config: |config| config.cache = true, over: first_address, path: "/cached" };

impl Kind {
    /// The whole chain on one host.
    fn changes_over(&self, act: fn(&Self, &Host, &str, [&str; 2]) -> (Run, Served)) {
        let mut host = Host::new().with(self.config).running(CHAIN[0]);
        for pair in CHAIN.windows(2) {
            let [from, to] = [pair[0], pair[1]];
            let scene = Scene::play_under(host, |host| act(self, host, to, [from, to]));
            scene.committed(to);
            host = scene.host;
            let caches = host.children(host.master().expect("a master"));
            let managers = caches.iter().filter(|child| child.title == "nginx: cache manager process");
            assert_eq!(managers.count(), usize::from(host.config.cache), "{from} to {to}");
        }
    }

    /// Under load over each of its listeners; both versions answer, and no answer is missing.
    fn loaded(&self, host: &Host, build: &str, [from, to]: [&str; 2]) -> (Run, Served) {
        let offer = host.offer(build);
        let over = (self.over)(host);
        let load = |over: &Over| Load { path: self.path, ..Load::over(over.clone()) };
        let loads: Vec<_> = over.iter().map(|over| host.start_load(&load(over))).collect();
        loads.iter().for_each(Loading::go_on);
        let run = host.changeover(&["run", PLAN], &offer);
        loads.iter().for_each(Loading::go_on);
        let mut all = Served::new(Vec::new());
        for (over, load) in over.iter().zip(loads) {
            let served = load.stop();
            let (old, new) = (served.by_version(from), served.by_version(to));
            assert!(old > 0 && new > 0, "{from} to {to} over {over:?}: {served}\n{run}");
            assert_eq!(served.harmed(), 0, "{from} to {to} over {over:?}: {served}\n{run}");
            // Only HTTP/2 has a word for a connection that closes before the request was begun.
            let may_race = matches!(over, Over::Http2(_));
            assert!(may_race || served.raced() == 0, "{from} to {to} over {over:?}: {served}");
            assert_eq!(old + new + served.raced(), served.sent(), "{from} to {to} over {over:?}: {served}");
            all = all.and(served);
        }
        (run, all)
    }

    /// With no client but the plan's own probe; afterwards each listener is answered by the new version.
    fn idle(&self, host: &Host, build: &str, [from, to]: [&str; 2]) -> (Run, Served) {
        let run = host.changeover(&["run", PLAN], &host.offer(build));
        for over in (self.over)(host) {
            let asked = host.sandbox.door().run_in_network(|| match &over {
                Over::Http2(address) => tls::get_http2(*address, self.path),
                over => Connection::over(over)?.get(self.path, false),
            });
            let version = asked.ok().and_then(|answer| answer.version);
            assert_eq!(version.as_deref(), Some(to), "{from} to {to} over {over:?}: {run}");
        }
        (run, Served::new(Vec::new()))
    }
}

#[test]
fn every_pair_of_versions_with_two_workers_under_load() {
    TWO_WORKERS.changes_over(Kind::loaded);
}

#[test]
fn every_pair_of_versions_with_two_workers_idle() {
    TWO_WORKERS.changes_over(Kind::idle);
}

#[test]
fn every_pair_of_versions_with_thirty_two_workers_under_load() {
    MANY_WORKERS.changes_over(Kind::loaded);
}

#[test]
fn every_pair_of_versions_with_thirty_two_workers_idle() {
    MANY_WORKERS.changes_over(Kind::idle);
}

#[test]
fn every_pair_of_versions_with_reuseport_under_load() {
    REUSEPORT.changes_over(Kind::loaded);
}

#[test]
fn every_pair_of_versions_with_reuseport_idle() {
    REUSEPORT.changes_over(Kind::idle);
}

#[test]
fn every_pair_of_versions_with_unix_and_ipv6_listeners_under_load() {
    UNIX_AND_IPV6.changes_over(Kind::loaded);
}

#[test]
fn every_pair_of_versions_with_unix_and_ipv6_listeners_idle() {
    UNIX_AND_IPV6.changes_over(Kind::idle);
}

#[test]
fn every_pair_of_versions_with_tls_and_http2_under_load() {
    TLS.changes_over(Kind::loaded);
}

#[test]
fn every_pair_of_versions_with_tls_and_http2_idle() {
    TLS.changes_over(Kind::idle);
}

#[test]
fn every_pair_of_versions_with_a_cache_under_load() {
    CACHE.changes_over(Kind::loaded);
}

#[test]
fn every_pair_of_versions_with_a_cache_idle() {
    CACHE.changes_over(Kind::idle);
}

#[test]
fn a_hundred_and_twenty_eight_workers_change_over() {
    let host = Host::new().workers(128).running("1.22.1");
    let offer = host.offer("1.26.3");
    let scene = Scene::play_with(host, |host| {
        // A machine that is busy with other tests takes its time for so many.
        let patient = ("[service]", "[defaults]\ntimeout = \"2m\"\n\n[service]");
        host.changeover(&["run", plan(host, &[patient]), "--set", "soak=100ms"], &offer)
    });
    scene.committed("1.26.3");
    assert_eq!(scene.after.accepting, 128);
}

#[test]
fn a_hundred_and_twenty_eight_workers_come_back_and_come_back_in_reverse() {
    let host = || Host::new().workers(128).running("1.22.1");
    let scene = met_on(host(), "1.26.3", Moment::Soak, interrupt);
    scene.rolled_back(21);
    assert_eq!((scene.after.accepting, scene.served.harmed()), (128, 0), "{}", scene.served);
    let scene = met_on(host(), "1.26.3", Moment::Soak, |met| {
        met.host.kill(met.old, Signal::SIGKILL);
        met.run.wait()
    });
    scene.rolled_back_in_reverse(20);
    assert_eq!((scene.after.accepting, scene.served.harmed()), (128, 0), "{}", scene.served);
}
