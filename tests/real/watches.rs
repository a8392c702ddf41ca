//! Watches, time-outs and the budget: what ends the way forward besides a failed step, and what a plan may say about
//! it.

use nix::sys::signal::Signal;

use crate::support::changeover::{Line, Run};
use crate::support::config::Config;
use crate::support::host::{Host, Offer};
use crate::support::meeting::{Met, Moment, NO_WATCH, diagnosis, moves_back, plan};
use crate::support::scene::Scene;
use crate::support::wait_until;

/// A file that `/flag` answers with, and a path where only workers of 1.26.3 answer 500.
const FLAG: &str = "/srv/www/flag";
const PATHS: &str = "location = /flag { root /srv/www; access_log /var/log/nginx/flag.log; }
    location = /picky { if ($nginx_version = 1.26.3) { return 500; } return 200 ok; }";
const PROBES: &str = "[probe.health]\nurl = \"${health-url}\"\n
[probe.flag]\nurl = \"http://127.0.0.1/flag\"\nrequest-timeout = \"10s\"\n
[probe.picky]\nurl = \"http://127.0.0.1/picky\"\nrequest-timeout = \"10s\"\n";
const HEALTH: &str = "[probe.health]\nurl = \"${health-url}\"\n";
const WATCH: &str = "probe = \"health\"\ninterval = \"250ms\"\nfail-after = 3\n";

/// A host with these paths, and a build for it.
fn host() -> (Host, Offer) {
    let host = Host::new().with(|config: &mut Config| config.server = PATHS.into()).running("1.22.1");
    host.write(FLAG, "there\n");
    let offer = host.offer("1.26.3");
    (host, offer)
}

fn remove_flag(host: &Host) {
    std::fs::remove_file(host.path(FLAG)).expect("remove the flag");
}

/// How many requests for the flag were answered with this status.
fn flags_answered(host: &Host, status: u16) -> usize {
    let log = host.read("/var/log/nginx/flag.log").unwrap_or_default();
    log.lines().filter(|line| line.contains(&format!("\" {status} "))).count()
}

