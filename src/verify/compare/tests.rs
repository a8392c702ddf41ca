//! Each change of a plan, there and back: what is weaker one way is stronger the other.

use super::{Direction, compare};
use crate::plan::{Inputs, Loaded, load};

const PLAN: &str = "format = 1
name = \"n\"

[service]
kind = \"nginx\"
pid-file = \"/run/nginx.pid\"

[probe.health]
url = \"https://127.0.0.1/healthz\"

[[step]]
action = \"adopt-binary\"

[[step]]
action = \"signal\"
signal = \"USR2\"
to = \"old-master\"

[[step]]
action = \"wait-for-workers\"
generation = \"new\"
until = \"accepting\"

[[step]]
action = \"http-probe\"
probe = \"health\"

[[step]]
action = \"commit\"
";

/// The plan with more about its probe.
fn probe(keys: &str) -> Loaded {
    loaded("/healthz\"\n", keys)
}

/// The plan with more behind what it says.
fn loaded(behind: &str, keys: &str) -> Loaded {
    let text = PLAN.replacen(behind, &format!("{behind}{keys}\n"), 1);
    assert!(text.len() > PLAN.len(), "{behind}");
    load("plan.toml", text.as_bytes(), &[], Inputs::Open).unwrap()
}

fn told(before: &Loaded, after: &Loaded) -> Vec<(Direction, String)> {
    compare(before, after).into_iter().map(|change| (change.direction, change.text)).collect()
}

/// One way it is weaker and the other way stronger, in these words.
#[track_caller]
fn weaker(before: &Loaded, after: &Loaded, text: &str, back: &str) {
    assert_eq!(told(before, after), [(Direction::Weaker, text.to_owned())]);
    assert_eq!(told(after, before), [(Direction::Stronger, back.to_owned())]);
}

/// Neither way is weaker.
#[track_caller]
fn other(before: &str, after: &str, text: &str) {
    let (before, after) = (probe(before), probe(after));
    for (from, to) in [(&before, &after), (&after, &before)] {
        assert_eq!(told(from, to), [(Direction::Other, text.to_owned())]);
    }
}

fn expect(keys: &str) -> String {
    format!("\n[probe.health.expect]\n{keys}")
}

#[test]
fn more_good_statuses_are_weaker_and_others_are_neither() {
    let one = probe("");
    let both = probe(&expect("status = [200, 204]"));
    weaker(
        &one,
        &both,
        "good statuses of `health`: 200 → 200, 204",
        "good statuses of `health`: 200, 204 → 200",
    );
    let changed = told(&one, &probe(&expect("status = [204]")));
    assert_eq!(changed, [(Direction::Other, "good statuses of `health`: 200 → 204".to_owned())]);
    let same = told(&both, &probe(&expect("status = [204, 200]")));
    assert_eq!(same, [(Direction::Other, "the plans differ in what no guarantee is about".to_owned())]);
}

#[test]
fn a_text_that_is_not_compared_any_more_is_weaker_and_another_one_is_neither() {
    for (key, what) in [
        ("body-contains = \"ok\"", "the text in the body"),
        ("headers = { X-Frame-Options = \"ok\" }", "header x-frame-options"),
    ] {
        let compared = format!("answers to `health`: {what} is compared");
        let text = format!("answers to `health`: {what} is not compared any more");
        weaker(&probe(&expect(key)), &probe(""), &text, &compared);
        let another = format!("answers to `health`: {what} must be another");
        other(&expect(key), &expect(&key.replace("ok", "no")), &another);
    }
}

#[test]
fn an_answer_that_may_take_longer_is_weaker() {
    let within = |limits: &str| probe(limits);
    let (quick, slow) = (expect("max-latency = \"200ms\""), expect("max-latency = \"400ms\""));
    let text = |was: &str, is: &str| format!("a good answer to `health` may take {was} → {is}");
    for (before, after, was, is) in [
        (quick.as_str(), slow.as_str(), "200 ms", "400 ms"),
        (&quick, "", "200 ms", "1.00 s"),
        ("", "request-timeout = \"5s\"", "1.00 s", "5.00 s"),
    ] {
        weaker(&within(before), &within(after), &text(was, is), &text(is, was));
    }
    // What is good stays the same where the other limit is shorter.
    other("", &expect("max-latency = \"5s\""), "the plans differ in what no guarantee is about");
    other(&quick, &format!("request-timeout = \"5s\"\n{quick}"), "probe `health` gives up at another time");
}

#[test]
fn a_certificate_that_is_not_proven_is_weaker() {
    let insecure = probe("tls = { insecure = true }");
    weaker(
        &probe(""),
        &insecure,
        "probe `health`: any certificate is good",
        "probe `health`: the certificate is proven",
    );
}

#[test]
fn what_is_asked_is_neither() {
    for change in ["method = \"HEAD\"", "http2 = true", "tls = { server-name = \"a.example\" }"] {
        other("", change, "probe `health` asks something else");
    }
}

#[test]
fn fewer_workers_or_as_many_as_there_are_are_weaker() {
    let count = |keys: &str| loaded("until = \"accepting\"\n", keys);
    let text = |was: &str, is: &str| format!("workers of new that must accept: {was} → {is}");
    for (before, after, was, is) in [("count = 4", "count = 2", "4", "2"), ("count = 4", "", "4", "not said")]
    {
        weaker(&count(before), &count(after), &text(was, is), &text(is, was));
    }
}
