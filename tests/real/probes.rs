//! Probes of real nginx: who answers is known before the request is sent, and every way to fail has its own name.

use std::net::SocketAddr;
use std::time::Duration;

use changeover::plan::steps::Answerer;
use changeover::probe::{Crew, Outcome, Prober};
use changeover::protocol::Generation;
use nix::sys::signal::Signal;
use serde_json::json;

use crate::support::asking::{
    ask, attributed_right, both, inside, only_old, probe, second_generation, workers,
};
use crate::support::host::Host;
use crate::support::wait_until;

#[test]
fn reuseport_listeners_are_attributed_too_whoever_is_wanted() {
    let host = Host::new().workers(3).with(|config| config.reuseport = true).running("1.22.1");
    let (_, _, workers) = both(&host, "1.26.3");
    for wanted in [Answerer::New, Answerer::Old, Answerer::Any] {
        attributed_right(&host, &workers, &json!({}), wanted, 50);
    }
}

#[test]
fn a_generation_that_does_not_accept_is_not_reached_and_bounded() {
    let host = Host::new().running("1.18.0");
    let health = probe(&json!({}));
    let answer = ask(&host, &health, Answerer::New, &only_old(&host).crew);
    let Outcome::NotReached { connections, wanted: Generation::New, took } = answer.outcome else {
        panic!("{answer:?}")
    };
    assert!((2 * 16 + 64..2000).contains(&connections), "a run of each old worker, and some: {answer:?}");
    assert!((500..3000).contains(&took.as_millis()), "a busy machine is given time: {answer:?}");
    assert_eq!(answer.by, None);
    let (old, new) = second_generation(&host, "1.26.3");
    host.kill(old, Signal::SIGWINCH);
    wait_until("no old worker accepts", || host.accepting(old).is_empty());
    let after = workers(&host, &[], &host.accepting(new));
    let answer = ask(&host, &health, Answerer::New, &after.crew);
    assert!(answer.outcome.passed() && answer.connections == 1, "{answer:?}");
}

#[test]
fn an_answer_that_is_never_whole_is_no_good_one_however_long_it_is() {
    let big = |rate: &str| {
        format!("location {rate} {{ alias /srv/big; limit_rate_after 1100k; limit_rate {}; }}", &rate[1..])
    };
    let host = Host::new().with(|config| config.server = big("/1k") + &big("/0"));
    host.write("/srv/big", vec![b'x'; 2 << 20]);
    let host = host.running("1.26.3");
    let crew = only_old(&host).crew;
    let code = |path: &str| {
        let keys = json!({ "url": format!("http://127.0.0.1/{path}"), "request-timeout": "600ms" });
        ask(&host, &probe(&keys), Answerer::Old, &crew).outcome.code()
    };
    assert_eq!((code("1k"), code("0")), ("probe/timed-out", "probe/passed"));
}

#[test]
fn a_connection_that_nobody_accepts_is_queued_and_not_hung() {
    let host = Host::new().running("1.26.3");
    let workers = only_old(&host);
    for pid in workers.inner.values() {
        host.kill(*pid, Signal::SIGSTOP);
    }
    let answer = ask(&host, &probe(&json!({ "request-timeout": "200ms" })), Answerer::Any, &workers.crew);
    assert_eq!((answer.outcome.code(), answer.by), ("probe/queued", None), "{answer:?}");
    for pid in workers.inner.values() {
        host.kill(*pid, Signal::SIGCONT);
    }
    assert!(ask(&host, &probe(&json!({})), Answerer::Old, &workers.crew).outcome.passed());
}

#[test]
fn refused_wrong_and_slow_are_told_apart() {
    let host = Host::new().running("1.26.3");
    let crew = only_old(&host).crew;
    for (keys, code) in [
        (json!({ "connect-to": "127.0.0.1:9" }), "probe/refused"),
        (json!({ "url": "http://127.0.0.1/none" }), "probe/wrong-status"),
        (json!({ "expect": { "headers": { "X-Version": "1" } } }), "probe/wrong-header"),
        (json!({ "expect": { "body-contains": "fine" } }), "probe/wrong-body"),
        (json!({ "expect": { "max-latency": "1us" } }), "probe/too-slow"),
        (json!({ "url": "http://nowhere.invalid/" }), "probe/unresolved"),
        (json!({ "url": "http://shop.example.test/healthz", "connect-to": "127.0.0.1:80" }), "probe/passed"),
        (json!({ "method": "HEAD", "headers": { "host": "other" } }), "probe/passed"),
        (json!({ "method": "POST", "body": "x", "expect": { "body-contains": "ok" } }), "probe/passed"),
    ] {
        let answer = ask(&host, &probe(&keys), Answerer::Old, &crew);
        assert_eq!(answer.outcome.code(), code, "{keys}: {answer:?}");
    }
}

