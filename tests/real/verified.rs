//! What the verifier says of plans is so on real nginx: the stories of its findings are played, and plans without one are run.

use changeover::plan::{Inputs, load};
use changeover::verify::verify;
use nix::sys::signal::Signal;
use serde_json::Value;

use crate::support::changeover::Running;
use crate::support::host::Host;
use crate::support::process::Process;
use crate::support::scene::Scene;
use crate::support::wait_until;

/// The steps of the standard plan, and what stands before them.
fn standard() -> (String, Vec<String>) {
    let text = std::fs::read_to_string("plans/nginx.toml").expect("the plan");
    let mut parts = text.split("[[step]]").map(str::to_owned);
    let head = parts.next().expect("its head");
    (head, parts.map(|step| format!("[[step]]{step}")).collect())
}

/// The standard plan with its steps in this order, counted from 1: 1 replace-binary, 2 USR2, 3 wait for new, 4 WINCH,
/// 5 wait for old, 6 probe, 7 commit. What stands between is put in as it is.
fn in_order(order: &[&str]) -> String {
    let (head, steps) = standard();
    let of =
        |part: &&str| part.parse().map_or_else(|_| format!("{part}\n\n"), |it: usize| steps[it - 1].clone());
    head + &order.iter().map(of).collect::<String>()
}

/// The standard plan without a probe of new: a watch that anybody may answer has its request.
pub(crate) fn unprobed() -> String {
    let commit = "[[step]]\naction = \"commit\"";
    let watch = format!("[[watch]]\nprobe = \"health\"\n\n{commit}");
    in_order(&["1", "2", "3", "4", "5", "7"]).replace(commit, &watch)
}

fn signal(signal: &str, to: &str) -> String {
    format!("[[step]]\naction = \"signal\"\nsignal = \"{signal}\"\nto = \"{to}-master\"")
}

/// Every story that ends with nobody, of the findings of a plan.
fn outages(plan: &str) -> Vec<Vec<String>> {
    let loaded = load("plan.toml", plan.as_bytes(), &[], Inputs::Open);
    let report = verify(&loaded.unwrap_or_else(|problems| panic!("{:?}", problems.list)));
    let ends = |story: &Vec<String>| {
        story.last().is_some_and(|last| last == "nobody accepts" || last == "no master lives")
    };
    report.errors().map(|finding| finding.story.clone()).filter(ends).collect()
}

fn accepts(host: &Host) -> bool {
    host.processes().iter().any(Process::is_worker)
}

/// Plays a story on a host, with a build that does what the story says of new; nobody may accept then.
fn play(story: &[String]) {
    let told = |text: &str| story.iter().any(|line| line.contains(text));
    let fails = told("exits while it starts");
    let late = told("not there yet") && !fails;
    let build = match () {
        () if fails => "faulty/exits-with-NGINX",
        () if late => "faulty/starts-slowly",
        () if told("exit with code 2") => "faulty/exits-2",
        () => "1.26.3",
    };
    let host = Host::new().running("1.22.1");
    let old = host.master().expect("a master");
    host.install(build);
    let new = || host.masters().into_iter().find(|master| *master != old);
    for line in story {
        let words: Vec<&str> = line.split(' ').collect();
        match words.as_slice() {
            [_, name, "to", to] => {
                let signal: Signal = format!("SIG{name}").parse().expect("a signal");
                let to = if *to == "old-master" { old } else { new().expect("a new master") };
                host.kill(to, signal);
                // A new master that starts slowly is not there before the next signal: that is the story.
                if *name == "USR2" && !late && !fails {
                    wait_until("new's master is there", || new().is_some_and(|_| host.is_quiet()));
                }
                wait_until("old has handled it", || !host.is_alive(old) || late || host.is_quiet());
            }
            ["the", "new", "master", "exits", ..] if !fails => {
                let new = new().expect("a new master");
                host.kill(new, Signal::SIGTERM);
                assert!(host.wait_gone(new), "new does not leave");
            }
            _ => {}
        }
    }
    wait_until(&format!("nobody accepts after {story:?}"), || !accepts(&host));
}

