//! A run whose process is killed: what its guardian makes of it, and `recover` where that was killed too.

use std::time::Duration;

use nix::sys::signal::Signal;

use crate::support::changeover::{Run, Running};
use crate::support::events;
use crate::support::host::{Host, PID_FILE, runner};
use crate::support::left::{self, directory, guardians, kill_both, lines_of, recover, whole};
use crate::support::load::Load;
use crate::support::meeting::plan;
use crate::support::points::{self, Point};
use crate::support::process::Process;
use crate::support::scene::{Scene, Snapshot};
use crate::support::wait_until;

const STANDARD: [&str; 2] = ["run", "plans/nginx.toml"];
const SOAKING: [&str; 4] = ["run", "plans/soak-and-watch.toml", "--set", "soak=1m"];

/// Starts a run of these arguments.
fn start(host: &Host, arguments: &[&str]) -> Running {
    let offer = host.offer("1.26.3");
    host.start_changeover(arguments, &offer)
}

/// A run of the standard plan that is killed at a point.
fn killed_at(host: &Host, last: Option<usize>, guardian_too: bool) -> (Vec<Point>, Run, Duration) {
    left::killed_at(host, start(host, &STANDARD), last, guardian_too)
}

/// The points of the standard plan from its first journal line on.
fn points_of_the_standard_plan() -> Vec<Point> {
    let host = Host::new().running("1.22.1");
    let (all, run, _) = killed_at(&host, None, false);
    assert_eq!(run.exit(), 0, "{run}");
    let first = all.iter().position(|point| point.call == points::Call::Write).expect("a journal");
    all[first + 3..].to_vec()
}

#[test]
#[expect(clippy::print_stdout, reason = "how long the guardian took is measured here")]
fn a_run_killed_at_any_point_is_brought_to_its_end_by_its_guardian() {
    let all = points_of_the_standard_plan();
    assert!(all.len() >= 40, "{all:?}");
    let (mut wrong, mut times) = (Vec::new(), Vec::new());
    for point in &all {
        match guarded(*point) {
            Ok(time) => times.extend(time),
            Err(why) => wrong.push(format!("{point}: {why}")),
        }
    }
    times.sort();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    println!("{} points, from the kill to the guardian's first record: median {median:?}", all.len());
    assert!(wrong.is_empty(), "{} of {}\n{}", wrong.len(), all.len(), wrong.join("\n"));
}

/// One run that is killed at this point; the time until its guardian wrote a line, where it had to.
fn guarded(point: Point) -> Result<Option<Duration>, String> {
    let host = Host::new().running("1.22.1");
    let before = Snapshot::of(&host);
    let load = host.start_load(&Load::close());
    let (points, run, killed) = killed_at(&host, Some(point.number), false);
    if points.last() != Some(&point) {
        return Err(format!("came to {:?}\n{run}", points.last()));
    }
    let verdict = left::verdict(&host);
    load.go_on();
    let served = load.stop();
    let journal = lines_of(&host, "journal.jsonl");
    let (exit, _) = verdict.ok_or_else(|| format!("no verdict\n{journal:?}"))?;
    if served.lost() > 0 {
        return Err(format!("{served}"));
    }
    whole(exit, &before, "1.26.3", &host)?;
    Ok(left::recorded(&host, "taken-over").map(|at| at.saturating_sub(killed)))
}

