//! Probes asked from the test process inside a host's network, and who should have answered them.

use std::collections::BTreeMap;

use changeover::plan::Probe;
use changeover::plan::steps::Answerer;
use changeover::probe::{Answer, Crew, Outcome, Prober};
use changeover::protocol::Generation;
use nix::sys::signal::Signal;
use serde_json::{Value, json};

use super::certificates::{CA_FILE, NAME};
use super::host::Host;
use super::wait_until;

/// Both generations of a host, numbered as the test process sees them.
pub(crate) struct Workers {
    pub(crate) crew: Crew,
    /// `X-Pid`, the host's own number, by the test process's number.
    pub(crate) inner: BTreeMap<i32, i32>,
}

pub(crate) fn workers(host: &Host, old: &[i32], new: &[i32]) -> Workers {
    let mut inner = BTreeMap::new();
    let mut outer = |pids: &[i32]| -> Vec<i32> {
        let number = |pid: &i32| {
            let outer = host.sandbox.outer_pid(*pid).expect("a worker's number outside");
            inner.insert(outer, *pid);
            outer
        };
        pids.iter().map(number).collect()
    };
    let crew = Crew { old: outer(old), new: outer(new) };
    Workers { crew, inner }
}

/// USR2 to the running master, with the same or another build: both generations accept afterwards.
pub(crate) fn second_generation(host: &Host, build: &str) -> (i32, i32) {
    let old = host.master().expect("a master");
    host.install(build);
    host.kill(old, Signal::SIGUSR2);
    wait_until("new accepts", || {
        host.master().is_some_and(|new| new != old && host.accepting(new).len() == host.config.workers)
    });
    (old, host.master().expect("a new master"))
}

/// The masters and the workers of two generations that both accept.
pub(crate) fn both(host: &Host, build: &str) -> (i32, i32, Workers) {
    let (old, new) = second_generation(host, build);
    let workers = workers(host, &host.accepting(old), &host.accepting(new));
    (old, new, workers)
}

pub(crate) fn only_old(host: &Host) -> Workers {
    workers(host, &host.accepting(host.master().expect("a master")), &[])
}

/// A probe with these keys; `url` may be left out.
pub(crate) fn probe(keys: &Value) -> Probe {
    let mut probe = json!({ "url": "http://127.0.0.1/healthz" });
    probe.as_object_mut().expect("a table").append(&mut keys.as_object().expect("a table").clone());
    serde_json::from_value(probe).expect("a probe")
}

/// The keys of a probe over TLS at a port of the host, which trusts the tests' authority.
pub(crate) fn over_tls(host: &Host, port: u16) -> Value {
    json!({
        "url": format!("https://{NAME}:{port}/healthz"),
        "connect-to": format!("127.0.0.1:{port}"),
        "tls": { "ca-file": host.path(CA_FILE) },
    })
}

/// `keys` with others put over them.
pub(crate) fn with(mut keys: Value, others: Value) -> Value {
    let Value::Object(mut others) = others else { panic!("a table") };
    keys.as_object_mut().expect("a table").append(&mut others);
    keys
}

/// Runs `work` in the host's network with a runtime of its own.
pub(crate) fn inside<T: Send>(host: &Host, work: impl AsyncFnOnce(Prober) -> T + Send) -> T {
    host.sandbox.door().run_in_network(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async { work(Prober::new()).await })
    })
}

pub(crate) fn ask(host: &Host, probe: &Probe, wanted: Answerer, crew: &Crew) -> Answer {
    inside(host, async |prober: Prober| prober.probe(probe, wanted, &|| crew.clone()).await)
}

/// Asks many times and compares who is said to answer with what the answer's own header says.
pub(crate) fn attributed_right(host: &Host, workers: &Workers, keys: &Value, wanted: Answerer, times: usize) {
    // The header cannot have this value, so the outcome shows the one it has.
    let probe = probe(&with(
        keys.clone(),
        json!({ "expect": { "headers": { "X-Pid": "?" } }, "request-timeout": "10s" }),
    ));
    inside(host, async |prober: Prober| {
        for count in 0..times {
            let answer = prober.probe(&probe, wanted, &|| workers.crew.clone()).await;
            let Outcome::WrongHeader { found, .. } = &answer.outcome else {
                panic!("{keys} {count}: {answer:?}")
            };
            let by = answer.by.unwrap_or_else(|| panic!("{keys} {count}: {answer:?}"));
            assert_eq!(vec![workers.inner[&by.pid].to_string()], *found, "{keys} {count}: {answer:?}");
            let said = match wanted {
                Answerer::Old => by.generation == Generation::Old,
                Answerer::New => by.generation == Generation::New,
                Answerer::Any => true,
            };
            assert!(said, "{keys} {count}: {answer:?}");
        }
    });
}
