//! Why a run does not begin: nothing live was touched, and the exit code says which kind it is.

use thiserror::Error;

use super::{guardian::NoGuardian, recorder::Recorder};
use crate::{
    engine::{Ending, Event, FaultReport, Serving, Verdict},
    host::{directory::DirectoryError, locks::LockError, notify::NotifyError},
    journal::{Damage, NotRecorded, StateError},
    preflight::{Finding, fault},
    protocol::Living,
    report::nothing_to_do,
    run::{NoRollback, until::millis},
};

/// Why a run does not begin.
#[derive(Debug, Error)]
pub(super) enum Refusal {
    /// The wanted binary serves already.
    #[error("{0}")]
    NothingToDo(String),
    /// Another run holds the instance or its binary.
    #[error(transparent)]
    Locked(#[from] LockError),
    /// An earlier run has not come to its end.
    #[error("the run {run} of process {pid} ended without a verdict")]
    Unfinished { run: String, pid: i32, would: &'static str },
    /// The journal of an earlier run cannot be believed.
    #[error(transparent)]
    Damaged(#[from] Damage),
    /// The journal of this run cannot be written.
    #[error(transparent)]
    Journal(#[from] NotRecorded),
    /// Nobody would go on with the run if its process ended.
    #[error(transparent)]
    Guardian(#[from] NoGuardian),
    /// What a run has committed is not taken back.
    #[error(transparent)]
    Rollback(#[from] NoRollback),
    /// Checks refuse.
    #[error("{}", fault(.0).map_or_else(|| "preflight refused".to_owned(), |first| first.message))]
    Checks(Vec<Finding>),
    /// The plan or the host is not as it was sealed.
    #[error("not as it was sealed: {}", .0.join("; "))]
    Unsealed(Vec<String>),
    /// A watch of the plan fails already.
    #[error("watch `{probe}` fails before anything is changed: {text}")]
    Watch { probe: String, code: &'static str, text: String, expected: String },
    /// The run's own files cannot be made.
    #[error(transparent)]
    State(#[from] StateError),
    /// A file beside the path or the pid file cannot be made.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The host cannot be watched.
    #[error(transparent)]
    Notify(#[from] NotifyError),
    /// Old starts, reloads, is stopped or has no workers: nobody can say what a way back would bring back.
    #[error("old's master is {0} and its workers cannot be counted")]
    Unsettled(&'static str),
    /// The ends of processes cannot be waited for.
    #[error("processes cannot be waited for: {0}")]
    Exits(std::io::Error),
    /// The system gives no signal handlers.
    #[error("signals cannot be caught: {0}")]
    Signals(std::io::Error),
    /// SIGINT, SIGTERM or SIGHUP.
    #[error("interrupted by {0}")]
    Interrupted(&'static str),
}

impl Refusal {
    fn exit(&self) -> u8 {
        match self {
            Self::NothingToDo(_) => 0,
            Self::Locked(LockError::Held { .. }) => 13,
            Self::Unsealed(_) => 14,
            Self::Unfinished { .. } => 15,
            Self::Damaged(_) => 32,
            Self::Interrupted(_) => 17,
            _ => 12,
        }
    }

    /// The fault, where there is one.
    fn report(&self) -> Option<FaultReport> {
        let (code, expected, todo) = match self {
            Self::NothingToDo(_) => return None,
            Self::Checks(findings) => return fault(findings),
            Self::Locked(error) => {
                (error.code(), "no other run changes this nginx".to_owned(), unlock(error))
            }
            Self::Unfinished { would, .. } => (
                "run/unfinished",
                "every earlier run of this nginx has come to its end".to_owned(),
                Some(format!("changeover recover   # would {would}")),
            ),
            Self::Rollback(error) => (error.code(), error.expected().to_owned(), Some(error.todo())),
            Self::Watch { code, expected, .. } => {
                let todo = "mend what the watch asks, or the watch, before anything is changed";
                (*code, expected.clone(), Some(todo.to_owned()))
            }
            other => {
                let (code, expected, todo) = other.fixed();
                (code, expected.to_owned(), todo.map(str::to_owned))
            }
        };
        let message = self.to_string();
        Some(FaultReport {
            code: code.to_owned(),
            expected,
            observed: message.clone(),
            evidence: Vec::new(),
            cause: None,
            todo,
            place: None,
            label: message.clone(),
            message,
        })
    }

    /// The code of one whose words are always the same, what was expected, and what to do.
    fn fixed(&self) -> (&'static str, &'static str, Option<&'static str>) {
        match self {
            Self::Unsealed(_) => (
                "preflight/seal-broken",
                "the plan and the host that were sealed",
                Some("look at what has changed, then `preview --seal` again"),
            ),
            Self::State(error) => (error.code(), "the run's own files can be made", None),
            Self::Damaged(error) => (error.code(), "the journal of the earlier run is whole", None),
            Self::Journal(error) => (error.code(), "the run can be journaled", None),
            Self::Directory(error) => (error.code(), "files beside the path can be made", None),
            Self::Notify(error) => (error.code(), "the host can be watched", None),
            Self::Guardian(_) => (
                "run/no-guardian",
                "another process watches this one",
                Some(
                    "`--no-guardian` does without; `changeover recover` goes on then where the run is killed",
                ),
            ),
            Self::Unsettled(_) => (
                "run/old-not-settled",
                "old's master is quiet and its workers accept",
                Some("wait for its start or its reload to end; a stopped one needs `kill -CONT`"),
            ),
            Self::Exits(_) => ("run/exits-not-watched", "the ends of processes can be seen", None),
            Self::Signals(_) => ("run/signals-not-caught", "signals can be caught", None),
            _ => ("run/interrupted", "", None),
        }
    }

    /// Tells it, and how the run ended.
    pub(super) fn tell(&self, recorder: &mut Recorder, run: &str, serving: Serving) -> Verdict {
        let nothing = matches!(self, Self::NothingToDo(_));
        recorder.tell(if nothing { Event::NothingToDo { reason: self.to_string() } } else { Event::Refused });
        let (diagnosis, ending) = (self.report(), if nothing { Ending::Unchanged } else { Ending::Refused });
        let verdict = Verdict {
            verdict: ending,
            exit: self.exit(),
            changed: ending.changes(),
            serving,
            failed: None,
            next: diagnosis.iter().filter_map(|report| report.todo.clone()).collect(),
            diagnosis,
            run: run.to_owned(),
            message: if nothing { nothing_to_do(&self.to_string()) } else { String::new() },
            now: "nothing was touched".to_owned(),
            took: millis(recorder.now()),
        };
        recorder.tell(Event::Verdict(verdict.clone()));
        verdict
    }
}

/// What to do about a lock that was not taken.
fn unlock(error: &LockError) -> Option<String> {
    let todo = match error {
        LockError::Held { by, .. } => {
            if let Some(Living { pid, stopped: true }) = by.at_work() {
                return Some(format!("kill -CONT {pid}   # the run goes on then"));
            }
            "wait until that run has ended; `changeover status` shows how far it is"
        }
        LockError::Place { .. } => "make /run/lock writable for this user, as with mode 1777",
        LockError::Foreign { .. } => "remove that file as root",
        LockError::Unnamed { .. } => return None,
    };
    Some(todo.to_owned())
}
