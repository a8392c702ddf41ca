//! What the verifier says of plans: a bad one for each code, what people use today, and every mutation of the standard plan.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot read a plan has failed")]

use std::collections::BTreeSet;
use std::process::Command;

use changeover::diagnose::explain;
use changeover::plan::{Inputs, load};
use changeover::verify::{Report, Severity, compare, verify, verify_with};

fn verified(text: &str) -> Report {
    let loaded = load("plan.toml", text.as_bytes(), &[], Inputs::Open);
    verify(&loaded.unwrap_or_else(|problems| panic!("{:?}", problems.list)))
}

fn codes(report: &Report) -> Vec<&'static str> {
    report.findings.iter().map(|finding| finding.problem.code).collect()
}

fn story(report: &Report, code: &str) -> Vec<String> {
    let finding = report.findings.iter().find(|finding| finding.problem.code == code);
    finding.unwrap_or_else(|| panic!("no {code} in {report:?}")).story.clone()
}

fn fixture(path: &str) -> Report {
    verified(&std::fs::read_to_string(format!("tests/fixtures/plans/{path}.toml")).unwrap())
}

/// Beyond what a plan may hold: a unit test of the exploration has it.
const UNREACHED: &str = "verify/not-proven";

#[test]
fn every_code_has_a_bad_plan_and_a_text() {
    let room = explain::rooms().into_iter().find(|room| room.name == "verify").unwrap();
    let all: BTreeSet<&str> = room.codes.iter().map(|text| text.code).collect();
    assert!(all.contains(UNREACHED));
    let mut found = BTreeSet::new();
    for code in all.iter().filter(|code| **code != UNREACHED) {
        let report = fixture(&format!("unsafe/{}", code.trim_start_matches("verify/")));
        assert!(codes(&report).contains(code), "{code}: {report:?}");
        found.extend(codes(&report));
    }
    assert!(found.is_subset(&all), "{found:?}");
}

#[test]
fn the_plans_of_the_project_have_no_finding_with_up_to_three_faults_together() {
    let mut plans = 0;
    for plan in std::fs::read_dir("plans").unwrap().flatten() {
        let text = std::fs::read(plan.path()).unwrap();
        let loaded = load("plan.toml", &text, &[], Inputs::Open).unwrap();
        let reports = [1, 2, 3].map(|faults| verify_with(&loaded, faults));
        for report in &reports {
            assert_eq!(report.findings, [], "{}", plan.path().display());
        }
        // Each fault more leads to more states.
        assert!(reports.windows(2).all(|pair| pair[0].states < pair[1].states), "{}", plan.path().display());
        plans += 1;
    }
    assert!(plans >= 7, "{plans}");
}

#[test]
fn the_runner_is_killed_and_the_host_reboots_at_every_place_of_every_plan_of_the_project() {
    for plan in std::fs::read_dir("plans").unwrap().flatten() {
        let (text, name) = (std::fs::read_to_string(plan.path()).unwrap(), plan.path());
        let loaded = load("plan.toml", text.as_bytes(), &[], Inputs::Open).unwrap();
        let Report { crashes, states, findings, .. } = verify_with(&loaded, 0);
        assert_eq!(findings, [], "{}", name.display());
        assert!(crashes.killed > states && crashes.rebooted > states, "{}: {crashes:?}", name.display());
        // The one exception of its steps, and only where a file is staged: milliseconds in the exec window.
        assert_eq!(crashes.in_the_window > 0, text.contains("\"replace-binary\""), "{}", name.display());
    }
}

