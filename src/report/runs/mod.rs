//! Whole runs as a person sees them.

mod script;

use script::{PLAIN, Script, begun, failed, forward, plan, started, verdict, way_back, workers};

use super::{Human, Style};
use crate::{
    engine::{Ending, Event, FaultReport, Level, Serving, Verdict},
    protocol::{Generation, Move, OldFile, Signal, Stuck, Waiting},
};

#[test]
fn a_good_run_is_one_line_a_step() {
    let done = (0..5)
        .fold(forward(), |script, count| script.probe(945 + count % 2, Generation::New, "passed"))
        .after(0.2, Event::StepPassed { step: 6, seen: "5 passes".into(), took: 12.0 })
        .after(0.1, started(7, "commit", ""))
        .after(0.1, Event::CommitRecorded)
        .after(0.1, Event::QuitSent { pid: 812 })
        .after(18.0, Event::StepPassed { step: 7, seen: "old master 812 is gone".into(), took: 18.4 })
        .after(0.0, Event::Finished { old_gone: true })
        .after(0.0, verdict(Ending::Committed, 0, Serving::New, "new: master 944, 2 workers", &[]));
    insta::assert_snapshot!(done.shown(PLAIN).0, @r#"
    nginx 1.22.1 → 1.26.3   master 812, 2 workers, /run/nginx.pid   run 01JDC2V8

      ✓ preflight          38 checks, 1 warning                               41 ms
        ! preflight/no-shutdown-timeout: worker_shutdown_timeout is not set, 3
          connections are older than 1 m
      ✓ 1 replace-binary   sha256 ok, nginx/1.26.3, configuration ok         0.6 ms
      ✓ 2 signal USR2      new master 944 runs the new file, window 6 ms      11 ms
      ✓ 3 wait-for-workers new: 2 of 2 accepting, same for 1 s               1.01 s
      ✓ 4 signal WINCH     old workers are leaving                             1 ms
      ✓ 5 wait-for-workers old: none accepts                                 0.8 ms
      ✓ 6 http-probe       5 of 5 by new (945 946), slowest 2 ms              12 ms
      ✓ 7 commit           old master 812 is gone                             18 ms

    committed in 1.09 s   new: master 944, 2 workers
      probes 5 of 5, slowest 2 ms
    "#);
}

#[test]
fn a_failed_probe_is_explained_and_the_way_back_is_told() {
    let back = way_back().after(14.0, Event::RolledBack).after(
        0.0,
        verdict(
            Ending::RolledBack,
            20,
            Serving::Old,
            "old: master 812, 2 workers, 5 of 5 probes ok",
            &["give the build --user=www-data, or set `user www-data;`"],
        ),
    );
    insta::assert_snapshot!(back.shown(PLAIN).0, @r#"
    nginx 1.22.1 → 1.26.3   master 812, 2 workers, /run/nginx.pid   run 01JDC2V8

      ✓ preflight          38 checks, 1 warning                               41 ms
        ! preflight/no-shutdown-timeout: worker_shutdown_timeout is not set, 3
          connections are older than 1 m
      ✓ 1 replace-binary   sha256 ok, nginx/1.26.3, configuration ok         0.6 ms
      ✓ 2 signal USR2      new master 944 runs the new file, window 6 ms      11 ms
      ✓ 3 wait-for-workers new: 2 of 2 accepting, same for 1 s               1.01 s
      ✓ 4 signal WINCH     old workers are leaving                             1 ms
      ✓ 5 wait-for-workers old: none accepts                                 0.8 ms
      × 6 http-probe       the new generation answers 500                      4 ms
      ✓ way back           HUP to old master 812, old: 2 of 2 accepting        5 ms
      ✓ way back           USR1 to old master 812                              2 ms
      ✓ way back           TERM to new master 944                             14 ms
      ✓ way back           old serves alone, from the old binary              22 ms

    probe/status

      × step 6 `http-probe`: the new generation answers 500
       ╭─[plans/nginx.toml:5:9]
     4 │ action = "http-probe"
     5 │ probe = "health"
       ·         ────┬───
       ·             ╰── 500 from worker 945 (new, nginx/1.26.3) after 3 ms
     6 │ answered-by = "new"
       ╰────
      expected  200 from new workers, 5 in a row
      observed  500, 500 from 945, 946
      evidence  error.log: [error] 945#945: *17 open() "/srv/app/index.html" failed
                (13: Permission denied)
      cause     a worker may not read a file (diagnose/permission-denied)
      done      HUP to old master 812; USR1 to old master 812; TERM to new master
                944
      now       old: master 812, 2 workers, 5 of 5 probes ok
      harmed    requests may have met new for at most 1.04 s
      next      give the build --user=www-data, or set `user www-data;`

    rolled back after 1.09 s, exit 20   old serves   run 01JDC2V8
    "#);
}

#[test]
fn a_refused_run_says_what_to_do() {
    let refused = begun()
        .after(
            1.0,
            Event::Preflight {
                code: "preflight/daemon-off".into(),
                level: Level::Refuse,
                seen: "master 812 was started with `daemon off`".into(),
                why: "nginx ignores USR2 as long as its parent is the process that started it".into(),
                todo: "start nginx with `daemon on` (Type=forking in systemd), or restart it instead".into(),
            },
        )
        .after(30.0, Event::PreflightDone { checks: 38, warnings: 1, refusals: 1, took: 41.0 })
        .after(0.1, Event::Refused)
        .after(0.1, verdict(Ending::Refused, 12, Serving::Old, "old: master 812, 2 workers", &[]));
    insta::assert_snapshot!(refused.shown(PLAIN).0, @r#"
    nginx 1.26.3   run 01JDC2V8

      × preflight          38 checks, 1 refusal, 1 warning                    41 ms
        × preflight/daemon-off: master 812 was started with `daemon off`
          why  nginx ignores USR2 as long as its parent is the process that started
               it
          do   start nginx with `daemon on` (Type=forking in systemd), or restart
               it instead
        ! preflight/no-shutdown-timeout: worker_shutdown_timeout is not set, 3
          connections are older than 1 m

    refused after 1.09 s, exit 12   nothing live was touched   run 01JDC2V8
    "#);
}

#[test]
fn a_stuck_run_says_why_and_what_a_person_can_do() {
    let stuck = way_back().after(5_000.0, Event::Stuck { why: Stuck::NewDoesNotLeave }).after(
        0.0,
        verdict(
            Ending::Stuck,
            30,
            Serving::Old,
            "new does not leave: old: master 812, 2 workers; new: master 944, 0 workers",
            &["ps -o stat,wchan 944", "changeover status plans/nginx.toml"],
        ),
    );
    let (shown, _) = stuck.shown(PLAIN);
    let end = shown.find("  done ").unwrap();
    insta::assert_snapshot!(&shown[end..], @r#"
      done      HUP to old master 812; USR1 to old master 812; TERM to new master
                944
      now       new does not leave: old: master 812, 2 workers; new: master 944, 0
                workers
      harmed    requests may have met new for at most 6.03 s
      next      ps -o stat,wchan 944
                changeover status plans/nginx.toml

    stuck after 1.09 s, exit 30   old serves   run 01JDC2V8
    "#);
}

#[test]
fn a_changeover_in_reverse_names_the_master_that_is_old_from_then_on() {
    let made = |what| Event::MoveMade { what, pid: Some(944), way_back: true };
    let reversed = forward()
        .after(0.1, Event::StepFailed { step: 6, fault: failed() })
        .after(0.1, Event::WayBackStarted)
        .after(0.4, made(Move::Reverse { file: OldFile::Found }))
        .after(1.0, Event::BackMaster { pid: 955 })
        .after(4.0, workers(Generation::Old, 2, 0))
        .after(2.0, Event::sent(Signal::Quit, Generation::New, Some(944), true));
    let (shown, _) = reversed.shown(PLAIN);
    let back = shown.find("  ✓ way back").unwrap();
    insta::assert_snapshot!(&shown[back..], @r#"
      ✓ way back           USR2 to new master 944 starts old master 955,       7 ms
                           old: 2 of 2 accepting
    "#);
}

#[test]
fn a_stop_on_purpose_is_no_way_back() {
    let stopped = forward()
        .after(1.0, Event::StepFailed { step: 6, fault: failed() })
        .after(0.1, Event::Stopped)
        .after(0.1, verdict(Ending::Stopped, 23, Serving::New, "old: master 812; new: master 944", &[]));
    let (shown, _) = stopped.shown(PLAIN);
    assert!(
        shown.ends_with("stopped on purpose after 1.09 s, exit 23   new serves   run 01JDC2V8"),
        "{shown}"
    );
    assert!(!shown.contains("harmed") && !shown.contains("done "), "{shown}");
}

#[test]
fn when_there_is_nothing_to_do_the_reason_is_told() {
    let done = begun()
        .after(1.0, Event::PreflightDone { checks: 38, warnings: 0, refusals: 0, took: 41.0 })
        .after(1.0, Event::NothingToDo { reason: "the running binary has this digest already".into() })
        .after(0.1, verdict(Ending::Unchanged, 0, Serving::Old, "old: master 812, 2 workers", &[]));
    let (shown, _) = done.shown(PLAIN);
    assert!(shown.starts_with("nginx 1.26.3   run 01JDC2V8\n\n  ✓ preflight "), "{shown}");
    assert!(
        shown.contains("\n  ✓ nothing to do      the running binary has this digest already\n"),
        "{shown}"
    );
}

#[test]
fn nothing_is_wider_than_eighty_columns_or_than_the_terminal() {
    let script = way_back().after(14.0, Event::RolledBack);
    for width in [60, 80, 200] {
        let (shown, _) = script.shown(Style { width, ..PLAIN });
        for line in shown.lines() {
            assert!(line.chars().count() <= width.min(80), "{width}: {line}");
        }
    }
}

#[test]
fn the_live_line_says_what_is_waited_for_and_for_how_long() {
    let (_, human) = forward().after(0.0, workers(Generation::Old, 0, 1)).shown(PLAIN);
    insta::assert_snapshot!(human.live_line(4_200.0).unwrap(), @r#"  ⠹ 6 http-probe       old: 0 of 2 accepting, 1 draining         3.14 s of 30 s"#);
    let (_, human) = way_back().after(1.0, Event::WayBackWaits { waiting: Waiting::NewLeaves }).shown(PLAIN);
    insta::assert_snapshot!(human.live_line(1_500.0).unwrap(), @r#"  ⠴ way back           TERM to new master 944, new leaves                424 ms"#);
    let (_, human) = way_back().after(1.0, Event::RolledBack).shown(PLAIN);
    assert_eq!(human.live_line(1_500.0), None);
    let (_, human) = begun().shown(PLAIN);
    insta::assert_snapshot!(human.live_line(200.0).unwrap(), @"  ⠹ preflight          looks at the host                                 200 ms");
}

#[test]
fn without_a_terminal_a_slow_step_is_told_once() {
    let slow =
        Event::Slow { step: Some(6), waiting: "3 of 5 passed".into(), waited: 15_000.0, timeout: 30_000.0 };
    let quiet = forward().after(0.0, slow);
    assert!(quiet.shown(PLAIN).0.ends_with("  … 6 http-probe       slow, 15.0 s of 30 s: 3 of 5 passed"));
    assert!(!quiet.shown(Style { live: true, ..PLAIN }).0.contains("slow"));
}

#[test]
fn an_interrupt_says_what_follows_from_it() {
    let interrupt = |heeded| Event::Interrupted { signal: "SIGINT".into(), heeded };
    let told = |script: Script| script.shown(PLAIN).0.lines().last().unwrap_or_default().to_owned();
    assert!(told(begun().after(0.0, interrupt(true))).ends_with("nothing live was touched yet"));
    assert!(told(forward().after(0.0, interrupt(true))).ends_with("then the way back"));
    let committed = || forward().after(0.0, Event::CommitRecorded);
    assert!(told(committed().after(0.0, interrupt(false))).ends_with("signal again not to wait for old"));
    assert!(told(committed().after(0.0, interrupt(true))).ends_with("any more"));
    assert!(told(way_back().after(0.0, interrupt(false))).ends_with("signal again to leave it as it is"));
    assert!(told(way_back().after(0.0, interrupt(true))).ends_with("the way back stops where it is"));
}

#[test]
fn nothing_that_comes_from_outside_reaches_the_terminal_raw() {
    let evil = "\u{1b}]0;owned\u{7}\u{202e}";
    let fault = FaultReport {
        message: evil.into(),
        evidence: vec![evil.into()],
        observed: evil.into(),
        label: evil.into(),
        ..failed()
    };
    let Event::Verdict(verdict) = verdict(Ending::RolledBack, 20, Serving::Old, evil, &[evil]) else {
        return;
    };
    let script = forward()
        .after(0.0, Event::StepFailed { step: 6, fault: fault.clone() })
        .after(0.0, Event::Verdict(Verdict { diagnosis: Some(fault), run: evil.into(), ..verdict }));
    let (shown, _) = script.shown(PLAIN);
    assert!(shown.chars().all(|c| c == '\n' || (!c.is_control() && c != '\u{202e}')), "{shown:?}");
}

#[test]
fn a_quiet_run_says_only_how_it_ended_or_what_went_wrong() {
    let quiet = |script: Script| script.shown_by(Human::new(PLAIN, plan(), true)).0;
    assert_eq!(quiet(forward()), "");
    let ended =
        quiet(forward().after(0.0, verdict(Ending::Committed, 0, Serving::New, "new: master 944", &[])));
    assert_eq!(ended.trim_start_matches('\n'), "committed in 1.09 s   new: master 944");
    let failed =
        quiet(way_back().after(0.0, verdict(Ending::RolledBack, 20, Serving::Old, "old: master 812", &[])));
    assert!(failed.trim_start_matches('\n').starts_with("probe/status\n"), "{failed}");
    assert!(!failed.contains('✓') && failed.contains("rolled back after"), "{failed}");
}