#[test]
fn what_is_called_an_outage_is_one() {
    let fixture =
        |name: &str| std::fs::read_to_string(format!("tests/fixtures/plans/{name}.toml")).expect("a plan");
    let plans = [
        fixture("unsafe/nobody-accepts"),
        fixture("unsafe/no-way-back"),
        fixture("unsafe/quit-outside-commit"),
        fixture("incumbents/make-upgrade"),
        fixture("incumbents/debian-init"),
        fixture("incumbents/alpine-openrc"),
        fixture("incumbents/blog-recipe"),
        in_order(&["1", "2", "4", "5", "6", "7"]),
        in_order(&["1", "2", "4", "3", "5", "6", "7"]),
        in_order(&["1", "2", "3", "4", &signal("WINCH", "new"), "5", "7"]),
        in_order(&["1", "2", "3", "4", &signal("QUIT", "old"), "6", "7"]),
    ];
    let mut played = 0;
    for plan in &plans {
        let stories = outages(plan);
        assert!(!stories.is_empty(), "{plan}");
        for story in stories {
            play(&story);
            played += 1;
        }
    }
    assert!(played >= 10, "{played}");
}

#[test]
fn what_is_called_harmless_commits_and_loses_nothing() {
    let soak = "[[step]]\naction = \"soak\"\nfor = \"50ms\"";
    let orders: [&[&str]; 10] = [
        &["1", "2", "3", "4", "5", "6", "7"],
        &["1", "2", "3", "4", "6", "7"],
        &["2", "1", "3", "4", "5", "6", "7"],
        &["1", "2", "3", "4", "6", "5", "7"],
        &["1", "2", "3", "3", "4", "5", "6", "7"],
        &["1", "2", "3", "4", "4", "5", "6", "7"],
        &["1", "2", "3", "4", "5", "5", "6", "7"],
        &["1", "2", "3", "4", "5", "6", "6", "7"],
        &["1", "2", "3", "4", "5", "7"],
        &["1", "2", "3", soak, "4", "5", "6", soak, "7"],
    ];
    for order in orders {
        // A probe that no step uses is a mistake of its own.
        let plan = if order.contains(&"6") { in_order(order) } else { unprobed() };
        let host = Host::new().running("1.22.1");
        let offer = host.offer("1.26.3");
        host.write("/srv/plan.toml", &plan);
        assert_eq!(outages(&plan), [] as [Vec<String>; 0], "{order:?}");
        Scene::play(host, "/srv/plan.toml", &offer).committed("1.26.3");
    }
}

#[test]
fn a_warning_is_told_before_the_run_begins_and_not_where_the_plan_accepts_it() {
    const CODE: &str = "verify/new-not-probed";
    let host = Host::new().running("1.22.1");
    let offer = host.offer("1.26.3");
    let human = |arguments: &[&str]| {
        let command = host.changeover_command(&[&["run", "/srv/plan.toml"], arguments].concat(), &offer);
        let run = Running::spawn(command, &host.sandbox).wait();
        assert_eq!(run.exit(), 0, "{run}");
        run.stderr
    };
    let json = || {
        let run = host.changeover(&["run", "/srv/plan.toml"], &offer);
        assert_eq!((run.exit(), run.stderr.as_str()), (0, ""), "{run}");
        let told = run.lines.iter().map(|line| (line.name().to_owned(), line.event["code"].clone()));
        told.take(2).collect::<Vec<_>>()
    };
    let plan = unprobed();
    let line = plan.lines().take_while(|line| *line != "action = \"commit\"").count() + 1;
    host.write("/srv/plan.toml", &plan);
    assert_eq!(json(), [("run-started".to_owned(), Value::Null), ("verify".to_owned(), CODE.into())]);
    let told = format!(
        "{CODE}, line {line}: the plan commits without one answer of the new generation\n\
         1 warning; see `changeover check /srv/plan.toml`\n"
    );
    assert_eq!((human(&[]), human(&["--quiet"])), (told, String::new()));
    let accept = format!("\n[[verify.accept]]\ncode = \"{CODE}\"\nreason = \"staging\"\n");
    host.write("/srv/plan.toml", plan + &accept);
    assert_eq!(
        (human(&[]), json().pop().map(|(name, _)| name)),
        (String::new(), Some("nothing-to-do".to_owned()))
    );
}