#[test]
fn a_build_that_hangs_resets_or_answers_500_is_named_with_its_worker() {
    for (fault, code) in [
        ("hangs", "probe/timed-out"),
        ("segfaults-per-request", "probe/reset"),
        ("answers-500", "probe/wrong-status"),
    ] {
        let host = Host::new().running("1.26.3");
        let (_, _, workers) = both(&host, &format!("faulty/{fault}"));
        let answer = ask(&host, &probe(&json!({ "request-timeout": "300ms" })), Answerer::New, &workers.crew);
        assert_eq!(answer.outcome.code(), code, "{fault}: {answer:?}");
        assert_eq!(answer.by.map(|by| by.generation), Some(Generation::New), "{fault}: {answer:?}");
    }
}

#[test]
fn a_worker_of_nobody_known_is_never_guessed() {
    let host = Host::new().running("1.26.3");
    let nobody = Crew::default();
    let answer = ask(&host, &probe(&json!({})), Answerer::New, &nobody);
    assert_eq!(answer.outcome.code(), "probe/attribution-impossible", "{answer:?}");
    let answer = ask(&host, &probe(&json!({})), Answerer::Any, &nobody);
    assert!(answer.outcome.passed() && answer.by.is_none() && answer.unattributed.is_some(), "{answer:?}");
}

#[test]
fn a_worker_that_was_started_meanwhile_is_found_when_the_crew_is_read_again() {
    let host = Host::new().running("1.26.3");
    let crew = only_old(&host).crew;
    let by = inside(&host, async |prober: Prober| {
        let reads = std::cell::Cell::new(0);
        let late = || {
            reads.set(reads.get() + 1);
            if reads.get() > 3 { crew.clone() } else { Crew::default() }
        };
        prober.probe(&probe(&json!({})), Answerer::Any, &late).await.by
    });
    assert!(by.is_some());
}

#[test]
fn six_probes_at_once_are_all_answered() {
    let host = Host::new().running("1.26.3");
    let (_, _, workers) = both(&host, "1.26.3");
    let health = probe(&json!({}));
    let answers = inside(&host, async |prober: Prober| {
        prober.probe_at_once(&[(&health, Answerer::New); 6], &|| workers.crew.clone()).await
    });
    assert_eq!(answers.len(), 6);
    for answer in answers {
        assert!(answer.outcome.passed(), "{answer:?}");
        assert_eq!(answer.by.map(|by| by.generation), Some(Generation::New));
    }
}

#[test]
fn a_dropped_probe_leaves_no_connection() {
    let host = Host::new().running("1.26.3");
    let (old, new, _) = both(&host, "faulty/hangs");
    host.kill(old, Signal::SIGWINCH);
    wait_until("no old worker accepts", || host.accepting(old).is_empty());
    let crew = workers(&host, &[], &host.accepting(new)).crew;
    let established = || {
        let output = host.exec("ss", &["-Htn", "state", "established"]);
        String::from_utf8_lossy(&output.stdout).lines().count()
    };
    inside(&host, async |prober: Prober| {
        let health = probe(&json!({ "request-timeout": "60s" }));
        let crew = || crew.clone();
        let asked = prober.probe(&health, Answerer::New, &crew);
        assert!(tokio::time::timeout(Duration::from_millis(200), asked).await.is_err());
    });
    // The server's end goes to CLOSE_WAIT, since its worker hangs; no end is established any more.
    wait_until("our end is closed", || established() == 0);
}

#[test]
fn what_is_no_http_is_named() {
    let host = Host::new();
    let answer = inside(&host, async |prober: Prober| {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a listener");
        let address: SocketAddr = listener.local_addr().expect("its address");
        let speak = async {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let _ = stream.readable().await;
            tokio::io::AsyncWriteExt::write_all(&mut stream, b"SSH-2.0-OpenSSH_9.2\r\n")
                .await
                .expect("to speak");
            std::future::pending::<()>().await;
        };
        let odd = probe(&json!({ "connect-to": address.to_string() }));
        tokio::select! {
            answer = prober.probe(&odd, Answerer::Any, &Crew::default) => answer,
            () = speak => unreachable!(),
        }
    });
    assert_eq!(answer.outcome.code(), "probe/not-http", "{answer:?}");
}
