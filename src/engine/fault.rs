//! What can go wrong with a step, a watch or a guard: one text each, with what was expected and what was seen.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::units;
use crate::protocol::{Generation, Signal};

/// Why the way forward ended. Times are as measured by the run's monotonic clock.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum Fault {
    /// Old's master took USR2 and started nobody: nginx logs `the changing binary signal is ignored`.
    #[error("old's master {pid} ignored USR2")]
    Usr2Ignored {
        /// Old's master.
        pid: i32,
    },
    /// Old's master forked, and its child was gone before it was seen to run the new file.
    #[error("no process was seen to run the new binary")]
    ExecFailed,
    /// New's master exited before the step was over.
    #[error("new's master {pid} {}", if *leaving { "is leaving" } else { "exited" })]
    NewMasterExited {
        /// New's master.
        pid: i32,
        /// It lives, and listens no more.
        leaving: bool,
        /// How long after USR2, where the run sent it.
        after: Option<Duration>,
    },
    /// The pid file could not be renamed: old's master is poisoned (nginx-facts 2).
    #[error("old's master {pid} could not rename its pid file")]
    PidFileNotRenamed {
        /// Old's master.
        pid: i32,
    },
    /// Somebody else told old to start a second master.
    #[error("a second master {pid} lives that this run has not started")]
    ForeignMaster {
        /// The second master.
        pid: i32,
    },
    /// Old's master is gone before the commit.
    #[error("old's master {pid} is {}", if *leaving { "leaving" } else { "gone" })]
    OldMasterGone {
        /// Old's master.
        pid: i32,
        /// It lives, and listens no more.
        leaving: bool,
    },
    /// A generation that must accept has no workers.
    #[error("{generation} has no workers any more")]
    WorkersGone {
        /// Whose.
        generation: Generation,
    },
    /// Workers of old accept again after WINCH: somebody sent HUP to its master.
    #[error("workers of old accept again")]
    OldWorkersBack {
        /// How many.
        accepting: usize,
    },
    /// The binary path names neither what was found nor what the run put there.
    #[error("the file at the binary path was changed by somebody else")]
    PathChanged {
        /// The binary path.
        path: String,
    },
    /// Workers of new die and are started again.
    #[error("the workers of new die and are started again")]
    CrashLoop {
        /// How many died.
        crashes: usize,
        /// How many there should be.
        expected: usize,
    },
    /// Workers of new exited and are not started again: nginx's fatal exit code 2.
    #[error("the workers of new exited and are not started again")]
    WorkersFatal {
        /// New's master, which lives.
        pid: i32,
    },
    /// A signal was sent and not taken in time.
    #[error("{to}'s master did not handle {signal}")]
    NotHandled {
        /// What was sent.
        signal: Signal,
        /// To whom.
        to: Generation,
        /// How long the step waited.
        waited: Duration,
        /// What the master did instead.
        state: String,
    },
    /// The signal had no effect that could be seen.
    #[error("{signal} to {to}'s master had no effect")]
    NoEffect {
        /// What was sent.
        signal: Signal,
        /// To whom.
        to: Generation,
        /// How long the step waited.
        waited: Duration,
        /// What was seen last.
        seen: String,
        /// What was expected.
        expected: String,
    },
    /// The workers did not come, or did not leave, in time.
    #[error("{generation} was not {until} in time")]
    WorkersLate {
        /// Whose.
        generation: Generation,
        /// `accepting`, `draining` or `gone`.
        until: &'static str,
        /// How long the step waited.
        waited: Duration,
        /// What was seen last.
        seen: String,
        /// What was expected.
        expected: String,
    },
    /// A probe failed as often as the step allows.
    #[error("probe `{probe}`: {text}")]
    Probe {
        /// The probe's name.
        probe: String,
        /// The outcome's own code: `probe/…`.
        code: &'static str,
        /// What was seen, in words.
        text: String,
        /// What was expected, in words.
        expected: String,
        /// The last outcomes, oldest first.
        observed: Vec<String>,
    },
    /// A step's time was over before enough probes passed.
    #[error("probe `{probe}` did not pass often enough in time")]
    ProbesLate {
        /// The probe's name.
        probe: String,
        /// How many passed in a row.
        passed: u32,
        /// How many should have.
        wanted: u32,
        /// How long the step waited.
        waited: Duration,
        /// The last outcomes, oldest first.
        observed: Vec<String>,
    },
    /// A watch failed as often in a row as the plan allows.
    #[error("watch `{probe}` was violated: {text}")]
    Watch {
        /// The probe's name.
        probe: String,
        /// The outcome's own code: `probe/…`.
        code: &'static str,
        /// What was seen last, in words.
        text: String,
        /// What was expected, in words.
        expected: String,
        /// How often in a row.
        times: u32,
        /// The watch's place in the plan, counted from 0.
        index: usize,
    },
    /// The file that new would run is not what preflight proved.
    #[error("the new file was changed")]
    NewFileChanged {
        /// Its name.
        file: String,
        /// What is different.
        text: String,
    },
    /// Nobody has confirmed the run in time.
    #[error("nobody confirmed the run in time")]
    NotConfirmed {
        /// How long the step waited.
        waited: Duration,
    },
    /// The budget of the plan is used up.
    #[error("the budget of {} is used up", units::length(*budget))]
    BudgetUsed {
        /// `[defaults] budget`.
        budget: Duration,
    },
    /// A move could not be made.
    #[error("{text}")]
    Move {
        /// The code of the error below.
        code: &'static str,
        /// What was tried and what the system said.
        text: String,
    },
    /// Around the commit record, before QUIT: the masters were not quiet, or new did not accept.
    #[error("the generations were not ready to commit")]
    NotReadyToCommit {
        /// How long the step waited.
        waited: Duration,
        /// What was seen last.
        seen: String,
    },
    /// Old did not leave within `drain-timeout`, and the plan says `fail`.
    #[error("old did not finish its connections in time")]
    DrainLate {
        /// `drain-timeout`.
        waited: Duration,
        /// What is left, in words.
        left: String,
    },
    /// The process of the run is gone, and had told no verdict.
    #[error("the run's own process ended before the run did")]
    RunnerGone {
        /// It.
        pid: i32,
        /// What it recorded last, in words.
        last: String,
    },
    /// SIGINT, SIGTERM or SIGHUP.
    #[error("interrupted by {signal}")]
    Interrupted {
        /// Which.
        signal: &'static str,
    },
}

