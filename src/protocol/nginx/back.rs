//! The way back of a run on the model.

use std::time::Duration;

use crate::protocol::{
    Generation, Master as Does, Move, Next, Question, Signal, Situation, Stuck, Waiting,
    way_back::way_back_by_rule,
};

use super::{Configuration, Simulated};

/// No way back takes more looks than these: each attempt of it is bounded.
const MOST_LOOKS: usize = 400;

/// How a way back ended.
#[derive(Clone, Debug, PartialEq)]
pub struct WayBack {
    /// `None`: old serves as before.
    pub stuck: Option<Stuck>,
    /// The moves, in order.
    pub moves: Vec<Move>,
    /// The rule of `docs/way-back.md` that gave each of them.
    pub rules: Vec<&'static str>,
    /// There was a moment in which nobody accepted, and somebody had before.
    pub gap: bool,
    /// How long it took, by the bounds of what it waited for.
    pub took: Duration,
    /// Those of the moves that cannot just be made again, and the run before each: it can be killed inside them.
    pub killable: Vec<(Move, Simulated)>,
}

impl Simulated {
    /// Goes back, move by move, until it is over.
    pub fn goes_back(&mut self) -> WayBack {
        let began = self.now;
        let (mut moves, mut rules, mut killable, mut gap) = (Vec::new(), Vec::new(), Vec::new(), false);
        let mut stuck = Some(Stuck::NoProgress);
        for _ in 0..MOST_LOOKS {
            self.notes_who_is_unsettled();
            let (rule, next) = way_back_by_rule(&self.situation());
            match next {
                Next::Move(what) => {
                    rules.push(rule);
                    if cannot_be_repeated(&what) {
                        killable.push((what.clone(), self.clone()));
                    }
                    let accepted = self.host.accepts();
                    self.makes(&what, true);
                    moves.push(what);
                    gap |= accepted && !self.host.accepts();
                }
                Next::Ask(question) => self.answer(question),
                Next::Wait { waiting, bound } => self.waits_for(waiting, bound),
                Next::RolledBack => {
                    stuck = None;
                    break;
                }
                Next::Stuck(why) => {
                    stuck = Some(why);
                    break;
                }
            }
        }
        WayBack { stuck, moves, rules, gap, took: self.now.saturating_sub(began), killable }
    }

    /// What a run sees that looks now.
    pub fn looks(&mut self) -> Situation {
        self.notices();
        self.notes_who_is_unsettled();
        self.situation()
    }

    /// Finds out what only the world can answer.
    pub fn asks(&mut self, question: Question) -> bool {
        self.answer(question);
        let answers = self.answers;
        let answer = match question {
            Question::ConfigurationTest => answers.configuration_passes,
            Question::NewHealth => answers.new_answers_well,
            Question::BaselineProbes => answers.baseline_holds,
        };
        answer.unwrap_or_default()
    }

    /// A master that was busy takes what it was told meanwhile; whether there was one. New that the way back has frozen stays so.
    pub fn goes_on(&mut self) -> bool {
        let frozen = self.done.iter().any(|past| past.what == Move::FreezeNew);
        let waits = |which: &Generation| {
            let who = self.master(*which).filter(|_| !(frozen && *which == Generation::New))?;
            self.host.master(who).filter(|master| master.stopped).map(|_| who)
        };
        let who = [Generation::Old, Generation::New].iter().find_map(waits);
        if let Some(who) = who {
            self.host.go_on(who);
            self.notices();
        }
        who.is_some()
    }

    fn notes_who_is_unsettled(&mut self) {
        for which in [Generation::Old, Generation::New] {
            let unsettled = matches!(self.generation(which).master, Does::Leaving | Does::Stopped);
            let since = &mut self.unsettled_since[which as usize];
            *since = unsettled.then(|| since.unwrap_or(self.now));
        }
    }

    /// A stopped master that is waited for goes on: what it was told meanwhile is taken together.
    fn waits_for(&mut self, waiting: Waiting, bound: Duration) {
        let who = match waiting {
            Waiting::OldSettles => self.master(Generation::Old),
            Waiting::NewSettles => self.master(Generation::New),
            _ => None,
        };
        match who.filter(|who| self.host.master(*who).is_some_and(|master| master.stopped)) {
            Some(who) => {
                self.host.go_on(who);
                self.notices();
            }
            None => self.waits(bound),
        }
    }

    fn answer(&mut self, question: Question) {
        match question {
            Question::ConfigurationTest => {
                let passes = self.host.configuration != Configuration::Broken;
                self.answers.configuration_passes = Some(passes);
            }
            Question::NewHealth => self.answers.new_answers_well = Some(self.new_is_well),
            Question::BaselineProbes => {
                let serves = self.master(Generation::Old).and_then(|old| self.host.master(old));
                let holds = serves.is_some_and(|old| old.accepting > 0) && self.host.masters().count() == 1;
                self.answers.baseline_holds = Some(holds);
                self.answers.baseline_failures += u32::from(!holds);
            }
        }
    }
}

/// Whether it matters that a move was begun: it executes a file, or tells old what it may take in another order.
const fn cannot_be_repeated(what: &Move) -> bool {
    match what {
        Move::Reverse { .. } | Move::StubExec => true,
        Move::Signal { signal, to: Generation::Old } => matches!(signal, Signal::Hup | Signal::Winch),
        _ => false,
    }
}
