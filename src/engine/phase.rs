//! The phases of a run and the one table that says which event may follow which.

use thiserror::Error;

use super::{Event, Goes};

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

impl Phase {
    /// Its name, as programs read it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Preflight => "preflight",
            Self::Refused => "refused",
            Self::Forward { .. } => "forward",
            Self::Committed => "committed",
            Self::Finishing => "finishing",
            Self::Finished => "finished",
            Self::RollingBack => "rolling-back",
            Self::RolledBack => "rolled-back",
            Self::Stopped => "stopped",
            Self::Stuck => "stuck",
        }
    }
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
#[expect(clippy::match_same_arms, reason = "a table is read line by line")]
pub fn next(phase: Phase, event: &Event) -> Result<Phase, IllegalEvent> {
    use Phase::{
        Committed, Finished, Finishing, Forward, Preflight, Refused, RolledBack, RollingBack, Stopped,
    };
    Ok(match (phase, event) {
        (Preflight, Event::RunStarted { .. } | Event::Verify { .. }) => phase,
        (Preflight, Event::Preflight { .. } | Event::PreflightDone { .. }) => phase,
        (Preflight, Event::Found { .. } | Event::Staged { .. } | Event::Kept { .. }) => phase,
        (Preflight, Event::Refused | Event::NothingToDo { .. }) => Refused,
        (Preflight, Event::ForwardStarted) => Forward { step: 0 },
        (Forward { step }, Event::StepStarted { step: it, .. }) if *it == step + 1 => Forward { step: *it },
        (Forward { step }, Event::StepPassed { step: it, .. }) if *it == step => phase,
        (Forward { step }, Event::StepFailed { step: it, .. }) if *it == step => phase,
        (Forward { .. }, Event::WindowOpened | Event::WindowClosed { .. } | Event::NewMaster { .. }) => phase,
        (Forward { .. }, Event::Confirmed) => phase,
        (Preflight | Forward { .. } | Committed, Event::Noticed { .. }) => phase,
        (Forward { .. }, Event::CommitRecorded) => Committed,
        (Forward { .. } | Committed | RollingBack, Event::WayBackStarted) => RollingBack,
        // Whatever was found at its end: who takes a run over looks again. After QUIT nothing leads back.
        (
            Preflight
            | Refused
            | Forward { .. }
            | Committed
            | RollingBack
            | RolledBack
            | Stopped
            | Phase::Stuck,
            Event::TakenOver { goes: Goes::Back, .. },
        ) => RollingBack,
        (Committed, Event::TakenOver { goes: Goes::Forward, .. }) => phase,
        (Finishing | Finished | Stopped, Event::TakenOver { goes: Goes::Forward, .. }) => Finishing,
        (Forward { .. }, Event::Refused) => Refused,
        (Forward { .. } | Committed | Finishing | RollingBack, Event::Stopped) => Stopped,
        (Committed, Event::StepFailed { .. }) => phase,
        (Committed, Event::QuitSent { .. }) => Finishing,
        (Finishing, Event::StepPassed { .. } | Event::StepFailed { .. }) => phase,
        (Finishing, Event::Finished { .. }) => Finished,
        (RollingBack, Event::WayBackWaits { .. } | Event::BackMaster { .. }) => phase,
        (Forward { .. } | Committed | RollingBack, Event::MoveRefused { .. }) => phase,
        (RollingBack, Event::RolledBack | Event::HostRestarted { .. }) => RolledBack,
        (Committed | Finishing, Event::HostRestarted { .. }) => Finished,
        // Behind its end too: somebody may end old before that is told.
        (RollingBack | RolledBack, Event::Stuck { .. }) => Phase::Stuck,
        (Forward { .. } | Committed | Finishing | RollingBack, Event::MoveMade { .. }) => phase,
        (Preflight | Forward { .. } | Committed | Finishing | RollingBack, Event::Slow { .. }) => phase,
        (Forward { .. } | Committed | Finishing | RollingBack, Event::Workers(_)) => phase,
        (Preflight | Forward { .. } | Committed | RollingBack, Event::Probed { .. }) => phase,
        (Preflight | Forward { .. } | Committed | Finishing | RollingBack, Event::Interrupted { .. }) => {
            phase
        }
        (Forward { .. } | Committed | Finishing | RollingBack, Event::Suspended | Event::Resumed { .. }) => {
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

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::{
        engine::{By, Fault, FaultReport, Level, Master, Verdict, WaitedFor},
        protocol::{Generation, Move, Signal, Stuck, Waiting},
    };

    const PHASES: [(char, Phase); 10] = [
        ('P', Phase::Preflight),
        ('R', Phase::Refused),
        ('F', Phase::Forward { step: 1 }),
        ('C', Phase::Committed),
        ('Q', Phase::Finishing),
        ('D', Phase::Finished),
        ('B', Phase::RollingBack),
        ('O', Phase::RolledBack),
        ('S', Phase::Stopped),
        ('X', Phase::Stuck),
    ];

    /// One of each event.
    pub(crate) fn every_event() -> Vec<Event> {
        let more = Event::HostRestarted { path: String::new() };
        table().into_iter().map(|(event, ..)| event).chain([more]).collect()
    }

    /// Every event with one place to lead to, the phases that it may happen in, and the phase that it leads to (`=`: the same).
    fn table() -> Vec<(Event, &'static str, char)> {
        let text = String::new;
        let fault = FaultReport::of(&Fault::ExecFailed);
        vec![
            (Event::RunStarted { run: text(), plan: text(), file: text(), changeover: text() }, "P", '='),
            (Event::Verify { code: text(), message: text(), help: None, line: Some(1) }, "P", '='),
            (
                Event::Preflight {
                    code: text(),
                    level: Level::Warn,
                    seen: text(),
                    why: text(),
                    todo: text(),
                },
                "P",
                '=',
            ),
            (Event::PreflightDone { checks: 1, warnings: 0, refusals: 0, took: 1.0 }, "P", '='),
            (
                Event::Found {
                    old: Master { pid: 1, workers: 2, version: text() },
                    pid_file: text(),
                    binary: text(),
                    version: None,
                    expected: None,
                },
                "P",
                '=',
            ),
            (Event::NothingToDo { reason: text() }, "P", 'R'),
            (Event::Staged { file: text(), sha256: text(), bytes: 1 }, "P", '='),
            (Event::Kept { file: text(), sha256: text(), bytes: 1 }, "P", '='),
            (Event::ForwardStarted, "P", 'f'),
            (Event::StepStarted { step: 2, action: text(), about: text(), timeout: 1.0 }, "F", 'n'),
            (Event::StepPassed { step: 1, seen: text(), took: 1.0 }, "FQ", '='),
            (Event::StepFailed { step: 1, fault }, "FCQ", '='),
            (Event::Slow { step: Some(1), waiting: text(), waited: 1.0, timeout: 2.0 }, "PFCQB", '='),
            (
                Event::Workers(WaitedFor {
                    generation: Generation::New,
                    accepting: 1,
                    draining: 0,
                    expected: None,
                }),
                "FCQB",
                '=',
            ),
            (Event::Noticed { code: text(), text: text() }, "PFC", '='),
            (Event::Confirmed, "F", '='),
            (Event::WindowOpened, "F", '='),
            (Event::WindowClosed { open: 1.0 }, "F", '='),
            (Event::NewMaster { pid: 2 }, "F", '='),
            (Event::sent(Signal::Winch, Generation::Old, Some(1), false), "FCQB", '='),
            (Event::MoveRefused { what: Move::StubExec, text: text() }, "FCB", '='),
            (Event::BackMaster { pid: 1 }, "B", '='),
            (
                Event::Probed {
                    probe: text(),
                    watch: false,
                    outcome: text(),
                    text: text(),
                    by: None,
                    latency: None,
                },
                "PFCB",
                '=',
            ),
            (Event::Interrupted { signal: text(), heeded: true }, "PFCQB", '='),
            (Event::Suspended, "FCQB", '='),
            (Event::Resumed { away: 1.0 }, "FCQB", '='),
            (Event::Unread { lines: 1 }, "", '='),
            (Event::CommitRecorded, "F", 'C'),
            (Event::QuitSent { pid: 1 }, "C", 'Q'),
            (Event::WayBackStarted, "FCB", 'B'),
            (taken_over(Goes::Back), "PRFCBOSX", 'B'),
            (Event::WayBackWaits { waiting: Waiting::OldSettles }, "B", '='),
            (Event::RolledBack, "B", 'O'),
            (Event::Stuck { why: Stuck::NoMaster }, "BO", 'X'),
            (Event::Stopped, "FCQB", 'S'),
            (Event::Refused, "PF", 'R'),
            (Event::Finished { old_gone: true }, "Q", 'D'),
            (Event::Verdict(Verdict::example()), "RDOSX", '='),
        ]
    }

    fn taken_over(goes: Goes) -> Event {
        Event::TakenOver { run: String::new(), plan: String::new(), by: By::Guardian, goes }
    }

    #[test]
    fn after_a_restart_of_the_host_a_run_is_at_its_end() {
        let event = Event::HostRestarted { path: String::new() };
        let leads_to = PHASES.map(|(letter, phase)| (letter, next(phase, &event).ok()));
        for (letter, after) in leads_to {
            let expected = match letter {
                'B' => Some(Phase::RolledBack),
                'C' | 'Q' => Some(Phase::Finished),
                _ => None,
            };
            assert_eq!(after, expected, "{letter}");
        }
    }

    #[test]
    fn a_commit_is_taken_over_where_it_is_and_the_wait_for_old_also_where_a_person_had_stopped_it() {
        let event = taken_over(Goes::Forward);
        let leads_to = PHASES.map(|(letter, phase)| (letter, next(phase, &event).ok()));
        for (letter, after) in leads_to {
            let expected = match letter {
                'C' => Some(Phase::Committed),
                'Q' | 'D' | 'S' => Some(Phase::Finishing),
                _ => None,
            };
            assert_eq!(after, expected, "{letter}");
        }
    }

    #[test]
    fn every_pair_of_phase_and_event_is_legal_or_not_as_the_table_says() {
        for (event, legal, leads_to) in table() {
            for (letter, phase) in PHASES {
                let expected = match leads_to {
                    _ if !legal.contains(letter) => None,
                    '=' => Some(phase),
                    'f' => Some(Phase::Forward { step: 0 }),
                    'n' => Some(Phase::Forward { step: 2 }),
                    to => PHASES.iter().find(|(letter, _)| *letter == to).map(|(_, phase)| *phase),
                };
                assert_eq!(next(phase, &event).ok(), expected, "{event:?} in {phase:?}");
            }
        }
    }

    #[test]
    fn a_step_that_is_not_the_one_in_hand_is_illegal() {
        let phase = Phase::Forward { step: 1 };
        let skipped =
            Event::StepStarted { step: 3, action: String::new(), about: String::new(), timeout: 1.0 };
        let error = next(phase, &skipped).unwrap_err();
        assert_eq!(error.to_string(), "event `step-started` cannot follow in phase Forward { step: 1 }");
        assert!(next(phase, &Event::StepPassed { step: 2, seen: String::new(), took: 1.0 }).is_err());
        assert!(
            next(phase, &Event::StepFailed { step: 2, fault: FaultReport::of(&Fault::ExecFailed) }).is_err()
        );
    }
}