#[test]
fn what_people_use_today_is_refused_with_the_story_of_its_outage() {
    const LATE: &str = "the workers of new are not there yet";
    let expected: [(&str, &str, &[&str]); 4] = [
        (
            "make-upgrade",
            "verify/quit-outside-commit",
            &["2. USR2 to old-master", LATE, "4. QUIT to old-master", "nobody accepts"],
        ),
        (
            "debian-init",
            "verify/quit-outside-commit",
            &["2. USR2 to old-master", LATE, "3. QUIT to old-master", "nobody accepts"],
        ),
        (
            "alpine-openrc",
            "verify/nobody-accepts",
            &["2. USR2 to old-master", LATE, "5. WINCH to old-master", "nobody accepts"],
        ),
        (
            "blog-recipe",
            "verify/nobody-accepts",
            &["2. USR2 to old-master", LATE, "4. WINCH to old-master", "nobody accepts"],
        ),
    ];
    for (name, code, told) in expected {
        let report = fixture(&format!("incumbents/{name}"));
        assert_eq!(story(&report, code), told, "{name}");
        assert!(codes(&report).contains(&"verify/quit-outside-commit"), "{name}: {report:?}");
        let lost = story(&report, "verify/no-way-back");
        assert_eq!(lost.last().map(String::as_str), Some("no master lives"), "{name}");
        assert!(report.errors().count() >= 2 && report.warnings().count() >= 1, "{name}: {report:?}");
    }
}

/// The steps of the standard plan, and what stands before them.
fn standard() -> (String, Vec<String>) {
    let text = std::fs::read_to_string("plans/nginx.toml").unwrap();
    let mut parts = text.split("[[step]]").map(str::to_owned);
    let head = parts.next().unwrap();
    (head, parts.map(|step| format!("[[step]]{step}")).collect())
}

/// What is found when the steps stand in this order (counted from 1).
fn in_order(order: &[usize]) -> Vec<&'static str> {
    let (head, steps) = standard();
    let chosen: String = order.iter().map(|number| &*steps[number - 1]).collect();
    codes(&verified(&(head + &chosen)))
}

/// 1 replace-binary, 2 USR2, 3 wait for new, 4 WINCH, 5 wait for old, 6 probe, 7 commit.
#[test]
fn every_step_that_is_left_out_or_swapped_or_doubled_is_found_or_harmless() {
    const NOBODY: &str = "verify/nobody-accepts";
    const NEVER: &str = "verify/step-never-passes";
    let expected: [(&[usize], &[&str], &str); 17] = [
        (&[1, 2, 3, 4, 5, 6, 7], &[], "as it is"),
        (&[1, 3, 4, 5, 6, 7], &[NEVER], "nobody starts new"),
        (&[1, 2, 4, 5, 6, 7], &[NOBODY], "new may start late"),
        (&[1, 2, 3, 5, 6, 7], &[NEVER], "nobody drains old"),
        (&[1, 2, 3, 4, 6, 7], &[], "WINCH waits for its own effect"),
        (&[1, 2, 3, 4, 5, 7], &["verify/new-not-probed"], "workers may answer with errors"),
        (&[2, 1, 3, 4, 5, 6, 7], &[], "the file was proven before the first step"),
        (&[1, 3, 2, 4, 5, 6, 7], &[NEVER], "new is waited for before it is started"),
        (&[1, 2, 4, 3, 5, 6, 7], &[NOBODY], "new may start late"),
        (&[1, 2, 3, 5, 4, 6, 7], &[NEVER], "old is waited for before it is told"),
        (&[1, 2, 3, 4, 6, 5, 7], &[], "the probe asks new only"),
        (&[1, 2, 3, 6, 4, 5, 7], &[], "the probe asks new only"),
        (&[1, 2, 2, 3, 4, 5, 6, 7], &[NEVER], "old ignores a second USR2"),
        (&[1, 2, 3, 3, 4, 5, 6, 7], &[], "it is so already"),
        (&[1, 2, 3, 4, 4, 5, 6, 7], &[], "nobody is left to be told"),
        (&[1, 2, 3, 4, 5, 5, 6, 7], &[], "it is so already"),
        (&[1, 2, 3, 4, 5, 6, 6, 7], &[], "asked twice"),
    ];
    for (order, found, why) in expected {
        assert_eq!(in_order(order), found, "{order:?}: {why}");
    }
}

