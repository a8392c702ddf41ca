//! The free text of events: whatever may hold words of the plan, of a server or of a log, and no code or name.

use super::{Event, FaultReport, Master, Verdict};

impl Event {
    /// Changes every free text of the event.
    pub fn texts(&mut self, change: &mut impl FnMut(&mut String)) {
        match self {
            Self::RunStarted { plan, file, run: _, changeover: _ } => {
                [plan, file].into_iter().for_each(change);
            }
            Self::TakenOver { plan, run: _, by: _, goes: _ } => change(plan),
            Self::Verify { message, help, code: _, line: _ } => {
                std::iter::once(message).chain(help).for_each(change);
            }
            Self::Preflight { seen, why, todo, code: _, level: _ } => {
                [seen, why, todo].into_iter().for_each(change);
            }
            Self::Found { old: Master { version, .. }, pid_file, binary, version: offered, expected: _ } => {
                [version, pid_file, binary].into_iter().chain(offered).for_each(change);
            }
            Self::NothingToDo { reason: text }
            | Self::Staged { file: text, .. }
            | Self::Kept { file: text, .. }
            | Self::StepStarted { about: text, .. }
            | Self::Slow { waiting: text, .. }
            | Self::Probed { text, .. }
            | Self::Noticed { text, .. }
            | Self::StepPassed { seen: text, .. }
            | Self::HostRestarted { path: text }
            | Self::MoveRefused { text, .. } => change(text),
            Self::StepFailed { fault, .. } => fault.texts(change),
            Self::Verdict(Verdict { diagnosis, message, now, next, .. }) => {
                if let Some(fault) = diagnosis {
                    fault.texts(change);
                }
                next.iter_mut().chain([message, now]).for_each(change);
            }
            Self::PreflightDone { .. }
            | Self::ForwardStarted
            | Self::Confirmed
            | Self::Workers(_)
            | Self::WindowOpened
            | Self::WindowClosed { .. }
            | Self::NewMaster { .. }
            | Self::MoveMade { .. }
            | Self::Interrupted { .. }
            | Self::CommitRecorded
            | Self::QuitSent { .. }
            | Self::WayBackStarted
            | Self::WayBackWaits { .. }
            | Self::RolledBack
            | Self::Stuck { .. }
            | Self::Stopped
            | Self::Suspended
            | Self::Unread { .. }
            | Self::Resumed { .. }
            | Self::Refused
            | Self::BackMaster { .. }
            | Self::Finished { .. } => {}
        }
    }
}

impl FaultReport {
    fn texts(&mut self, change: &mut impl FnMut(&mut String)) {
        let Self { code: _, message, expected, observed, evidence, cause, todo, place: _, label } = self;
        let own = [message, expected, observed, label];
        own.into_iter().chain(evidence).chain(cause).chain(todo).for_each(change);
    }
}
