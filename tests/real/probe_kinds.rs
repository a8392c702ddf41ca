//! Every way to probe, while both generations accept: 200 of 200 are attributed to the worker that answers.

use changeover::plan::steps::Answerer;
use serde_json::{Value, json};

use crate::support::asking::{attributed_right, both, over_tls, with};
use crate::support::certificates::{CA_FILE, Certificate, NAME};
use crate::support::changeover::Running;
use crate::support::host::Host;
use crate::support::scene::Scene;

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

/// The standard plan with a watch over each kind, and a step that asks new by this probe.
fn plan_over_every_kind(host: &Host, judge: &str) -> &'static str {
    let plan = std::fs::read_to_string("plans/nginx.toml").expect("the plan");
    let kinds = format!(
        r#"
[probe.secure]
url = "https://{NAME}/healthz"
connect-to = "127.0.0.1:443"
http2 = true
request-timeout = "10s"

[probe.secure.tls]
ca-file = "{CA_FILE}"

[probe.socket]
url = "http://{NAME}/healthz"
unix-socket = "/run/web.sock"
request-timeout = "10s"

[probe.waits]
url = "https://{NAME}/healthz"
connect-to = "127.0.0.1:444"
proxy-protocol = true
request-timeout = "10s"
tls = {{ insecure = true }}
"#
    );
    let watches = ["secure", "socket", "waits"]
        .map(|name| format!("\n[[watch]]\nprobe = \"{name}\"\ninterval = \"20ms\"\n"))
        .concat();
    let (head, steps) = plan.split_once("\n[[step]]").expect("steps");
    let steps = steps.replace("probe = \"health\"", &format!("probe = \"{judge}\""));
    host.write("/srv/kinds.toml", format!("{head}{kinds}{watches}\n[[step]]{steps}"));
    "/srv/kinds.toml"
}

#[test]
fn a_run_is_watched_and_judged_over_every_kind() {
    let listeners = ["443 ssl http2", "444 ssl deferred proxy_protocol", "unix:{root}/run/web.sock"];
    let host = || Host::new().with(|config| config.listen(listeners)).running("1.22.1");
    let good = host();
    let (plan, offer) = (plan_over_every_kind(&good, "secure"), good.offer("1.26.3"));
    Scene::play(good, plan, &offer).committed("1.26.3");
    let bad = host();
    let (plan, offer) = (plan_over_every_kind(&bad, "socket"), bad.offer("faulty/answers-500"));
    let scene = Scene::play(bad, plan, &offer);
    scene.rolled_back(20);
    let told = scene.run.stdout();
    assert!(told.contains("probe/wrong-status") && told.contains("\"probe\":\"socket\""), "{}", scene.run);
}

#[test]
fn without_a_ca_file_the_authorities_of_the_host_are_trusted() {
    for (trusted, ended) in [(CA_FILE.to_owned(), (0, "committed")), (others(), (12, "refused"))] {
        let host = Host::new().with(|config| config.listen(["443 ssl"])).running("1.22.1");
        let offer = host.offer("1.26.3");
        let plan = std::fs::read_to_string("plans/soak-and-watch.toml").expect("the plan");
        let address = "[probe.health]\nconnect-to = \"127.0.0.1:443\"\n";
        host.write("/srv/secure.toml", plan.replace("[probe.health]\n", address));
        let url = format!("health-url=https://{NAME}/healthz");
        let arguments = ["run", "/srv/secure.toml", "--set", &url, "--set", "soak=10ms", "--output", "json"];
        let mut command = host.changeover_command(&arguments, &offer);
        command.env("SSL_CERT_FILE", &trusted);
        let run = Running::spawn(command, &host.sandbox).wait();
        assert_eq!((run.exit(), run.said("verdict")), ended, "{trusted} {run}");
        let unknown = run.stdout().contains("probe/certificate-unknown-issuer");
        assert_eq!(unknown, run.exit() == 12, "{run}");
    }
}

/// A file of authorities that have signed nothing here.
fn others() -> String {
    let [other, _] = Certificate::SelfSigned.paths();
    other
}

#[test]
fn a_probe_of_a_unix_socket_before_winch_is_refused_where_old_keeps_it_to_itself() {
    // `reuseport` is on, which a unix socket does not have.
    let host = Host::new().with(|config| {
        config.reuseport = true;
        config.listen(["unix:{root}/run/web.sock"]);
    });
    let host = host.running("1.18.0");
    let plan = std::fs::read_to_string("plans/probe-before-winch.toml").expect("the plan");
    let url = "url = \"${health-url}\"\n";
    assert!(plan.contains(url), "{plan}");
    host.write("/srv/unix.toml", plan.replace(url, &format!("{url}unix-socket = \"/run/web.sock\"\n")));
    let offer = host.offer("1.26.3");
    let scene = Scene::play(host, "/srv/unix.toml", &offer);
    scene.refused(12);
    assert!(scene.run.stdout().contains("preflight/probe-cannot-reach-new"), "{}", scene.run);
}
