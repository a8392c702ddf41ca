//! Every way in which a probe over TLS, a unix socket or HTTP/2 can end, told apart.

use changeover::plan::steps::Answerer;
use changeover::probe::{Answer, Crew, Unattributed};
use changeover::protocol::Generation;
use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::asking::{ask, both, inside, only_old, over_tls, probe, with};
use crate::support::certificates::{CA_FILE, Certificate, NAME};
use crate::support::config::Listener;
use crate::support::host::Host;
use crate::support::silent::Silent;

fn with_certificate(listen: &str, certificate: Certificate) -> Listener {
    Listener { certificate, ..Listener::new(listen) }
}

/// The code of what came of one probe of old.
fn code(host: &Host, crew: &Crew, keys: &Value) -> &'static str {
    let answer = ask(host, &probe(keys), Answerer::Old, crew);
    assert!(answer.by.is_some() || answer.connections == 0, "attributed whatever came of it: {answer:?}");
    answer.outcome.code()
}

#[test]
fn what_is_wrong_with_a_certificate_is_named() {
    let host = Host::new().with(|config| {
        config.listen(["443 ssl http2"]);
        config.listeners.extend([
            with_certificate("444 ssl", Certificate::Expired),
            with_certificate("445 ssl", Certificate::WrongName),
            with_certificate("446 ssl", Certificate::SelfSigned),
            with_certificate("447 ssl", Certificate::NotYet),
        ]);
    });
    let host = host.running("1.26.3");
    let crew = only_old(&host).crew;
    let ca = host.path(CA_FILE);
    let [other_ca, _] = Certificate::SelfSigned.paths().map(|path| host.path(&path));
    let at = |port| over_tls(&host, port);
    let tls = |port, tls: Value| with(at(port), json!({ "tls": tls }));
    let by_address = |tls: Value| json!({ "url": "https://127.0.0.1/healthz", "tls": tls });
    for (keys, wanted) in [
        (at(443), "probe/passed"),
        (at(444), "probe/certificate-expired"),
        (at(445), "probe/certificate-wrong-name"),
        (at(446), "probe/certificate-unknown-issuer"),
        (at(447), "probe/certificate-not-yet-valid"),
        (tls(443, json!({ "ca-file": other_ca })), "probe/certificate-unknown-issuer"),
        (tls(444, json!({ "insecure": true })), "probe/passed"),
        (tls(445, json!({ "insecure": true })), "probe/passed"),
        (tls(446, json!({ "insecure": true })), "probe/passed"),
        (tls(445, json!({ "ca-file": ca, "server-name": "other.example.test" })), "probe/passed"),
        (by_address(json!({ "ca-file": ca })), "probe/certificate-wrong-name"),
        (by_address(json!({ "ca-file": ca, "server-name": NAME })), "probe/passed"),
        (tls(443, json!({ "ca-file": "/nowhere.pem" })), "probe/not-asked"),
    ] {
        assert_eq!(code(&host, &crew, &keys), wanted, "{keys}");
    }
    let said = |port| {
        let outcome = ask(&host, &probe(&at(port)), Answerer::Old, &crew).outcome;
        (outcome.to_string(), outcome.expected())
    };
    let pair = |seen: &str, expected: &str| (seen.to_owned(), expected.to_owned());
    assert_eq!(
        said(444),
        pair("the certificate has expired on 2001-01-01", "a certificate that is valid now")
    );
    let wrong = pair("the certificate is for other.example.test", "a certificate for shop.example.test");
    assert_eq!(said(445), wrong);
    let nobody = "nobody who is trusted has signed the certificate";
    assert_eq!(said(446), pair(nobody, "a certificate of an authority that is trusted"));
}

#[test]
fn what_a_server_does_not_speak_is_named_by_every_build() {
    for build in ["1.18.0", "1.22.1", "1.26.3"] {
        let host = Host::new().with(|config| {
            config.listen(["443 ssl http2", "444 ssl", "83 proxy_protocol", "81 http2"]);
        });
        let host = host.running(build);
        let crew = only_old(&host).crew;
        let http2 = |keys| with(keys, json!({ "http2": true }));
        let proxied = json!({ "url": "http://127.0.0.1:83/healthz" });
        for (keys, wanted) in [
            (over_tls(&host, 80), "probe/not-tls"),
            (http2(over_tls(&host, 80)), "probe/not-tls"),
            (http2(over_tls(&host, 444)), "probe/no-http2"),
            (http2(over_tls(&host, 443)), "probe/passed"),
            (http2(json!({})), "probe/not-http"),
            (http2(json!({ "url": "http://127.0.0.1:81/none" })), "probe/wrong-status"),
            (json!({ "url": "http://127.0.0.1:443/healthz" }), "probe/wrong-status"),
            (with(proxied.clone(), json!({ "proxy-protocol": true })), "probe/passed"),
            (proxied, "probe/reset"),
        ] {
            assert_eq!(code(&host, &crew, &keys), wanted, "{build} {keys}");
        }
    }
}

