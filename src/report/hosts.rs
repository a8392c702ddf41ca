//! What `status` and `preview` say about a host.

use std::collections::BTreeSet;

use super::{
    Beside, BesideIs, Count, Finding, Found, Names, OpenRun, Preview, PreviewStep, Status, Style, Value,
};
use crate::{
    diagnose::by_hand::{Causes, Shape},
    engine::{self, Ending, Level, Serving},
    protocol::{
        Answers, Baseline, Generation, GenerationState, Identity, Limits, Living, Master, OldFile, PathHolds,
        PidFile, Signal, Situation, Strays,
    },
};

const PLAIN: Style = Style { color: false, unicode: true, live: false, width: 80 };
const NAMES: Names<'_> = Names { binary: "/usr/sbin/nginx", pid_file: "/run/nginx.pid" };

fn living(pid: i32, workers: i32) -> GenerationState {
    let mut state = GenerationState::absent();
    state.master = Master::Settled;
    state.id = Some(Identity { pid, start: 1 });
    state.workers.titled = (1..=workers).map(|more| Identity { pid: pid + more, start: 1 }).collect();
    state
}

fn situation(old: GenerationState, new: GenerationState) -> Situation {
    Situation {
        path: PathHolds::Found,
        old,
        new,
        reversed: false,
        pid_file: PidFile::Names(Generation::Old),
        oldbin: false,
        unix_paths_gone: Vec::new(),
        strays: Strays::default(),
        past: Vec::new(),
        answers: Answers::default(),
        baseline: Baseline {
            accepting: 2,
            cache_manager: false,
            old_file: OldFile::Found,
            term_unlinks: false,
        },
        limits: Limits { quit_timeout: std::time::Duration::from_secs(10) },
    }
}

fn status(situation: &Situation) -> Status<'_> {
    Status { situation, names: NAMES, beside: &[], shapes: &[], causes: &[], open: None }
}

