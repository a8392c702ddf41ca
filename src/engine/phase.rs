//! The phases of a run and the one table that says which event may follow which.

use thiserror::Error;

use super::Event;

/// Where a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Checks; nothing live is touched.
    Preflight,
    /// Preflight said no, or there was nothing to do.
    Refused,
    /// A step is in hand, counted from 1; 0 before the first.
    Forward {
        /// The step's number.
        step: usize,
    },
    /// The commit record is written, QUIT is not sent yet.
    Committed,
    /// QUIT is sent to old.
    Finishing,
    /// The plan is done.
    Finished,
    /// On the way back.
    RollingBack,
    /// Old serves again, alone.
    RolledBack,
    /// Stopped on purpose, both generations as they are.
    Stopped,
    /// A person is needed.
    Stuck,
}

/// An event that cannot happen in this phase: a bug, or a damaged journal.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("event `{event}` cannot follow in phase {phase:?}")]
pub struct IllegalEvent {
    phase: Phase,
    event: String,
}

/// The phase after `event`. Events that only tell something leave the phase as it is.
///
/// # Errors
/// [`IllegalEvent`] when the event cannot happen in this phase.
pub fn next(phase: Phase, event: &Event) -> Result<Phase, IllegalEvent> {
    use Phase::{
        Committed, Finished, Finishing, Forward, Preflight, Refused, RolledBack, RollingBack, Stopped,
    };
    Ok(match (phase, event) {
        (Preflight, Event::RunStarted { .. } | Event::Preflight { .. } | Event::PreflightDone { .. }) => {
            phase
        }
        (Preflight, Event::Found { .. } | Event::Staged { .. }) => phase,
        (Preflight, Event::Refused | Event::NothingToDo { .. }) => Refused,
        (Preflight, Event::ForwardStarted) => Forward { step: 0 },
        (Forward { step }, Event::StepStarted { step: it, .. }) if *it == step + 1 => Forward { step: *it },
        (Forward { step }, Event::StepPassed { step: it, .. }) if *it == step => phase,
        (Forward { step }, Event::StepFailed { step: it, .. }) if *it == step => phase,
        (Forward { .. }, Event::WindowOpened | Event::WindowClosed { .. } | Event::NewMaster { .. }) => phase,
        (Forward { .. }, Event::CommitRecorded) => Committed,
        (Forward { .. } | Committed, Event::WayBackStarted) => RollingBack,
        (Forward { .. }, Event::Refused) => Refused,
        (Forward { .. } | Committed, Event::Stopped) => Stopped,
        (Committed, Event::StepFailed { .. }) => phase,
        (Committed, Event::QuitSent { .. }) => Finishing,
        (Finishing, Event::StepPassed { .. } | Event::StepFailed { .. }) => phase,
        (Finishing, Event::Finished { .. }) => Finished,
        (RollingBack, Event::WayBackWaits { .. } | Event::MoveRefused { .. }) => phase,
        (RollingBack, Event::RolledBack) => RolledBack,
        (RollingBack, Event::Stuck { .. }) => Phase::Stuck,
        (Forward { .. } | Committed | Finishing | RollingBack, Event::MoveMade { .. }) => phase,
        (Forward { .. } | Committed | Finishing | RollingBack, Event::Workers(_) | Event::Slow { .. }) => {
            phase
        }
        (Preflight | Forward { .. } | Committed | RollingBack, Event::Probed { .. }) => phase,
        (Preflight | Forward { .. } | Committed | Finishing | RollingBack, Event::Interrupted { .. }) => {
            phase
        }
        (Refused | Finished | RolledBack | Stopped | Phase::Stuck, Event::Verdict(_)) => phase,
        (phase, event) => return Err(IllegalEvent { phase, event: name(event) }),
    })
}

/// The event's name as JSON shows it.
fn name(event: &Event) -> String {
    serde_json::to_value(event)
        .ok()
        .and_then(|value| Some(value.get("event")?.as_str()?.to_owned()))
        .unwrap_or_default()
}
