//! What this run did and was told, with the times that turn into ages.

use std::time::Duration;

use super::memory::Remembered;
use crate::protocol::{Answers, Identity, Move, Past, Question, way_back::ASK_AGAIN};

/// The moves that this run made and the answers it has.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    moves: Vec<Made>,
    answers: Answers,
    baseline_failed_at: Option<Duration>,
}

#[derive(Debug)]
struct Made {
    what: Move,
    to: Option<Identity>,
    at: Duration,
    way_back: bool,
    refused: bool,
}

impl Ledger {
    /// A move was made; every answer is older than it and is forgotten.
    pub(super) fn record(&mut self, what: Move, to: Option<Identity>, at: Duration, way_back: bool) {
        self.moves.push(Made { what, to, at, way_back, refused: false });
        self.answers = Answers { baseline_failures: self.answers.baseline_failures, ..Answers::default() };
        self.baseline_failed_at = None;
    }

    /// A move of before another process observed on.
    pub(super) fn remember(&mut self, made: Remembered) {
        let Remembered { what, to, at, way_back, sent } = made;
        self.moves.push(Made { what, to, at, way_back, refused: !sent });
    }

    /// The world refused the last move.
    pub(super) fn refused(&mut self) {
        if let Some(last) = self.moves.last_mut() {
            last.refused = true;
        }
    }

    /// A question was answered.
    pub(super) fn answer(&mut self, question: Question, yes: bool, now: Duration) {
        match question {
            Question::ConfigurationTest => self.answers.configuration_passes = Some(yes),
            Question::NewHealth => self.answers.new_answers_well = Some(yes),
            Question::BaselineProbes => {
                self.answers.baseline_holds = Some(yes);
                if !yes {
                    self.answers.baseline_failures += 1;
                    self.baseline_failed_at = Some(now);
                }
            }
        }
    }

    /// The answers that still hold at `now`.
    pub(super) fn answers(&mut self, now: Duration) -> Answers {
        if self.baseline_failed_at.is_some_and(|failed| now.saturating_sub(failed) >= ASK_AGAIN) {
            self.baseline_failed_at = None;
            self.answers.baseline_holds = None;
        }
        self.answers
    }

    /// What was done, oldest first.
    pub(super) fn past(&self, now: Duration) -> Vec<Past> {
        let past = |made: &Made| Past {
            what: made.what.clone(),
            to: made.to,
            age: now.saturating_sub(made.at),
            way_back: made.way_back,
            sent: !made.refused,
        };
        self.moves.iter().map(past).collect()
    }

    /// Somebody came or went since the observation before: baseline probes that passed prove nothing.
    pub(super) fn changed_meanwhile(&mut self, now: Duration) {
        if self.answers.baseline_holds == Some(true) {
            self.answer(Question::BaselineProbes, false, now);
        }
    }
}
