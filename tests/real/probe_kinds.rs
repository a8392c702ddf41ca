//! Every way to probe, while both generations accept: 200 of 200 are attributed to the worker that answers.

use changeover::plan::steps::Answerer;
use serde_json::{Value, json};

use crate::support::asking::{attributed_right, both, over_tls, with};
use crate::support::certificates::NAME;
use crate::support::host::Host;

/// 200 probes of each kind on a host with these listeners: half are meant for new, half for old.
fn two_hundred_each<const N: usize>(listeners: [&str; N], kinds: impl Fn(&Host) -> Vec<Value>) {
    let host = Host::new().with(|config| config.listen(listeners)).running("1.22.1");
    let (_, _, workers) = both(&host, "1.26.3");
    for keys in kinds(&host) {
        for wanted in [Answerer::New, Answerer::Old] {
            attributed_right(&host, &workers, &keys, wanted, 100);
        }
    }
}

#[test]
fn over_http_on_both_families_and_over_http2_with_prior_knowledge() {
    two_hundred_each(["[::]:80", "81 http2"], |_| {
        vec![
            json!({ "url": "http://127.0.0.1/healthz" }),
            json!({ "url": "http://[::1]/healthz" }),
            json!({ "url": "http://127.0.0.1:81/healthz", "http2": true }),
        ]
    });
}

#[test]
fn over_https_in_both_versions_of_http_and_on_both_families() {
    two_hundred_each(["443 ssl http2", "[::]:443 ssl http2"], |host| {
        let v6 = json!({ "connect-to": "[::1]:443" });
        vec![
            over_tls(host, 443),
            with(over_tls(host, 443), json!({ "http2": true })),
            with(over_tls(host, 443), v6),
        ]
    });
}

#[test]
fn over_unix_sockets() {
    two_hundred_each(["unix:{root}/run/web.sock", "unix:{root}/run/tls.sock ssl http2"], |host| {
        let tls = host.path("/run/tls.sock");
        let mut secure = with(over_tls(host, 443), json!({ "unix-socket": tls, "http2": true }));
        secure.as_object_mut().expect("a table").remove("connect-to");
        vec![json!({ "unix-socket": host.path("/run/web.sock") }), secure]
    });
}

#[test]
fn over_listeners_that_wait_for_data() {
    two_hundred_each(["82 deferred", "444 ssl http2 deferred", "85 http2 deferred"], |host| {
        vec![
            json!({ "url": "http://127.0.0.1:82/healthz" }),
            over_tls(host, 444),
            with(over_tls(host, 444), json!({ "http2": true })),
            json!({ "url": "http://127.0.0.1:85/healthz", "http2": true }),
        ]
    });
}

#[test]
fn over_listeners_that_want_a_proxy_header() {
    let listeners = ["83 proxy_protocol", "445 ssl http2 proxy_protocol", "86 proxy_protocol deferred"];
    two_hundred_each(listeners, |host| {
        let kinds = [
            json!({ "url": format!("http://{NAME}:83/healthz"), "connect-to": "127.0.0.1:83" }),
            with(over_tls(host, 445), json!({ "http2": true })),
            json!({ "url": "http://127.0.0.1:86/healthz" }),
        ];
        kinds.map(|keys| with(keys, json!({ "proxy-protocol": true }))).to_vec()
    });
}