#[test]
fn a_quiet_host_needs_nothing() {
    let quiet = situation(living(812, 2), GenerationState::absent());
    assert_eq!(status(&quiet).next(), Vec::<String>::new());
    insta::assert_snapshot!(status(&quiet).lines(PLAIN).join("\n"), @r#"
    nginx serves
      master    812, 2 workers
      path      /usr/sbin/nginx is the file that the master runs
      pid file  /run/nginx.pid names the master
    "#);
}

#[test]
fn a_changeover_left_half_way_says_how_to_go_either_way() {
    let mut half = situation(living(812, 0), living(944, 2));
    half.pid_file = PidFile::Names(Generation::New);
    half.oldbin = true;
    half.old.workers.draining = BTreeSet::from([Identity { pid: 813, start: 1 }]);
    assert_eq!(status(&half).serving(), Serving::New);
    insta::assert_snapshot!(status(&half).lines(PLAIN).join("\n"), @r#"
    new serves
      old       master 812, 0 workers, 1 draining
      new       master 944, 2 workers
      path      /usr/sbin/nginx is the file that old runs
      pid file  /run/nginx.pid names the new master
                /run/nginx.pid.oldbin is there
      next      a changeover is half done, and no run goes on with it:
                back to old: kill -HUP 812, wait for its workers, kill -QUIT 944
                on to new, when it answers well: let /usr/sbin/nginx name its file,
                then kill -QUIT 812
    "#);
    let files = [beside("20261123T155445-212", BesideIs::RunBy(Generation::New))];
    let next = Status { beside: &files, ..status(&half) }.next();
    assert!(next[2].contains("name /usr/sbin/.nginx.changeover-20261123T155445-212, then"), "{next:?}");
    // A package manager has put it there.
    half.path = PathHolds::Ours;
    let next = status(&half).next();
    assert_eq!(next[2], "on to new, when it answers well: kill -QUIT 812");
    assert_eq!(next[3], "/usr/sbin/nginx is the new file: a cold start starts that one");
}

#[test]
fn what_a_run_does_is_not_told_to_be_done_by_hand_as_long_as_somebody_goes_on_with_it() {
    let half = situation(living(812, 0), living(944, 2));
    let run = OpenRun {
        run: "20261123T155445-212".into(),
        recover: "changeover recover".into(),
        ..OpenRun::default()
    };
    let left = OpenRun { would: Some("go back to old".into()), ..run.clone() };
    let next = Status { open: Some(&left), ..status(&half) }.next();
    assert_eq!(next[..2], ["changeover recover   # would go back to old", "or by hand:"]);
    assert!(next.len() > 3, "{next:?}");
    for process in [Some(Living { pid: 212, stopped: false }), Some(Living { pid: 212, stopped: true })] {
        let goes_on = OpenRun { process, ..left.clone() };
        let next = Status { open: Some(&goes_on), ..status(&half) }.next();
        assert_eq!(next.len(), 1, "{next:?}");
    }
}

fn beside(run: &str, is: BesideIs) -> Beside {
    Beside {
        file: format!("/usr/sbin/.nginx.changeover-{run}"),
        run: run.trim_end_matches("-stub").into(),
        is,
    }
}

#[test]
fn files_of_runs_beside_the_path_are_explained() {
    let alone = situation(living(944, 2), GenerationState::absent());
    let kept = [beside("20261123T155445-212", BesideIs::Unused)];
    insta::assert_snapshot!(Status { beside: &kept, ..status(&alone) }.lines(PLAIN).join("\n"), @r#"
    nginx serves
      master    944, 2 workers
      path      /usr/sbin/nginx is the file that the master runs
      beside    /usr/sbin/.nginx.changeover-20261123T155445-212 is run by nobody:
                kept by a commit, or left by a run that was cut short
      pid file  /run/nginx.pid names the master
    "#);
    let stuck = situation(living(812, 0), living(944, 2));
    let files = [
        beside("20261123T155445-212", BesideIs::RunBy(Generation::New)),
        beside("20261123T155445-212-stub", BesideIs::Stub),
    ];
    let lines = Status { beside: &files, ..status(&stuck) }.lines(PLAIN);
    insta::assert_snapshot!(lines[4..8].join("\n"), @r#"
    beside    /usr/sbin/.nginx.changeover-20261123T155445-212 is the file that
              new runs
    beside    /usr/sbin/.nginx.changeover-20261123T155445-212-stub is the empty
              file of a run that goes on or was cut short
    "#);
}

#[test]
fn after_the_commit_an_old_master_that_drains_needs_nothing() {
    let mut draining = situation(living(812, 0), living(944, 2));
    draining.old.master = Master::Leaving;
    draining.old.workers.draining = BTreeSet::from([Identity { pid: 813, start: 1 }]);
    (draining.path, draining.pid_file) = (PathHolds::Ours, PidFile::Names(Generation::New));
    insta::assert_snapshot!(status(&draining).lines(PLAIN).join("\n"), @r#"
    new serves
      old       master 812, leaving, 0 workers, 1 draining
      new       master 944, 2 workers
      path      /usr/sbin/nginx is the file that new runs
      pid file  /run/nginx.pid names the new master
      next      nothing: old master 812 leaves when its last connections are done
    "#);
}

#[test]
fn a_missing_pid_file_and_strays_are_named() {
    let mut bad = situation(living(812, 2), GenerationState::absent());
    bad.pid_file = PidFile::Missing;
    bad.path = PathHolds::Ours;
    bad.strays.new = BTreeSet::from([Identity { pid: 950, start: 1 }, Identity { pid: 951, start: 1 }]);
    bad.strays.titled = bad.strays.new.clone();
    let shapes = [Shape { code: "observe/strays", text: "2 workers without a master".into() }];
    let causes = |signal, if_poisoned| Causes {
        signal,
        to: Generation::Old,
        master: 812,
        text: "reloads".into(),
        if_poisoned,
        then: Serving::Old,
    };
    let causes =
        [causes(Signal::Usr1, None), causes(Signal::Hup, Some("starts one more set of workers".into()))];
    let kept = [beside("20261123T155445-212", BesideIs::RunBy(Generation::Old))];
    let shown = Status { beside: &kept, shapes: &shapes, causes: &causes, ..status(&bad) };
    insta::assert_snapshot!(shown.lines(PLAIN).join("\n"), @r#"
    nginx serves
      master    812, 2 workers
      path      /usr/sbin/nginx is the file that new runs
      beside    /usr/sbin/.nginx.changeover-20261123T155445-212 is the file that
                the master runs
      pid file  /run/nginx.pid is missing
      found     2 workers without a master (observe/strays)
      signals   USR1 to master 812: reloads
                HUP to master 812: reloads; if it is poisoned: starts one more set
                of workers
      next      kill -QUIT 950 951: nobody reloads or replaces them
                /usr/sbin/nginx is the new file: put the old one back before a cold
                start
                write 812 into /run/nginx.pid: reload, log rotation and the next
                USR2 need it
    "#);
}

#[test]
fn what_to_send_next_depends_on_who_leaves_and_who_is_stopped() {
    let next = |old: (Master, i32), new: (Master, i32)| {
        let state = |pid, (master, workers)| {
            let mut state = living(pid, workers);
            state.master = master;
            if master == Master::Absent { GenerationState::absent() } else { state }
        };
        status(&situation(state(812, old), state(944, new))).next().swap_remove(0)
    };
    let (settled, leaving, stopped, absent) =
        (Master::Settled, Master::Leaving, Master::Stopped, Master::Absent);
    for (old, new, first) in [
        ((settled, 0), (absent, 0), "kill -HUP 812: the master has no workers"),
        ((leaving, 0), (absent, 0), "start nginx when master 812 is gone: it was told to leave"),
        (
            (leaving, 0),
            (settled, 0),
            "kill -HUP 944: it has no workers, and old master 812 was told to leave",
        ),
        ((settled, 2), (leaving, 0), "nothing: new master 944 leaves when its last connections are done"),
        ((settled, 0), (leaving, 0), "kill -HUP 812: else nobody accepts until new master 944 is gone"),
        ((stopped, 2), (absent, 0), "kill -CONT 812: it takes no signal before"),
        ((settled, 2), (stopped, 2), "kill -CONT 944: it takes no signal before"),
    ] {
        assert_eq!(next(old, new), first);
    }
}

#[test]
fn many_workers_without_a_master_stand_on_several_lines_that_are_whole() {
    let mut many = situation(living(812, 2), GenerationState::absent());
    many.strays.titled = (0..300).map(|more| Identity { pid: 1_000_000 + more, start: 1 }).collect();
    let shown = status(&many);
    assert_eq!((shown.next().len(), shown.lines(PLAIN).join("").matches('…').count()), (8, 0));
    assert!(shown.next()[7].contains(" 1000299: "), "{:?}", shown.next());
}

fn preview() -> Preview {
    let value = |key: &str, value: &str, origin: &str| Value {
        key: key.into(),
        value: value.into(),
        origin: origin.into(),
    };
    let step = |action: &str, about: &str, values| PreviewStep {
        action: action.into(),
        about: about.into(),
        timeout: 30_000.0,
        values,
    };
    Preview {
        plan: "nginx 1.26.3".into(),
        found: Some(Found {
            old: engine::Master { pid: 812, workers: 2, version: "nginx/1.22.1".into() },
            pid_file: "/run/nginx.pid".into(),
            binary: "/usr/sbin/nginx".into(),
            version: Some("nginx/1.26.3".into()),
            adopted: false,
            symlink: None,
        }),
        inputs: vec![value("version", "\"1.26.3\"", "--set")],
        nothing_to_do: None,
        diagnosis: None,
        count: Count { checks: 38, warnings: 1, refusals: 0, took: 39.0 },
        findings: vec![Finding {
            code: "preflight/no-shutdown-timeout".into(),
            level: Level::Warn,
            seen: "worker_shutdown_timeout is not set".into(),
            why: "old workers wait for their last connections without a bound".into(),
            todo: "set worker_shutdown_timeout in nginx.conf".into(),
        }],
        steps: vec![
            step("signal", "USR2 to old-master", Vec::new()),
            step(
                "http-probe",
                "health",
                vec![value("answered-by", "\"new\"", "default"), value("pass-after", "5", "")],
            ),
        ],
        longest: 60_000.0,
        way_back: vec!["HUP to old master".into(), "QUIT to new master".into()],
        drill: false,
        exit: 0,
    }
}

#[test]
fn a_preview_says_in_one_line_what_a_run_would_change() {
    let told = |preview: Preview| (preview.changed(), preview.verdict(), preview.message());
    let would = "nginx 1.26.3; master 812 runs 1.22.1, new would be 1.26.3; at most 1 m; 1 warning";
    assert_eq!(told(preview()), (true, None, format!("would change over: {would}")));
    let drill = Preview { drill: true, ..preview() };
    assert_eq!(told(drill), (false, None, format!("would go there and back: {would}")));
    let same = Preview { nothing_to_do: Some("it runs already".into()), ..preview() };
    assert_eq!(told(same), (false, Some(Ending::Unchanged), "nothing to do: it runs already".into()));
    let refused = Preview { exit: 12, ..preview() };
    assert_eq!((refused.changed(), refused.verdict()), (false, Some(Ending::Refused)));
}

#[test]
fn a_preview_shows_every_value_the_checks_and_the_way_back() {
    insta::assert_snapshot!(preview().lines(PLAIN).join("\n"), @r#"
    nginx 1.26.3
      found     master 812, 2 workers, 1.22.1, /run/nginx.pid
      binary    /usr/sbin/nginx, would become 1.26.3
      inputs    version = "1.26.3" (--set)

      ✓ preflight          38 checks, 1 warning                               39 ms
        ! preflight/no-shutdown-timeout: worker_shutdown_timeout is not set
          why  old workers wait for their last connections without a bound
          do   set worker_shutdown_timeout in nginx.conf

      … 1 signal: USR2 to old-master, at most 30 s
      … 2 http-probe: health, at most 30 s
          answered-by = "new" (default), pass-after = 5

      longest   1 m, the wait for old connections included
      way back  HUP to old master; QUIT to new master
      exit      0 when every step does what it says; 20 after a way back
    "#);
}

#[test]
fn a_preview_names_the_symlink_that_would_be_exchanged() {
    let mut linked = preview();
    let symlink = ("/etc/alternatives/nginx".into(), "/opt/nginx/1.22/nginx".into());
    linked.found.as_mut().unwrap().symlink = Some(symlink);
    insta::assert_snapshot!(linked.lines(PLAIN)[2..5].join("\n"), @r#"
    binary    /usr/sbin/nginx, would become 1.26.3
              the symlink /etc/alternatives/nginx would be exchanged,
              /opt/nginx/1.22/nginx stays as it is
    "#);
}

#[test]
fn a_preview_of_what_runs_already_says_so_and_shows_no_steps() {
    let reason = "the running binary has this digest already".to_owned();
    let lines = Preview { nothing_to_do: Some(reason), findings: Vec::new(), ..preview() }.lines(PLAIN);
    insta::assert_snapshot!(lines[4..].join("\n"), @r#"
    ✓ preflight          38 checks, 1 warning                               39 ms
    ✓ nothing to do      the running binary has this digest already

    exit      0: `run` would change nothing
    "#);
}

#[test]
fn a_preview_of_a_refused_run_gives_its_exit_code() {
    let refused = Preview { exit: 12, ..preview() };
    let last = refused.lines(PLAIN).pop();
    assert_eq!(last.as_deref(), Some("  exit      12: `run` would refuse, nothing live would be touched"));
}
