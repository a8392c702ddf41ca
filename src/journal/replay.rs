//! A journal read back, record by record: where its run is, what it did, and which transition was not legal.

use std::time::Duration;

use super::{
    entry::{Begun, Entry},
    line::{Chain, Line},
};
use crate::{
    engine::{By, Ending, Event, FaultReport, Phase, Verdict, next},
    observe::Known,
    plan::steps::Confirm,
    protocol::{Generation, Identity, Move},
};

/// A run as its journal tells it.
#[derive(Clone, Debug)]
pub struct Replay {
    /// How it began.
    pub begun: Begun,
    /// When, by the kernel's monotonic clock.
    pub began: Duration,
    /// When, by the wall clock: for people.
    pub began_at: String,
    /// Where it is.
    pub phase: Phase,
    /// The step in hand, counted from 1.
    pub step: usize,
    /// The action of that step.
    pub action: String,
    /// When that step began, by the wall clock, and how long it may take.
    pub step_began: (String, Duration),
    /// The last step that somebody has confirmed, 0 where none was.
    pub confirmed: usize,
    /// How far its commit is.
    pub committed: Committed,
    /// The moves, oldest first.
    pub moves: Vec<Made>,
    /// The masters, in the order in which they were started: the one that was found, those that it has executed, back-masters.
    pub masters: Vec<(Generation, Known)>,
    /// Why it went back, where a step failed.
    pub fault: Option<FaultReport>,
    /// Who has taken it over last, where anybody has.
    pub taken_over_by: Option<By>,
    /// How it ended.
    pub verdict: Option<Verdict>,
    /// The last line was torn, and is cut when the journal is opened again.
    pub torn: bool,
    /// The last move has no witness: it was made, or not, or in part.
    pub(super) in_hand: bool,
    pub(super) chain: Chain,
    /// How many bytes of its file were read; what is behind them is torn.
    pub(crate) length: u64,
}

/// How far a commit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Committed {
    /// There is no record of one: the run goes back.
    No,
    /// It is recorded: the run goes on as long as new accepts.
    Recorded,
    /// QUIT is sent to old: nothing leads back.
    OldIsTold,
}

/// A move that a run was about to make.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    /// Which.
    pub what: Move,
    /// The master that it went to.
    pub to: Option<Identity>,
    /// When, by the kernel's monotonic clock.
    pub at: Duration,
    /// Whether the way back made it.
    pub way_back: bool,
    /// Its witness says that it was made.
    pub sent: bool,
    /// Nobody knows: it has no witness.
    pub unknown: bool,
}

impl Made {
    /// Whether whoever goes on must take it for made.
    #[must_use]
    pub const fn counts(&self) -> bool {
        self.sent || (self.unknown && self.what.counts_when_unknown())
    }

    /// Whether it is an attempt of the way back. One that nobody knows of is none: it may not have been made, and there are not
    /// many.
    #[must_use]
    pub const fn is_attempt(&self) -> bool {
        self.way_back && !self.unknown
    }
}

/// An entry that cannot follow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct IllegalEntry(pub(super) String);

impl Replay {
    /// Of its first line.
    pub(super) fn begins(line: Line, chain: Chain) -> Result<Self, IllegalEntry> {
        let Entry::Begun(begun) = line.entry else {
            return Err(IllegalEntry("it does not say how the run began".to_owned()));
        };
        let masters = vec![(Generation::Old, begun.old)];
        Ok(Self {
            begun: *begun,
            began: Duration::from_micros(line.mono_us),
            began_at: line.at,
            phase: Phase::Preflight,
            step: 0,
            action: String::new(),
            step_began: (String::new(), Duration::ZERO),
            confirmed: 0,
            committed: Committed::No,
            moves: Vec::new(),
            masters,
            fault: None,
            taken_over_by: None,
            verdict: None,
            torn: false,
            in_hand: false,
            chain,
            length: 0,
        })
    }