#[test]
fn what_needs_longer_than_it_is_given_can_never_pass() {
    const SHORT: &[&str] = &["verify/time-too-short"];
    let (head, steps) = standard();
    let with = |from: &str, to: &str| {
        let text = head.clone() + &steps.concat();
        assert!(text.contains(from), "{from}");
        codes(&verified(&text.replace(from, to)))
    };
    let slow = "interval = \"10s\"\n";
    assert_eq!(with("interval = \"0s\"\n", slow), SHORT);
    assert_eq!(with("interval = \"0s\"\n", &format!("{slow}timeout = \"1m\"\n")), [] as [&str; 0]);
    let stays = "until = \"accepting\"\nstable-for = \"1m\"\n";
    assert_eq!(with("until = \"accepting\"\n", stays), SHORT);
    let budget = |budget: &str| {
        let plan = std::fs::read_to_string("plans/soak-and-watch.toml").unwrap();
        let defaults = format!("[defaults]\nbudget = \"{budget}\"\n\n[probe.health]\n");
        codes(&verified(&plan.replace("[probe.health]\n", &defaults)))
    };
    assert_eq!((budget("2m").as_slice(), budget("3m").as_slice()), (SHORT, &[] as &[&str]));
}

#[test]
fn the_facts_say_of_each_step_how_it_is_taken_back() {
    let report = verified(&std::fs::read_to_string("plans/nginx.toml").unwrap());
    let facts = report.facts.iter().map(|it| (it.step, it.reversible, it.back.join(", ")));
    let (before, after) = (
        "USR1 to old master, QUIT to new master",
        "HUP to old master, USR1 to old master, QUIT to new master",
    );
    let expected = [
        (1, true, ""),
        (2, true, before),
        (3, true, before),
        (4, true, after),
        (5, true, after),
        (6, true, after),
        (7, false, ""),
    ];
    let expected = expected.map(|(step, reversible, back)| (step, reversible, back.to_owned()));
    assert_eq!(facts.collect::<Vec<_>>(), expected);
    // QUIT has its time-out of 10 s, TERM 4 s, and KILL is immediate.
    assert_eq!(report.facts[5].longest_back, Some(14_000.0));
    assert_eq!((report.facts[6].longest_back, report.facts[6].longest), (None, Some(30_000.0)));
}

/// A budget is there to be shorter than all steps together; where it is, both times are told.
#[test]
fn a_budget_that_is_shorter_than_the_steps_is_no_finding_and_stands_beside_them() {
    let times = |plan: &str, defaults: &str| {
        let plan = std::fs::read_to_string(format!("plans/{plan}.toml")).unwrap();
        let report = verified(&plan.replace("[probe.health]\n", &format!("{defaults}\n[probe.health]\n")));
        assert_eq!(codes(&report), [] as [&str; 0]);
        let (times, open) = (report.times, report.facts.iter().any(|step| step.longest.is_none()));
        assert_eq!((times.forward.is_none(), times.back), (open, 14_000.0));
        (times.forward, times.budget, times.drain)
    };
    let (steps, drain) = (Some(300_000.0), Some(30_000.0));
    assert_eq!(times("soak-and-watch", ""), (steps, None, drain));
    assert_eq!(times("soak-and-watch", "[defaults]\nbudget = \"3m\"\n"), (steps, Some(180_000.0), drain));
    assert_eq!(times("drill", ""), (Some(180_000.0), None, None));
    let open = "[inputs.most]\ntype = \"duration\"\n\n[defaults]\nbudget = \"${most}\"\n";
    assert_eq!(times("soak-and-watch", open), (steps, None, drain));
    assert_eq!(times("soak-and-watch", &open.replace("budget", "timeout")), (None, None, drain));
}

#[test]
fn the_facts_say_how_much_was_explored() {
    let check = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_changeover"));
        let output = command.args(["check", "plans/nginx.toml", "--facts"]).args(arguments).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let told: serde_json::Value = serde_json::from_str(&check(&["--output", "json"])).unwrap();
    let number = |name: &str| told["crashes"][name].as_u64().unwrap();
    let (killed, rebooted) = (number("killed"), number("rebooted"));
    let line = format!(
        "crashes   the runner at {killed} places, the host at {rebooted} places, {} of these in an exec window",
        number("in-the-window")
    );
    let shown = check(&[]);
    assert!(shown.contains(&line), "{line}: {shown}");
    let moves = told["moves"].as_array().unwrap().len();
    assert!(shown.contains(&format!("{} states, {moves} kinds of moves", told["states"])), "{shown}");
}