/// A fault as people and programs read it: the same fields, the same names, everywhere.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct FaultReport {
    /// Its one name.
    pub code: String,
    /// What is wrong.
    pub message: String,
    /// What the plan asked for.
    pub expected: String,
    /// What was measured.
    pub observed: String,
    /// Lines of logs and the like that belong to it, escaped.
    pub evidence: Vec<String>,
    /// Why, only where the evidence carries it.
    pub cause: Option<String>,
    /// What to do about that cause.
    pub todo: Option<String>,
    /// The place in the plan, as a path (`step[2].signal`).
    pub place: Option<String>,
    /// The text for that place.
    pub label: String,
}

impl FaultReport {
    /// The fault alone, without evidence and without a place.
    #[must_use]
    pub fn of(fault: &Fault) -> Self {
        Self {
            code: fault.code().to_owned(),
            message: fault.to_string(),
            expected: fault.expected(),
            observed: fault.observed(),
            evidence: Vec::new(),
            cause: None,
            todo: None,
            place: None,
            label: fault.label(),
        }
    }
}

impl Fault {
    /// Its one name, the same in messages, JSON and docs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Usr2Ignored { .. } => "run/usr2-ignored",
            Self::ExecFailed => "run/exec-failed",
            Self::NewMasterExited { .. } => "run/new-master-exited",
            Self::PidFileNotRenamed { .. } => "run/pid-file-not-renamed",
            Self::ForeignMaster { .. } => "run/foreign-master",
            Self::OldMasterGone { .. } => "run/old-master-gone",
            Self::WorkersGone { .. } => "run/workers-gone",
            Self::OldWorkersBack { .. } => "run/old-workers-back",
            Self::PathChanged { .. } => "run/path-changed",
            Self::CrashLoop { .. } => "run/crash-loop",
            Self::WorkersFatal { .. } => "run/workers-fatal",
            Self::NotHandled { .. } => "run/signal-not-handled",
            Self::NoEffect { .. } => "run/signal-without-effect",
            Self::WorkersLate { .. } => "run/workers-late",
            Self::ProbesLate { .. } => "run/probes-late",
            Self::NewFileChanged { .. } => "run/new-file-changed",
            Self::BudgetUsed { .. } => "run/budget-used",
            Self::NotConfirmed { .. } => "run/not-confirmed",
            Self::NotReadyToCommit { .. } => "run/not-ready-to-commit",
            Self::DrainLate { .. } => "run/drain-late",
            Self::RunnerGone { .. } => "run/runner-gone",
            Self::Interrupted { .. } => "run/interrupted",
            Self::Probe { code, .. } | Self::Watch { code, .. } | Self::Move { code, .. } => code,
        }
    }

    /// What the plan, or nginx's own protocol, asked for.
    #[must_use]
    pub fn expected(&self) -> String {
        match self {
            Self::Usr2Ignored { .. } | Self::ExecFailed => "old's master executes the new file".into(),
            Self::NewMasterExited { .. } => "new's master lives until the commit".into(),
            Self::PidFileNotRenamed { .. } => "the pid file is renamed to .oldbin".into(),
            Self::ForeignMaster { .. } => "old starts the new file, and nobody else's".into(),
            Self::OldMasterGone { .. } => "old's master lives until the commit".into(),
            Self::WorkersGone { generation } => format!("{generation} accepts"),
            Self::OldWorkersBack { .. } => "nobody of old accepts after WINCH".into(),
            Self::PathChanged { .. } => "nobody else changes the binary path during the run".into(),
            Self::CrashLoop { expected, .. } => format!("{expected} workers that stay"),
            Self::WorkersFatal { .. } => "workers that stay".into(),
            Self::NotHandled { signal, .. } => format!("{signal} is handled"),
            Self::NoEffect { expected, .. }
            | Self::WorkersLate { expected, .. }
            | Self::Probe { expected, .. }
            | Self::Watch { expected, .. } => expected.clone(),
            Self::ProbesLate { wanted, .. } => format!("{wanted} passes in a row"),
            Self::NewFileChanged { .. } => "the file that preflight proved".into(),
            Self::BudgetUsed { budget } => format!("done within {}", units::length(*budget)),
            Self::NotConfirmed { .. } => "`changeover confirm`".into(),
            Self::Move { .. } => "the move is made".into(),
            Self::NotReadyToCommit { .. } => "old is quiet and new accepts".into(),
            Self::DrainLate { waited, .. } => format!("old gone within {}", units::length(*waited)),
            Self::RunnerGone { .. } => "a run that tells how it ended".into(),
            // Nothing in the plan is about it.
            Self::Interrupted { .. } => String::new(),
        }
    }

    /// What was measured.
    #[must_use]
    pub fn observed(&self) -> String {
        match self {
            Self::NewMasterExited { leaving: true, .. } | Self::OldMasterGone { leaving: true, .. } => {
                "it listens no more, as after QUIT".into()
            }
            Self::NewMasterExited { after: Some(after), .. } => {
                format!("gone {} after USR2", units::length(*after))
            }
            Self::OldWorkersBack { accepting } => {
                format!("{accepting} accepting again, as after a HUP to old's master")
            }
            Self::PathChanged { path } => format!("another file at {path}"),
            Self::CrashLoop { crashes, .. } => format!("{crashes} workers died and were replaced"),
            Self::WorkersFatal { pid } => format!("master {pid} lives without workers"),
            Self::NotHandled { waited, state, .. } => format!("{state} for {}", units::length(*waited)),
            Self::NoEffect { waited, seen, .. }
            | Self::WorkersLate { waited, seen, .. }
            | Self::NotReadyToCommit { waited, seen } => {
                format!("{seen} after {}", units::length(*waited))
            }
            Self::Probe { observed, .. } => observed.join("; "),
            Self::ProbesLate { passed, observed, waited, .. } => {
                format!("{passed} in a row after {}: {}", units::length(*waited), observed.join("; "))
            }
            Self::Watch { text, times, .. } => format!("{times} in a row: {text}"),
            Self::NewFileChanged { text, .. } | Self::Move { text, .. } => text.clone(),
            Self::DrainLate { left, .. } => left.clone(),
            Self::NotConfirmed { waited } => format!("nothing within {}", units::length(*waited)),
            Self::RunnerGone { pid, last } => format!("process {pid} is gone; it recorded last: {last}"),
            Self::ExecFailed => "old's master forked, and its child was gone at once".into(),
            other => other.to_string(),
        }
    }

    /// The text under the place in the plan: one observed fact.
    fn label(&self) -> String {
        match self {
            Self::Probe { observed, .. } | Self::ProbesLate { observed, .. } => {
                observed.last().cloned().unwrap_or_default()
            }
            Self::Watch { text, .. } => text.clone(),
            other => other.observed(),
        }
    }
}