/// Runs the plan with another watch, and meets it in the soak.
fn watching(watch: &str, act: impl FnOnce(Met<'_>) -> Run) -> Scene {
    let (host, offer) = host();
    Scene::play_with(host, |host| {
        act(Met::at(Moment::Soak, host, &offer, &[(HEALTH, PROBES), (WATCH, watch)]))
    })
}

/// Runs the plan to its end with these changes.
fn run_with(changes: &[(&str, &str)]) -> Scene {
    run_for("1s", "1.26.3", changes)
}

/// The same with another soak and build.
fn run_for(soak: &str, build: &str, changes: &[(&str, &str)]) -> Scene {
    let (host, _) = host();
    let offer = host.offer(build);
    let mut all = vec![(HEALTH, PROBES)];
    all.extend_from_slice(changes);
    Scene::play_with(host, |host| {
        let plan = plan(host, &all);
        host.changeover(&["run", plan, "--set", &format!("soak={soak}")], &offer)
    })
}

fn flag_failed(line: &Line) -> bool {
    line.name() == "probed" && line.event["watch"] == true && line.event["outcome"] == "probe/wrong-status"
}

fn went_back(line: &Line) -> bool {
    line.name() == "way-back-started"
}

/// A new that answered badly is told TERM, which cuts at most one request of each client.
#[track_caller]
fn cut_by_term_at_most(scene: &Scene) {
    assert!(scene.served.lost() <= 8 && scene.served.refused() == 0, "{}", scene.served);
    assert_eq!(scene.served.harmed(), scene.served.lost(), "{}", scene.served);
}

#[test]
fn a_watch_that_fails_before_anything_is_touched_refuses_the_run() {
    let (host, offer) = host();
    remove_flag(&host);
    let scene = Scene::play_with(host, |host| {
        let plan = plan(host, &[(HEALTH, PROBES), (WATCH, "probe = \"flag\"\n")]);
        host.changeover(&["run", plan], &offer)
    });
    assert_eq!(diagnosis(&scene.run), "probe/wrong-status", "{}", scene.run);
    assert_eq!(scene.run.verdict()["changed"], false, "{}", scene.run);
    scene.refused(12);
}

#[test]
fn a_build_that_fails_only_at_one_path_violates_the_watch_of_that_path() {
    let watch = "probe = \"picky\"\ninterval = \"20ms\"\nfail-after = 3\n";
    // Both generations answer until WINCH: three failures in a row come in the soak at the latest.
    let scene = run_with(&[(WATCH, watch), ("stable-for = \"1s\"\n", "")]);
    assert_eq!(diagnosis(&scene.run), "probe/wrong-status", "{}", scene.run);
    assert_eq!(scene.run.verdict()["diagnosis"]["place"], "watch[0]", "{}", scene.run);
    scene.rolled_back(20);
    cut_by_term_at_most(&scene);
}

#[test]
fn only_failures_in_a_row_violate_a_watch() {
    let watch = "probe = \"flag\"\ninterval = \"400ms\"\nfail-after = 3\n";
    let scene = watching(watch, |mut met| {
        for time in 1..=3 {
            let (failed, passed) = (flags_answered(met.host, 404), flags_answered(met.host, 200));
            assert_eq!(failed, time - 1, "one failure each time");
            remove_flag(met.host);
            wait_until("the watch fails", || flags_answered(met.host, 404) == time);
            met.host.write(FLAG, "there again\n");
            wait_until("the watch passes", || flags_answered(met.host, 200) > passed);
        }
        assert!(!met.run.lines().iter().any(went_back), "three failures, but not in a row");
        remove_flag(met.host);
        met.run.wait_for("the way back", went_back);
        met.host.write(FLAG, "there again\n");
        met.run.wait()
    });
    assert_eq!(diagnosis(&scene.run), "probe/wrong-status", "{}", scene.run);
    let failed = scene.run.lines.iter().filter(|line| flag_failed(line)).count();
    assert_eq!(failed, 6, "{}", scene.run);
    scene.rolled_back(20);
    cut_by_term_at_most(&scene);
}

#[test]
fn a_health_file_that_stays_away_is_a_baseline_that_old_does_not_meet_either() {
    let watch = "probe = \"flag\"\ninterval = \"50ms\"\nfail-after = 2\n";
    let scene = watching(watch, |met| {
        remove_flag(met.host);
        met.run.wait()
    });
    let run = &scene.run;
    assert_eq!((run.exit(), run.said("verdict"), run.said("serving")), (30, "stuck", "old"), "{run}");
    assert_eq!(diagnosis(run), "probe/wrong-status", "{run}");
    assert_eq!(moves_back(run), ["HUP old", "USR1 old", "TERM new"], "{run}");
    let (after, before) = (&scene.after, &scene.before);
    assert_eq!((&after.masters, after.accepting, after.strays), (&before.masters, 2, 0), "{run}");
    assert_eq!((&after.pid_file, &after.oldbin), (&before.pid_file, &None), "{run}");
    cut_by_term_at_most(&scene);
}

#[test]
fn watches_of_one_generation_judge_that_generation_only_while_it_can_be_reached() {
    for answerer in ["new", "old"] {
        let watch = format!(
            "probe = \"health\"\nanswered-by = \"{answerer}\"\ninterval = \"20ms\"\nfail-after = 1\n"
        );
        let scene = run_with(&[(WATCH, &watch)]);
        scene.committed("1.26.3");
    }
}

#[test]
fn a_watch_of_new_is_violated_by_what_new_answers() {
    let watch = "probe = \"picky\"\nanswered-by = \"new\"\ninterval = \"20ms\"\nfail-after = 2\n";
    let scene = run_with(&[(WATCH, watch), ("stable-for = \"1s\"\n", "")]);
    assert_eq!(diagnosis(&scene.run), "probe/wrong-status", "{}", scene.run);
    scene.rolled_back(20);
    cut_by_term_at_most(&scene);
}

/// Both generations as they are in the soak, nothing was undone, and a person is told what to do.
#[track_caller]
fn stopped(scene: &Scene) {
    let (run, after) = (&scene.run, &scene.after);
    assert_eq!((run.exit(), run.said("verdict"), run.said("serving")), (23, "stopped", "new"), "{run}");
    assert_eq!((after.masters.len(), after.accepting, after.strays), (2, 2, 0), "{after:?}");
    assert_eq!((after.inode, after.binary.as_str()), (scene.before.inode, "1.22.1"), "{run}");
    assert_eq!(after.oldbin, scene.before.pid_file, "{after:?}");
    assert_ne!(after.pid_file, scene.before.pid_file, "{after:?}");
    assert_eq!(after.answering.as_deref(), Some("1.26.3"));
    assert!(!run.verdict()["next"].as_array().is_none_or(Vec::is_empty), "{run}");
    assert_eq!(moves_back(run), [""; 0], "{run}");
    assert_eq!(scene.served.harmed(), 0, "{}", scene.served);
}

#[test]
fn without_an_automatic_way_back_a_violated_watch_stops_the_run_as_it_is() {
    let watch =
        "probe = \"picky\"\ninterval = \"20ms\"\nanswered-by = \"new\"\n[rollback]\nautomatic = false\n";
    let scene = run_with(&[(WATCH, watch)]);
    assert_eq!(diagnosis(&scene.run), "probe/wrong-status", "{}", scene.run);
    assert_eq!(scene.run.verdict()["diagnosis"]["place"], "watch[0]", "{}", scene.run);
    // Before WINCH where new was asked then, else after it.
    assert_eq!((scene.run.exit(), scene.run.said("verdict")), (23, "stopped"), "{}", scene.run);
    assert_eq!((scene.after.masters.len(), moves_back(&scene.run).len()), (2, 0), "{}", scene.run);
    assert_eq!((scene.after.inode, scene.served.harmed()), (scene.before.inode, 0), "{}", scene.served);
}

#[test]
fn a_soak_that_stops_on_failure_leaves_both_generations_to_a_person() {
    let stop = ("for = \"${soak}\"", "for = \"${soak}\"\non-failure = \"stop\"");
    let watch = (WATCH, "probe = \"flag\"\ninterval = \"20ms\"\n");
    let (host, offer) = host();
    let scene = Scene::play_with(host, |host| {
        let met = Met::at(Moment::Soak, host, &offer, &[(HEALTH, PROBES), watch, stop]);
        remove_flag(host);
        met.run.wait()
    });
    assert_eq!(diagnosis(&scene.run), "probe/wrong-status", "{}", scene.run);
    stopped(&scene);
}

#[test]
fn a_person_who_stops_a_run_without_an_automatic_way_back_finds_both_generations() {
    let manual = (WATCH, "probe = \"health\"\n[rollback]\nautomatic = false\n");
    let (host, offer) = host();
    let scene = Scene::play_with(host, |host| {
        let met = Met::at(Moment::Soak, host, &offer, &[manual]);
        met.run.signal(Signal::SIGTERM);
        met.run.wait()
    });
    assert_eq!(diagnosis(&scene.run), "run/interrupted", "{}", scene.run);
    stopped(&scene);
}

/// New's workers need not stay the same for a while.
const NOT_STABLE: (&str, &str) = ("stable-for = \"1s\"", "stable-for = \"0s\"");

#[test]
fn a_budget_that_is_used_up_brings_old_back() {
    // 2 s are needed at least, and new takes 0.7 s to start.
    let scene = run_for(
        "1s",
        "faulty/starts-slowly",
        &[("[service]", "[defaults]\nbudget = \"2300ms\"\n\n[service]")],
    );
    assert_eq!(diagnosis(&scene.run), "run/budget-used", "{}", scene.run);
    assert_eq!(scene.run.verdict()["failed"], 7, "{}", scene.run);
    scene.rolled_back(20);
    assert_eq!(scene.served.harmed(), 0, "{}", scene.served);
}

#[test]
fn a_budget_holds_for_probes_without_a_pause_too() {
    let probes = ("pass-after = 5\n", "pass-after = 10000\ninterval = \"0s\"\n");
    let scene =
        run_with(&[("[service]", "[defaults]\nbudget = \"1500ms\"\n\n[service]"), NOT_STABLE, probes]);
    assert_eq!(diagnosis(&scene.run), "run/budget-used", "{}", scene.run);
    assert_eq!(scene.run.verdict()["failed"], 6, "{}", scene.run);
    scene.rolled_back(20);
}

#[test]
fn a_step_that_is_due_after_the_budget_does_not_begin() {
    // The checks take longer than that.
    let once = ("pass-after = 5\n", "pass-after = 1\n");
    let scene = run_for(
        "1ms",
        "1.26.3",
        &[("[service]", "[defaults]\nbudget = \"5ms\"\n\n[service]"), NOT_STABLE, once],
    );
    assert_eq!(diagnosis(&scene.run), "run/budget-used", "{}", scene.run);
    assert_eq!(scene.run.verdict()["failed"], 1, "{}", scene.run);
    scene.rolled_back(20);
}

#[test]
fn a_probe_that_may_take_longer_than_its_step_ends_with_the_step() {
    let (host, _) = host();
    let offer = host.offer("faulty/hangs");
    let timeout = ("pass-after = 5\n", "pass-after = 5\ntimeout = \"1s\"\n");
    let plan = plan(&host, &[NO_WATCH, timeout]);
    let scene = Scene::play_with(host, |host| host.changeover(&["run", plan], &offer));
    // One request may take 10 s in this plan.
    assert_eq!(diagnosis(&scene.run), "run/probes-late", "{}", scene.run);
    scene.rolled_back(20);
}

#[test]
fn a_time_out_of_each_kind_of_step_is_told_at_its_half_and_names_what_was_waited_for() {
    let late = "until = \"accepting\"\ncount = 3\ntimeout = \"300ms\"\n";
    let workers = ("until = \"accepting\"\n", late);
    let slow = "pass-after = 5\nfail-after = 100\ntimeout = \"300ms\"\n";
    let probes = ("probe = \"health\"\nanswered-by = \"new\"\npass-after = 5\n", slow);
    let probes = (probes.0, format!("probe = \"picky\"\nanswered-by = \"new\"\n{}", probes.1));
    for (changes, code, failed) in
        [(workers, "run/workers-late", 3), ((probes.0, &*probes.1), "run/probes-late", 6)]
    {
        let scene = run_with(&[changes, NOT_STABLE]);
        assert_eq!(diagnosis(&scene.run), code, "{}", scene.run);
        assert_eq!(scene.run.verdict()["failed"], failed, "{}", scene.run);
        let slow =
            scene.run.lines.iter().filter(|line| line.name() == "slow" && line.event["step"] == failed);
        assert_eq!(slow.count(), 1, "{}", scene.run);
        scene.rolled_back(20);
        cut_by_term_at_most(&scene);
    }
}

#[test]
fn a_signal_that_a_stopped_master_does_not_take_times_out() {
    let (host, offer) = host();
    let signal = ("signal = \"WINCH\"\n", "signal = \"WINCH\"\ntimeout = \"300ms\"\n");
    let scene = Scene::play_with(host, |host| {
        let changes = [("stable-for = \"20s\"", "stable-for = \"1s\""), signal];
        let mut met = Met::at(Moment::BothAccept, host, &offer, &changes);
        met.host.kill(met.old, Signal::SIGSTOP);
        met.run.wait_for("the way back waits", |line| line.event["waiting"] == "old-settles");
        met.host.kill(met.old, Signal::SIGCONT);
        met.run.wait()
    });
    assert_eq!(diagnosis(&scene.run), "run/signal-not-handled", "{}", scene.run);
    assert_eq!(scene.run.verdict()["failed"], 4, "{}", scene.run);
    scene.rolled_back(20);
    assert_eq!(scene.served.harmed(), 0, "{}", scene.served);
}