/// The standard plan with its probe, and these steps instead of its own.
fn with_steps(steps: &[&str]) -> String {
    let (head, standard) = standard();
    let one = |step: &&str| {
        let words: Vec<&str> = step.split(' ').collect();
        match words.as_slice() {
            [signal, to] => {
                format!("[[step]]\naction = \"signal\"\nsignal = \"{signal}\"\nto = \"{to}-master\"\n\n")
            }
            [number] => standard[number.parse::<usize>().unwrap() - 1].clone(),
            other => panic!("{other:?}"),
        }
    };
    head + &steps.iter().map(one).collect::<String>()
}

#[test]
fn a_commit_that_no_run_reaches_is_found_too() {
    for steps in [
        &["1", "6", "7"][..],
        &["1", "2", "3", "6", "WINCH new", "7"],
        &["1", "2", "3", "6", "QUIT new", "7"],
    ] {
        let found = codes(&verified(&with_steps(steps)));
        assert!(found.iter().any(|code| *code != "verify/new-not-probed"), "{steps:?}: {found:?}");
    }
}

#[test]
fn without_new_a_reload_of_old_doubles_nothing() {
    let plan = with_steps(&["1", "2", "3", "QUIT new", "HUP old", "2", "3", "4", "6", "7"]);
    assert!(!codes(&verified(&plan)).contains(&"verify/workers-double"));
}

#[test]
fn an_input_that_is_still_to_be_given_is_no_mistake() {
    let plan = std::fs::read_to_string("plans/soak-and-watch.toml").unwrap();
    let plan = plan.replace("default = \"2m\"\n", "");
    assert!(plan.contains("for = \"${soak}\""));
    let budget = plan.replace("[probe.health]\n", "[defaults]\nbudget = \"20s\"\n\n[probe.health]\n");
    let report = verified(&budget);
    assert_eq!(codes(&report), [] as [&str; 0]);
    assert_eq!((report.facts[6].longest, report.facts[5].longest), (None, Some(30_000.0)));
}

#[test]
fn the_longest_way_back_is_the_plans_own() {
    let plan = std::fs::read_to_string("plans/nginx.toml").unwrap();
    let patient = plan.replace("[probe.health]\n", "[rollback]\nquit-timeout = \"1m\"\n\n[probe.health]\n");
    assert_eq!(verified(&patient).facts[5].longest_back, Some(64_000.0));
}