#[test]
fn unix_sockets_that_nobody_serves_are_told_apart() {
    let host = Host::new().with(|config| config.listen(["unix:{root}/run/web.sock"])).running("1.26.3");
    let crew = only_old(&host).crew;
    let at = |path: &str| json!({ "unix-socket": host.path(path), "request-timeout": "300ms" });
    assert_eq!(code(&host, &crew, &at("/run/web.sock")), "probe/passed");
    assert_eq!(code(&host, &crew, &at("/run/none.sock")), "probe/not-connected");
    let left = std::os::unix::net::UnixListener::bind(host.path("/run/left.sock")).expect("a socket");
    drop(left);
    assert_eq!(code(&host, &crew, &at("/run/left.sock")), "probe/refused");
}

#[test]
fn what_nobody_accepts_is_queued_over_every_kind() {
    let listeners =
        ["443 ssl http2", "444 ssl deferred", "81 http2", "82 deferred", "unix:{root}/run/web.sock"];
    let host = Host::new().with(|config| config.listen(listeners)).running("1.26.3");
    let workers = only_old(&host);
    workers.inner.values().for_each(|pid| host.kill(*pid, Signal::SIGSTOP));
    for keys in [
        over_tls(&host, 443),
        with(over_tls(&host, 443), json!({ "http2": true })),
        over_tls(&host, 444),
        json!({ "url": "http://127.0.0.1:81/healthz", "http2": true }),
        json!({ "url": "http://127.0.0.1:82/healthz" }),
        json!({ "unix-socket": host.path("/run/web.sock") }),
    ] {
        let keys = with(keys, json!({ "request-timeout": "200ms" }));
        let answer = ask(&host, &probe(&keys), Answerer::Any, &workers.crew);
        assert_eq!((answer.outcome.code(), answer.by), ("probe/queued", None), "{keys}: {answer:?}");
    }
    workers.inner.values().for_each(|pid| host.kill(*pid, Signal::SIGCONT));
}

#[test]
fn a_build_that_hangs_or_dies_is_named_with_its_worker_over_tls_and_http2() {
    for (fault, over, wanted) in [
        ("hangs", "https", "probe/handshake-timed-out"),
        ("hangs", "h2c", "probe/timed-out"),
        ("hangs", "unix", "probe/timed-out"),
        ("segfaults-per-request", "https", "probe/reset"),
        ("segfaults-per-request", "h2c", "probe/reset"),
    ] {
        let listeners = ["443 ssl http2", "81 http2", "unix:{root}/run/web.sock"];
        let host = Host::new().with(|config| config.listen(listeners)).running("1.26.3");
        let (_, _, workers) = both(&host, &format!("faulty/{fault}"));
        let keys = match over {
            "https" => over_tls(&host, 443),
            "h2c" => json!({ "url": "http://127.0.0.1:81/healthz", "http2": true }),
            _ => json!({ "unix-socket": host.path("/run/web.sock") }),
        };
        let keys = with(keys, json!({ "request-timeout": "400ms" }));
        let answer = ask(&host, &probe(&keys), Answerer::New, &workers.crew);
        assert_eq!(answer.outcome.code(), wanted, "{fault} {over}: {answer:?}");
        assert_eq!(answer.by.map(|by| by.generation), Some(Generation::New), "{fault} {over}: {answer:?}");
    }
}

#[test]
fn an_answer_that_hangs_after_the_handshake_is_no_handshake_that_hangs() {
    let host = Host::new().with(|config| config.listen(["443 ssl http2"])).running("1.26.3");
    let _upstream = Silent::listen(&host);
    let crew = only_old(&host).crew;
    for http2 in [false, true] {
        let silent = json!({ "url": format!("https://{NAME}/silent"), "request-timeout": "400ms" });
        let keys = with(with(over_tls(&host, 443), silent), json!({ "http2": http2 }));
        assert_eq!(code(&host, &crew, &keys), "probe/timed-out", "{keys}");
    }
}

#[test]
fn as_another_user_the_worker_is_unknown_and_that_is_said() {
    let host = Host::new().with(|config| config.listen(["unix:{root}/run/web.sock"])).running("1.26.3");
    let crew = only_old(&host).crew;
    let as_nobody = |keys: Value, wanted| -> Answer {
        let probe = probe(&keys);
        inside(&host, async |prober: changeover::probe::Prober| {
            // Of this thread alone, which ends with the probe.
            let nobody = rustix::process::Uid::from_raw(65_534);
            rustix::thread::set_thread_res_uid(nobody, nobody, nobody).expect("to be nobody");
            prober.probe(&probe, wanted, &|| crew.clone()).await
        })
    };
    let answer = as_nobody(json!({}), Answerer::Any);
    assert_eq!((answer.by, answer.unattributed.as_ref()), (None, Some(&Unattributed::Denied)), "{answer:?}");
    assert!(answer.outcome.passed() && answer.in_words().contains("accepted, worker unknown"), "{answer:?}");
    let answer = as_nobody(json!({}), Answerer::Old);
    assert_eq!(answer.outcome.code(), "probe/attribution-impossible", "{answer:?}");
}
