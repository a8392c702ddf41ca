//! Events of made-up runs, for the tests of this room.

use super::super::{Human, PlanView, Style};
use crate::{
    engine::{AnswerBy, Ending, Event, FaultReport, Level, Master, Record, Serving, Verdict, WaitedFor},
    protocol::{Generation, Signal, Waiting},
};

pub(super) const PLAIN: Style = Style { color: false, unicode: true, live: false, width: 80 };

/// Events with the time at which each comes, in milliseconds.
#[derive(Default)]
pub(super) struct Script {
    now: f64,
    records: Vec<Record>,
}

impl Script {
    pub(super) fn after(mut self, ms: f64, event: Event) -> Self {
        self.now += ms;
        let seq = self.records.len() as u64 + 1;
        self.records.push(Record { seq, ms: self.now, at: "2026-11-23T14:50:02Z".into(), event });
        self
    }

    pub(super) fn step(self, step: usize, action: &str, about: &str, seen: &str, took: f64) -> Self {
        self.after(0.1, started(step, action, about))
            .after(took, Event::StepPassed { step, seen: seen.into(), took })
    }

    pub(super) fn probe(self, pid: i32, generation: Generation, outcome: &str) -> Self {
        self.after(
            2.0,
            Event::Probed {
                probe: "health".into(),
                watch: false,
                outcome: outcome.into(),
                text: String::new(),
                by: Some(AnswerBy { pid, generation }),
                latency: Some(1.8),
            },
        )
    }

    /// What is printed, and the human that printed it.
    pub(super) fn shown(&self, style: Style) -> (String, Human) {
        self.shown_by(Human::new(style, plan(), false))
    }

    pub(super) fn shown_by(&self, mut human: Human) -> (String, Human) {
        let lines: Vec<String> = self.records.iter().flat_map(|record| human.event(record)).collect();
        (lines.join("\n"), human)
    }
}

pub(super) fn plan() -> PlanView {
    let text = "format = 1\n\n[[step]]\naction = \"http-probe\"\nprobe = \"health\"\nanswered-by = \"new\"\n"
        .to_owned();
    let start = text.find("\"health\"").unwrap();
    let places = [("step[5].probe".to_owned(), start..start + 8)].into();
    PlanView { file: "plans/nginx.toml".into(), text, places, steps: 6 }
}

pub(super) fn started(step: usize, action: &str, about: &str) -> Event {
    Event::StepStarted { step, action: action.into(), about: about.into(), timeout: 30_000.0 }
}

pub(super) fn begun() -> Script {
    Script::default()
        .after(
            0.0,
            Event::RunStarted {
                run: "01JDC2V8".into(),
                plan: "nginx 1.26.3".into(),
                file: "plans/nginx.toml".into(),
                changeover: "0.1.0".into(),
            },
        )
        .after(
            4.0,
            Event::Preflight {
                code: "preflight/no-shutdown-timeout".into(),
                level: Level::Warn,
                seen: "worker_shutdown_timeout is not set, 3 connections are older than 1 m".into(),
                why: "old workers wait for their connections".into(),
                todo: "set worker_shutdown_timeout".into(),
            },
        )
}

pub(super) fn found() -> Event {
    Event::Found {
        old: Master { pid: 812, workers: 2, version: "nginx/1.22.1".into() },
        pid_file: "/run/nginx.pid".into(),
        binary: "/usr/sbin/nginx".into(),
        version: Some("nginx/1.26.3".into()),
        expected: Some(2),
    }
}

/// Up to WINCH, the fifth step.
pub(super) fn forward() -> Script {
    begun()
        .after(36.0, Event::PreflightDone { checks: 38, warnings: 1, refusals: 0, took: 41.0 })
        .after(1.0, found())
        .after(0.1, Event::ForwardStarted)
        .step(1, "replace-binary", "", "sha256 ok, nginx/1.26.3, configuration ok", 0.6)
        .after(0.1, started(2, "signal", "USR2 to old-master"))
        .after(6.0, Event::WindowClosed { open: 6.2 })
        .after(1.0, Event::NewMaster { pid: 944 })
        .after(
            4.0,
            Event::StepPassed { step: 2, seen: "new master 944 runs the new file".into(), took: 11.0 },
        )
        .after(0.1, started(3, "wait-for-workers", "new: accepting"))
        .after(9.0, workers(Generation::New, 2, 0))
        .after(
            1_000.0,
            Event::StepPassed { step: 3, seen: "new: 2 of 2 accepting, same for 1 s".into(), took: 1_009.0 },
        )
        .step(4, "signal", "WINCH to old-master", "old workers are leaving", 1.0)
        .step(5, "wait-for-workers", "old: draining", "old: none accepts", 0.8)
        .after(0.1, started(6, "http-probe", "health"))
}

pub(super) fn workers(generation: Generation, accepting: usize, draining: usize) -> Event {
    Event::Workers(WaitedFor { generation, accepting, draining, expected: Some(2) })
}

pub(super) fn failed() -> FaultReport {
    FaultReport {
        code: "probe/status".into(),
        message: "the new generation answers 500".into(),
        expected: "200 from new workers, 5 in a row".into(),
        observed: "500, 500 from 945, 946".into(),
        evidence: vec![
            "error.log: [error] 945#945: *17 open() \"/srv/app/index.html\" failed (13: Permission denied)"
                .into(),
        ],
        todo: None,
        cause: Some("a worker may not read a file (diagnose/permission-denied)".into()),
        place: Some("step[5].probe".into()),
        label: "500 from worker 945 (new, nginx/1.26.3) after 3 ms".into(),
    }
}

pub(super) fn way_back() -> Script {
    let sent = |signal, to, pid| Event::sent(signal, to, Some(pid), true);
    forward()
        .probe(945, Generation::New, "probe/status")
        .probe(946, Generation::New, "probe/status")
        .after(0.1, Event::StepFailed { step: 6, fault: failed() })
        .after(0.1, Event::WayBackStarted)
        .after(0.4, sent(Signal::Hup, Generation::Old, 812))
        .after(1.0, Event::WayBackWaits { waiting: Waiting::OldSettles })
        .after(4.0, workers(Generation::Old, 2, 0))
        .after(0.2, sent(Signal::Usr1, Generation::Old, 812))
        .after(2.0, sent(Signal::Term, Generation::New, 944))
}

pub(super) fn verdict(verdict: Ending, exit: u8, serving: Serving, now: &str, next: &[&str]) -> Event {
    Event::Verdict(Verdict {
        verdict,
        exit,
        changed: verdict.changes(),
        serving,
        failed: (exit == 20 || exit == 30).then_some(6),
        diagnosis: (exit == 20 || exit == 30).then(failed),
        run: "01JDC2V8".into(),
        message: String::new(),
        now: now.into(),
        next: next.iter().map(|&next| next.into()).collect(),
        took: 1_090.0,
    })
}