#[test]
fn a_change_of_a_plan_is_told_as_guarantees() {
    let diff = |arguments: &[&str]| {
        let output =
            Command::new(env!("CARGO_BIN_EXE_changeover")).arg("diff").args(arguments).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (soak, standard) = ("plans/soak-and-watch.toml", "plans/nginx.toml");
    let (code, told) = diff(&[soak, standard]);
    for line in ["the watch on `health` was removed", "soak: 2 m → none"] {
        assert!(told.contains(&format!("weaker    {line}\n")), "{line}: {told}");
    }
    assert_eq!(code, Some(0));
    let (code, told) = diff(&[standard, soak, "--output", "markdown", "--fail-on-weaker"]);
    assert!(code == Some(0) && told.contains("* **stronger**: soak: none → 2 m\n"), "{told}");
    let (code, told) = diff(&[standard, standard]);
    assert_eq!((code, told.as_str()), (Some(0), "no guarantee is different\n"));
}

#[test]
fn what_is_accepted_removed_or_longer_is_weaker_too() {
    let loaded = |text: &str| load("plan.toml", text.as_bytes(), &[], Inputs::Open).unwrap();
    let standard = std::fs::read_to_string("plans/nginx.toml").unwrap();
    let told = |before: &str, after: &str| -> Vec<String> {
        let changes = compare(&loaded(before), &loaded(after));
        changes.iter().map(|it| format!("{:?}: {}", it.direction, it.text)).collect()
    };
    let accepts = "\n[[verify.accept]]\ncode = \"verify/new-not-probed\"\nreason = \"staging\"\n";
    let unprobed = std::fs::read_to_string("tests/fixtures/plans/unsafe/new-not-probed.toml").unwrap();
    let accepted = unprobed.clone() + accepts;
    assert_eq!(told(&unprobed, &accepted), ["Weaker: accepted now: verify/new-not-probed"]);
    let tolerant = standard.replace("pass-after = 5\n", "pass-after = 5\nfail-after = 9\n");
    assert_eq!(told(&standard, &tolerant), ["Weaker: bad answers in a row that fail a step: 1 → 9"]);
    let bounded = standard.replace("[probe.health]\n", "[defaults]\nbudget = \"10m\"\n\n[probe.health]\n");
    assert_eq!(told(&bounded, &standard), ["Weaker: the budget was removed"]);
    let patient =
        standard.replace("[probe.health]\n", "[rollback]\nquit-timeout = \"1m\"\n\n[probe.health]\n");
    assert_eq!(told(&standard, &patient), ["Weaker: worst time back: 14.0 s → 1 m 4 s"]);
    let named = standard.replace("name = \"nginx ${version}\"", "name = \"web ${version}\"");
    assert_eq!(told(&standard, &named), ["Other: the plans differ in what no guarantee is about"]);
}

#[test]
fn a_guarantee_that_got_weaker_fails_where_that_is_asked_for() {
    let blog = "tests/fixtures/plans/incumbents/blog-recipe.toml";
    let mut command = Command::new(env!("CARGO_BIN_EXE_changeover"));
    let output = command.args(["diff", "plans/nginx.toml", blog, "--fail-on-weaker", "--output", "json"]);
    let output = output.output().unwrap();
    assert_eq!(output.status.code(), Some(43));
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let changes = told["changes"].as_array().unwrap();
    let texts: Vec<&str> = changes.iter().filter_map(|it| it["text"].as_str()).collect();
    assert_eq!(texts[0], "the way back is lost 1 step earlier");
    assert!(texts.contains(&"the probe of the new generation was removed"), "{texts:?}");
    assert!(told["weaker"].as_u64().unwrap() >= 6, "{told}");
}

#[test]
fn a_warning_may_be_accepted_with_a_reason_and_an_error_never() {
    let accept =
        |code: &str| format!("\n[[verify.accept]]\ncode = \"{code}\"\nreason = \"seen in staging\"\n");
    let read =
        |name: &str| std::fs::read_to_string(format!("tests/fixtures/plans/unsafe/{name}.toml")).unwrap();
    let warned = verified(&(read("new-not-probed") + &accept("verify/new-not-probed")));
    assert_eq!((warned.warnings().count(), warned.findings[0].severity), (0, Severity::Warning));
    assert_eq!(warned.findings[0].accepted.as_deref(), Some("seen in staging"));
    let refused = verified(&(read("nobody-accepts") + &accept("verify/nobody-accepts")));
    assert_eq!((refused.errors().count(), refused.findings[0].accepted.as_deref()), (1, None));
}

#[test]
fn warnings_fail_where_they_are_denied() {
    let check = |name: &str, arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_changeover"));
        command.args(["check", &format!("tests/fixtures/plans/unsafe/{name}.toml")]).args(arguments);
        let output = command.output().unwrap();
        let told = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        (output.status.code(), told)
    };
    let (code, told) = check("soak-not-watched", &[]);
    assert!(code == Some(0) && told.contains("ok, 7 steps, 1 warning"), "{told}");
    let (code, told) = check("soak-not-watched", &["--deny-warnings"]);
    assert!(code == Some(11) && !told.contains(": ok"), "{told}");
    let (code, told) = check("nobody-accepts", &["--output", "json"]);
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!((code, &told["findings"][0]["severity"]), (Some(11), &"error".into()));
    assert_eq!(told["findings"][0]["story"][3], "nobody accepts");
    assert!(told["states"].as_u64().unwrap() > 3, "{told}");
}
