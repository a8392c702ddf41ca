//! What `history` says of the runs of before: each as it ended, and one that cannot be believed hides no other.

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::changeover::{Line, Run};
use crate::support::host::{Host, Offer};
use crate::support::left::{self, directory, kill_both, recover, text_of};

const SOAKING: [&str; 4] = ["run", "plans/soak-and-watch.toml", "--set", "soak=1m"];

fn history(host: &Host, arguments: &[&str]) -> Run {
    let history = host.changeover_bare(&[&["history"], arguments].concat());
    assert_eq!(history.exit(), 0, "{history}");
    history
}

/// A run of the standard plan, as a person sees it.
fn seen(host: &Host, offer: &Offer) -> Run {
    let sets = host.sets(offer);
    let arguments: Vec<_> =
        ["run", "plans/nginx.toml"].into_iter().chain(sets.iter().map(String::as_str)).collect();
    host.changeover_bare(&arguments)
}

/// A run to this build that is killed in its soak, alone or together with its guardian.
fn killed(host: &Host, build: &str, guardian_too: bool) {
    let offer = host.offer(build);
    let mut run = host.start_changeover(&SOAKING, &offer);
    run.wait_for("the soak begins", |line: &Line| line.event["action"] == "soak");
    if guardian_too {
        kill_both(host, run);
    } else {
        run.signal(Signal::SIGKILL);
        run.wait();
    }
}

/// Of each run how it ended, with what, by whom, and what is wrong with its journal.
fn ends(history: &Run) -> Vec<Value> {
    let end = |run: &Value| json!([run["verdict"], run["exit"], run["ended_by"], run["damage"]["code"]]);
    history.lines.iter().map(|line| end(&line.event)).collect()
}

#[test]
fn a_rolled_back_a_recovered_a_committed_and_a_damaged_run_stand_in_one_history() {
    let host = Host::new().running("1.22.1");
    let failed = seen(&host, &host.offer("faulty/answers-500"));
    assert_eq!(failed.exit(), 20, "{failed}");
    killed(&host, "1.26.3", false);
    assert!(left::verdict(&host).is_some(), "its guardian goes on");
    killed(&host, "1.26.3", true);
    assert_eq!(recover(&host).exit(), 20);
    assert_eq!(seen(&host, &host.offer("1.26.3")).exit(), 0);
    killed(&host, "1.22.1", true);
    let journal = directory(&host).expect("the run").join("journal.jsonl");
    let text = std::fs::read_to_string(&journal).expect("the journal");
    std::fs::write(&journal, text.replacen("forward-started", "way-back-started", 1)).expect("edit it");

    let told = history(&host, &["--output", "json"]);
    let expected = [
        json!(["rolled-back", 20, "run", null]),
        json!(["rolled-back", 20, "guardian", null]),
        json!(["rolled-back", 20, "recover", null]),
        json!(["committed", 0, "run", null]),
        json!([null, 32, null, "journal/damaged"]),
    ];
    assert_eq!(ends(&told), expected, "{told}");
    for (line, last) in told.lines.iter().zip([false, false, false, false, true]) {
        let run = &line.event;
        let (old, plan) =
            if last { ("nginx/1.26.3", "nginx 1.22.1") } else { ("nginx/1.22.1", "nginx 1.26.3") };
        assert_eq!((&run["old"], &run["plan"]), (&old.into(), &plan.into()), "{told}");
        assert_eq!(run["pid_file"], "/run/nginx.pid", "{told}");
        assert!(run["at"].as_str().is_some_and(|at| at.ends_with('Z')), "{told}");
    }
    let shown = history(&host, &[]);
    assert_eq!(shown.lines.len(), 1 + expected.len(), "{shown}");
    for (line, run) in shown.lines[1..].iter().zip(&told.lines) {
        assert!(line.text.starts_with(run.event["run"].as_str().expect("its id")), "{shown}");
        assert!(line.text.chars().count() <= 100, "{shown}");
    }
    for (line, end) in [(2, "guardian: nginx 1.26.3"), (3, "recover: nginx 1.26.3"), (5, "journal/damaged")] {
        assert!(shown.lines[line].text.ends_with(end), "{shown}");
    }
    one_run_again(&host, &failed, &told);
}

/// One of them is shown as it was shown when it ran, also to programs; and a run that is not there is named.
fn one_run_again(host: &Host, failed: &Run, told: &Run) {
    let id = told.lines[0].event["run"].as_str().expect("its id");
    let again = history(host, &[id]);
    assert!(again.lines[0].text.contains("/run/nginx.pid   plans/nginx.toml"), "{again}");
    let (again, then) = (again.stdout(), failed.stdout());
    assert!(again.ends_with(&then) && again.lines().count() == 1 + then.lines().count(), "{again}\n{then}");
    let damaged = told.lines[4].event["run"].as_str().expect("its id");
    let events = history(host, &[damaged, "--output", "json"]);
    assert_eq!(events.stdout(), text_of(host, "events.jsonl"));
    assert!(events.stderr.starts_with("journal/damaged: "), "{events}");
    for strange in ["20200101T000000-1", "../run_nginx.pid", "open", "."] {
        let run = host.changeover_bare(&["history", strange]);
        assert_eq!((run.exit(), run.stdout().as_str()), (2, ""), "{run}");
    }
}

#[test]
fn a_run_that_was_refused_and_one_that_is_under_way_are_told_from_those_that_ended() {
    let host = Host::new().running("1.22.1");
    assert!(history(&host, &[]).stderr.contains("there is no run below /var/lib/changeover"));
    let offer = host.offer("1.26.3");
    let refused = ["run", "plans/soak-and-watch.toml", "--set", "health-url=http://127.0.0.1:9/"];
    assert_eq!(host.changeover(&refused, &offer).exit(), 12);
    let mut run = host.start_changeover(&SOAKING, &offer);
    run.wait_for("the soak begins", |line: &Line| line.event["action"] == "soak");
    let told = history(&host, &["--output", "json", "--pid-file", "/var/run/nginx.pid"]);
    assert_eq!(ends(&told), [json!(["refused", 12, "run", null]), json!([null, null, null, null])], "{told}");
    let shown = history(&host, &[]).stdout();
    assert!(shown.contains("  refused ") && shown.contains("  unfinished "), "{shown}");
    let under_way = history(&host, &[told.lines[1].event["run"].as_str().expect("its id")]);
    assert!(under_way.stdout().contains("✓ 4 signal WINCH"), "{under_way}");
    assert!(under_way.stderr.contains("it has no verdict yet"), "{under_way}");
    let other = history(&host, &["--pid-file", "/run/other.pid"]);
    assert_eq!(other.stdout(), "");
    run.signal(Signal::SIGINT);
    assert_eq!(run.wait().exit(), 21);
}