    /// Takes in the next entry.
    ///
    /// # Errors
    /// [`IllegalEntry`] when the engine's table has no such transition, a witness has no intent, or something follows an
    /// intent that nobody has looked after.
    pub(super) fn follows(&mut self, line: Line) -> Result<(), IllegalEntry> {
        let illegal = |what: &str| Err(IllegalEntry(what.to_owned()));
        let at = Duration::from_micros(line.mono_us);
        match line.entry {
            Entry::Begun(_) => illegal("the run begins a second time"),
            Entry::Intent { .. } if self.in_hand => illegal("a move begins before the one in hand is over"),
            Entry::Laid { .. } if self.in_hand => illegal("a file is laid before the move in hand is over"),
            Entry::Laid { stub } => {
                self.begun.stub = stub;
                Ok(())
            }
            Entry::Intent { what, to, way_back } => {
                let made = Event::MoveMade { what: what.clone(), pid: None, way_back };
                self.enter(&made)?;
                self.moves.push(Made { what, to, at, way_back, sent: false, unknown: true });
                self.in_hand = true;
                Ok(())
            }
            Entry::Witness { .. } if !self.in_hand => illegal("a witness of no move"),
            Entry::Witness { made, started } => {
                self.in_hand = false;
                if let Some(last) = self.moves.last_mut() {
                    (last.sent, last.unknown) = (made, false);
                    // Whom old executes is new, and whom new does is old.
                    let of = last.what.receiver().map(|by| match by {
                        Generation::Old => Generation::New,
                        Generation::New => Generation::Old,
                    });
                    self.masters.extend(of.zip(started));
                }
                Ok(())
            }
            Entry::Event { event } => {
                // Whoever takes a run over looks first: what was in hand stays unknown.
                if self.in_hand && !matches!(*event, Event::TakenOver { .. }) {
                    return illegal("something else happens before the move in hand is over");
                }
                self.in_hand = false;
                self.enter(&event)?;
                self.notes(*event, line.at);
                Ok(())
            }
        }
    }

    fn enter(&mut self, event: &Event) -> Result<(), IllegalEntry> {
        if self.verdict.is_some() && !matches!(event, Event::TakenOver { .. }) {
            return Err(IllegalEntry("something follows the verdict".to_owned()));
        }
        self.phase = next(self.phase, event).map_err(|error| IllegalEntry(error.to_string()))?;
        Ok(())
    }

    fn notes(&mut self, event: Event, at: String) {
        match event {
            Event::StepStarted { step, action, timeout, .. } => {
                (self.step, self.action) = (step, action);
                let longest = Duration::try_from_secs_f64(timeout / 1_000.0).unwrap_or(Duration::MAX);
                self.step_began = (at, longest);
            }
            Event::Confirmed => self.confirmed = self.step,
            Event::StepFailed { fault, .. } => self.fault = Some(fault),
            Event::CommitRecorded => self.committed = Committed::Recorded,
            Event::QuitSent { .. } => self.committed = Committed::OldIsTold,
            Event::TakenOver { by, .. } => (self.taken_over_by, self.verdict) = (Some(by), None),
            Event::Verdict(verdict) => self.verdict = Some(verdict),
            _ => {}
        }
    }

    /// Whether the step in hand waits for `changeover confirm`.
    #[must_use]
    pub fn waits_to_be_confirmed(&self) -> bool {
        let forward = matches!(self.phase, Phase::Forward { .. });
        self.unfinished() && forward && self.action == Confirm::KIND && self.confirmed < self.step
    }

    /// Whether the run has come to its end with new as the one that serves.
    #[must_use]
    pub fn has_committed(&self) -> bool {
        // Who was told not to wait for old's last connections stops with 23, and has committed all the same.
        let forward = |ending| matches!(ending, Ending::Committed | Ending::Draining);
        self.verdict
            .as_ref()
            .is_some_and(|verdict| forward(verdict.verdict) || self.committed == Committed::OldIsTold)
    }

    /// Whether the run has not come to an end: its process is gone, or still at work.
    #[must_use]
    pub const fn unfinished(&self) -> bool {
        self.verdict.is_none()
    }
}