#[test]
fn where_the_guardian_is_killed_too_recover_brings_the_run_to_its_end() {
    let all = points_of_the_standard_plan();
    let mut wrong = Vec::new();
    // The first is before the run is marked as open: nothing was touched.
    for point in all.iter().skip(1).step_by(4) {
        if let Err(why) = unguarded(*point) {
            wrong.push(format!("{point}: {why}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn unguarded(point: Point) -> Result<(), String> {
    let host = Host::new().running("1.22.1");
    let before = Snapshot::of(&host);
    let load = host.start_load(&Load::close());
    let (_, run, _) = killed_at(&host, Some(point.number), true);
    let ended = lines_of(&host, "journal.jsonl").iter().any(|line| line.event["event"]["event"] == "verdict");
    let committed =
        lines_of(&host, "journal.jsonl").iter().any(|line| line.event["event"]["event"] == "commit-recorded");
    // Nothing begins on top of it.
    let offer = host.offer("1.26.3");
    let refused = host.changeover(&STANDARD, &offer);
    if !ended
        && (refused.exit(), refused.verdict()["diagnosis"]["code"].as_str()) != (15, Some("run/unfinished"))
    {
        return Err(format!("{refused}\n{run}"));
    }
    let recovered = recover(&host);
    load.go_on();
    let served = load.stop();
    let expected = if committed { 0 } else { 20 };
    if recovered.exit() != expected || served.lost() > 0 {
        return Err(format!("{recovered}\n{served}"));
    }
    whole(recovered.exit(), &before, "1.26.3", &host)
}

/// A run in its soak, killed together with its guardian.
fn killed_in_the_soak(host: &Host) {
    let mut run = start(host, &SOAKING);
    run.wait_for("the soak begins", |line| line.event["action"] == "soak");
    kill_both(host, run);
}

#[test]
fn nothing_begins_on_top_of_a_run_that_was_left() {
    let host = Host::new().running("1.22.1");
    let offer = host.offer("1.26.3");
    killed_in_the_soak(&host);
    let masters = host.masters();
    let refused = host.changeover(&STANDARD, &offer);
    assert_eq!((refused.exit(), refused.said("verdict")), (15, "refused"), "{refused}");
    let next = refused.verdict()["next"].to_string();
    assert!(next.contains("changeover recover   # would go back to old"), "{next}");
    assert_eq!((host.masters(), masters.len()), (masters, 2), "{refused}");
}

#[test]
fn recover_says_what_it_does_and_a_second_time_has_nothing_to_do() {
    let host = Host::new().running("1.22.1");
    let before = Snapshot::of(&host);
    killed_in_the_soak(&host);
    let recovered = host.changeover_bare(&["recover"]);
    assert_eq!(recovered.exit(), 20, "{recovered}");
    let text = recovered.stdout();
    for said in ["run/runner-gone", "goes back to old", "rolled back after", "old serves"] {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert_eq!(Snapshot::of(&host), before);
    let again = recover(&host);
    assert_eq!((again.exit(), again.said("verdict")), (0, "unchanged"), "{again}");
    let offer = host.offer("1.26.3");
    assert_eq!(host.changeover(&STANDARD, &offer).exit(), 0);
}

#[test]
fn a_new_generation_that_died_after_the_commit_record_goes_back() {
    let all = points_of_the_standard_plan();
    // The first signal after WINCH is QUIT to old: right before it the commit is recorded.
    let signals: Vec<&Point> =
        all.iter().filter(|point| point.call == points::Call::Signal && !point.after).collect();
    let quit = signals.last().expect("QUIT to old");
    let host = Host::new().running("1.22.1");
    let before = Snapshot::of(&host);
    killed_at(&host, Some(quit.number), true);
    let new = host.masters().into_iter().find(|master| !before.masters.contains(master)).expect("new");
    host.kill(new, Signal::SIGTERM);
    assert!(host.wait_gone(new));
    let recovered = recover(&host);
    assert_eq!((recovered.exit(), recovered.said("verdict")), (20, "rolled-back"), "{recovered}");
    assert_eq!(Snapshot::of(&host), before, "{recovered}");
}

/// Its cache processes hold no listening socket, and nobody has seen them: the file that they run tells whose they are.
#[test]
fn a_new_that_nobody_noted_leaves_nothing_behind() {
    let host = Host::new().with(|config| config.cache = true).running("1.22.1");
    let before = Snapshot::of(&host);
    let run = start(&host, &STANDARD);
    let new = || host.masters().into_iter().find(|master| !before.masters.contains(master));
    // The window is closed behind it, and the journal does not name it yet.
    let oldbin = host.path(&format!("{PID_FILE}.oldbin"));
    let is_closed = || oldbin.exists() && host.binary_on_disk() == "1.22.1";
    points::run_until(&run, is_closed, || {
        let is_cache = |it: &Process| it.title == "nginx: cache manager process";
        wait_until("new has its cache processes", || {
            new().is_some_and(|new| host.children(new).iter().any(is_cache))
        });
        left::kill_guardian(&host);
        run.signal(Signal::SIGKILL);
        host.kill(new().expect("new"), Signal::SIGKILL);
    });
    run.wait();
    let witness = lines_of(&host, "journal.jsonl").pop().expect("a line").event;
    assert_eq!(witness["record"], "intent", "{witness}");
    wait_until("new is gone and its cache processes are not", || !host.strays().is_empty());
    let recovered = recover(&host);
    assert_eq!((recovered.exit(), recovered.said("verdict")), (20, "rolled-back"), "{recovered}");
    assert_eq!(Snapshot::of(&host), before, "{recovered}");
}

#[test]
fn the_guardian_that_is_ended_is_missed_and_another_one_takes_its_place() {
    let host = Host::new().running("1.22.1");
    let before = Snapshot::of(&host);
    let mut run = start(&host, &SOAKING);
    run.wait_for("the soak begins", |line| line.event["action"] == "soak");
    let first = guardians(&host);
    assert_eq!(first.len(), 1, "{first:?}");
    host.kill(first[0], Signal::SIGKILL);
    run.wait_for("it is told", |line| line.event["code"] == "run/guardian-gone");
    wait_until("another one watches", || {
        let now = guardians(&host);
        now.len() == 1 && now != first
    });
    run.signal(Signal::SIGKILL);
    let _ = run.wait();
    assert_eq!(left::verdict(&host), Some((20, "rolled-back".to_owned())));
    assert_eq!(Snapshot::of(&host), before);
}

#[test]
fn a_run_that_was_stopped_on_purpose_is_left_alone_until_a_person_says_recover() {
    let host = Host::new().running("1.22.1");
    let (before, offer) = (Snapshot::of(&host), host.offer("1.26.3"));
    let manual = ("[service]", "[rollback]\nautomatic = false\n\n[service]");
    let mut run = host.start_changeover(&["run", plan(&host, &[manual])], &offer);
    run.wait_for("the soak begins", |line| line.event["action"] == "soak");
    run.signal(Signal::SIGINT);
    let run = run.wait();
    assert_eq!((run.exit(), run.said("verdict")), (23, "stopped"), "{run}");
    wait_until("the guardian leaves", || guardians(&host).is_empty());
    let masters = host.masters();
    assert_eq!(masters.len(), 2, "{run}");
    // Nobody goes on by himself: not after a restart of the host, not the next run.
    let unasked = host.changeover_bare(&["recover", "--after-boot", "--output", "json"]);
    assert_eq!((unasked.exit(), host.masters()), (0, masters.clone()), "{unasked}");
    let next = host.changeover(&STANDARD, &offer);
    assert_eq!((next.exit(), host.masters()), (12, masters), "{next}");
    let recovered = recover(&host);
    assert_eq!((recovered.exit(), recovered.said("verdict")), (20, "rolled-back"), "{recovered}");
    assert_eq!(Snapshot::of(&host), before, "{recovered}");
}

#[test]
fn after_a_restart_of_the_host_nobody_is_signalled_and_the_path_is_put_right() {
    let all = points_of_the_standard_plan();
    let exchanges: Vec<&Point> = all.iter().filter(|point| point.call == points::Call::Rename).collect();
    let [_, opened, .., installs, installed] = exchanges[..] else { panic!("{exchanges:?}") };
    for (point, binary, exit) in [(opened, "1.22.1", 20), (installs, "1.26.3", 0), (installed, "1.26.3", 0)] {
        let host = Host::new().running("1.22.1");
        let (_, run, _) = killed_at(&host, Some(point.number), true);
        restart(&host);
        let recovered = recover_after_boot(&host);
        assert_eq!(
            (recovered.exit(), host.binary_on_disk().as_str()),
            (exit, binary),
            "{point}\n{recovered}\n{run}"
        );
        assert_eq!(host.masters(), [0; 0], "nobody was started, and nobody could be signalled");
        let kept = usize::from(exit == 0);
        assert_eq!(host.left_beside_binary().len(), kept, "{point}: {:?}", host.left_beside_binary());
        host.start();
        assert_eq!(host.answering().as_deref(), Some(binary));
        let again = recover(&host);
        assert_eq!((again.exit(), again.said("verdict")), (0, "unchanged"), "{again}");
    }
}

/// What a restart of the host leaves of it: no process, no pid file, another name of the boot.
fn restart(host: &Host) {
    wait_until("nobody is left", || {
        host.processes()
            .iter()
            .filter(|it| it.title.starts_with("nginx: "))
            .for_each(|it| host.kill_if_there(it.pid, Signal::SIGKILL));
        !host.processes().iter().any(|it| it.title.starts_with("nginx: "))
    });
    for file in [PID_FILE.to_owned(), format!("{PID_FILE}.oldbin")] {
        let _ = std::fs::remove_file(host.path(&file));
    }
    host.write("/run/boot", "11111111-2222-3333-4444-555555555555\n");
    let mounted = host.exec("mount", &["--bind", "/run/boot", "/proc/sys/kernel/random/boot_id"]);
    assert!(mounted.status.success(), "{mounted:?}");
}

fn recover_after_boot(host: &Host) -> Run {
    host.changeover_bare(&["recover", "--after-boot", "--output", "json"])
}

#[test]
fn a_journal_of_another_machine_or_of_another_namespace_of_pids_is_refused() {
    let host = Host::new().running("1.22.1");
    host.write("/etc/machine-id", "11111111111111111111111111111111\n");
    killed_in_the_soak(&host);
    let masters = host.masters();
    let refused = |run: &Run| {
        assert_eq!((run.exit(), run.said("code")), (32, "journal/another-world"), "{run}");
        assert_eq!(host.masters(), masters, "nothing was done");
    };
    let program = runner().display().to_string();
    let arguments = ["--pid", "--fork", "--mount-proc", &program, "recover", "--output", "json"];
    refused(&host.run_in("unshare", &arguments));
    host.write("/etc/machine-id", "22222222222222222222222222222222\n");
    refused(&recover(&host));
    host.write("/etc/machine-id", "11111111111111111111111111111111\n");
    assert_eq!(recover(&host).exit(), 20);
}

#[test]
fn a_state_directory_without_room_for_a_journal_is_found_before_anything_is_touched() {
    let host = Host::new().running("1.22.1");
    host.write("/var/lib/changeover/.there", "");
    let mounted = host.exec("mount", &["-t", "tmpfs", "-o", "size=64k", "small", "/var/lib/changeover"]);
    assert!(mounted.status.success(), "{mounted:?}");
    let offer = host.offer("1.26.3");
    let scene = Scene::play_with(host, |host| host.changeover(&STANDARD, &offer));
    scene.refused(12);
    assert_eq!(scene.run.verdict()["diagnosis"]["code"], "journal/not-written", "{}", scene.run);
}

#[test]
fn a_state_directory_on_a_tmpfs_is_warned_of_and_the_run_goes_on() {
    let host = Host::new().running("1.22.1");
    let mounted = host.exec("mount", &["-t", "tmpfs", "memory", "/var/lib/changeover"]);
    assert!(mounted.status.success(), "{mounted:?}");
    let run = host.changeover(&STANDARD, &host.offer("1.26.3"));
    let findings = run.lines.iter().filter(|line| line.name() == "preflight");
    let told: Vec<_> =
        findings.map(|line| (line.event["code"].as_str(), line.event["level"].as_str())).collect();
    assert_eq!((run.exit(), told), (0, vec![(Some("preflight/state-in-memory"), Some("warn"))]), "{run}");
}

#[test]
fn a_damaged_journal_is_refused_and_holds_no_other_instance_up() {
    let host = Host::new().running("1.22.1");
    let other = host.another("second", 8080);
    other.write_config();
    other.start();
    let serves = |host: &Host| (host.master(), host.master().map(|master| host.accepting(master).len()));
    let before = serves(&other);
    for host in [&host, &other] {
        killed_in_the_soak(host);
    }
    let journal = directory(&host).expect("the run").join("journal.jsonl");
    let text = std::fs::read_to_string(&journal).expect("the journal");
    std::fs::write(&journal, text.replacen("forward-started", "way-back-started", 1)).expect("edit it");
    let masters = host.masters();
    let recovered = recover(&host);
    assert_eq!(recovered.exit(), 32, "{recovered}");
    assert!(recovered.stdout().contains("\"code\":\"journal/damaged\""), "{recovered}");
    assert_eq!((host.masters(), masters.len()), (masters, 2), "nothing was done");
    assert_eq!(serves(&other), before, "{recovered}");
    let offer = host.offer("1.26.3");
    let refused = host.changeover(&STANDARD, &offer);
    assert_eq!((refused.exit(), refused.said("verdict")), (32, "refused"), "{refused}");
}

#[test]
fn a_plan_that_was_edited_beside_the_journal_is_refused() {
    let host = Host::new().running("1.22.1");
    killed_in_the_soak(&host);
    let plan = directory(&host).expect("the run").join("plan.toml");
    let text = std::fs::read_to_string(&plan).expect("the plan");
    std::fs::write(&plan, format!("{text}\n# edited\n")).expect("edit it");
    let masters = host.masters();
    let refused = recover(&host);
    assert_eq!((refused.exit(), refused.said("code")), (32, "journal/plan-changed"), "{refused}");
    assert_eq!((host.masters(), masters.len()), (masters, 2), "nothing was done");
    std::fs::write(&plan, text).expect("as it was");
    assert_eq!(recover(&host).exit(), 20);
}

#[test]
fn recover_answers_programs_also_where_there_is_nothing_to_go_on_with() {
    let host = Host::new().running("1.22.1");
    let unknown = host.changeover_bare(&["recover", "--run", "../unknown", "--output", "json"]);
    assert_eq!((unknown.exit(), unknown.said("verdict")), (2, "refused"), "{unknown}");
    assert!(unknown.said("message").starts_with("there is no run ../unknown below "), "{unknown}");
    events::fits(&unknown.lines[0].text);
    // What Salt reads has its own two words.
    let salt = host.changeover_bare(&["recover", "--output", "salt"]);
    assert_eq!(
        (salt.exit(), salt.stdout().trim()),
        (0, r#"{"changed":false,"comment":"no run is open"}"#),
        "{salt}"
    );
    assert!(host.exec("umount", &["/var/lib/changeover"]).status.success());
    std::fs::remove_dir(host.path("/var/lib/changeover")).expect("what it was mounted on");
    host.write("/var/lib/changeover", "no directory");
    let unreadable = recover(&host);
    assert_eq!((unreadable.exit(), unreadable.said("verdict")), (12, "refused"), "{unreadable}");
}
