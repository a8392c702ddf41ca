//! A run on the model: what it sees of the host, and what each of its moves does there.

use std::{collections::BTreeSet, path::PathBuf, time::Duration};

use crate::protocol::{
    Answers, Baseline, FileId, Generation, GenerationState, Identity, Limits, Master as Does, Move, Next,
    OldFile, Past, PathHolds, PidFile, Question, Signal, Situation, Stability, Strays, Stuck, Workers,
    poison_suspected, told_to_leave, way_back::way_back,
};

use super::{Executes, Host, Master, Names, NewBinary, Who};

/// No way back takes more looks than these: each attempt of it is bounded.
const MOST_LOOKS: usize = 400;

/// A host, and what a run has done to it.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Simulated {
    /// The host.
    pub host: Host,
    /// What new answers to a probe is good.
    pub new_is_well: bool,
    /// New takes neither QUIT nor TERM.
    pub new_resists: bool,
    /// `[rollback] quit-timeout`.
    pub quit_timeout: Duration,
    /// What the file that was found does when it is executed.
    found: Executes,
    /// Which master is old and which new, also of those that are gone, and when each was started.
    old: (Who, u64),
    new: Option<(Who, u64)>,
    reversed: bool,
    /// New's master is stopped.
    frozen: bool,
    path: PathHolds,
    /// What was done, and when.
    done: Vec<(Past, Duration)>,
    /// Since when old or new is told to leave.
    leaves_since: [Option<Duration>; 2],
    answers: Answers,
    now: Duration,
    started: u64,
}

/// How a way back ended.
#[derive(Clone, Debug, PartialEq)]
pub struct WayBack {
    /// `None`: old serves as before.
    pub stuck: Option<Stuck>,
    /// The moves, in order.
    pub moves: Vec<Move>,
    /// There was a moment in which nobody accepted, and somebody had before.
    pub gap: bool,
    /// How long it took, by the bounds of what it waited for.
    pub took: Duration,
}

impl Simulated {
    /// A run that has done nothing yet, on a host where old serves and the path leads to `found`. `host.path` is what the
    /// new file does when it is executed.
    #[must_use]
    pub const fn on(host: Host, found: Executes) -> Self {
        Self {
            host,
            new_is_well: true,
            new_resists: false,
            quit_timeout: Duration::from_secs(10),
            found,
            old: (Who::Old, 0),
            new: None,
            reversed: false,
            frozen: false,
            path: PathHolds::Found,
            done: Vec::new(),
            leaves_since: [None; 2],
            answers: Answers {
                configuration_passes: None,
                new_answers_well: None,
                baseline_holds: None,
                baseline_failures: 0,
            },
            now: Duration::ZERO,
            started: 0,
        }
    }

    /// The master of a generation in the model, where it lives.
    #[must_use]
    pub fn master(&self, which: Generation) -> Option<Who> {
        self.known(which).map(|(who, _)| who).filter(|who| self.host.master(*who).is_some())
    }

    const fn known(&self, which: Generation) -> Option<(Who, u64)> {
        match which {
            Generation::Old => Some(self.old),
            Generation::New => self.new,
        }
    }

    /// Time passes.
    pub fn waits(&mut self, time: Duration) {
        self.now = self.now.saturating_add(time);
    }

    /// The run makes a move.
    pub fn makes(&mut self, what: &Move, way_back: bool) {
        let to = what.receiver().and_then(|to| self.known(to)).map(identity);
        let past = Past { what: what.clone(), to, age: Duration::ZERO, way_back, sent: true };
        self.done.push((past, self.now));
        let answers = Answers { baseline_failures: self.answers.baseline_failures, ..Answers::default() };
        self.answers = answers;
        let (old, new) = (self.master(Generation::Old), self.master(Generation::New));
        match what {
            Move::OpenWindow | Move::Signal { signal: Signal::Usr2, to: Generation::Old } => {
                self.executes(old, self.host.path);
            }
            Move::Install => self.path = PathHolds::Ours,
            Move::Signal { signal, to } => {
                if let Some(who) = self.master(*to).filter(|_| self.hears(*signal, *to)) {
                    self.host.tell(who, &[*signal]);
                }
            }
            Move::ExchangeBack => self.path = PathHolds::Found,
            Move::WritePidFile { names } => {
                self.host.pid_file = self.known(*names).map(|(who, _)| Names::Master(who));
            }
            Move::UnlinkOldbin => self.host.oldbin = None,
            Move::LinkUnixPath { .. } => self.host.unix_path = true,
            Move::StubExec => self.executes(old, Executes::Nothing),
            Move::Reverse { .. } => self.executes_back(new),
            Move::FreezeNew => self.frozen = new.is_some(),
            Move::KillNewWorkers => new.into_iter().for_each(|who| self.host.workers_are_killed(who)),
            Move::KillNewMaster => new.into_iter().for_each(|who| self.host.kill(who)),
            Move::QuitStrays if !self.host.idle => {}
            Move::QuitStrays | Move::KillStrays => self.host.strays = [0; 3],
        }
    }

    fn hears(&self, signal: Signal, to: Generation) -> bool {
        let ends = matches!(signal, Signal::Quit | Signal::Term);
        to == Generation::Old || !(self.frozen || (self.new_resists && ends))
    }

    /// USR2 to a master, with this at the path meanwhile.
    fn executes(&mut self, by: Option<Who>, path: Executes) {
        let Some(by) = by else { return };
        let child = self.child_of(by, path);
        if let Some(child) = child {
            self.started += 1;
            self.new = Some((child, self.started));
        }
    }

    /// New starts the old binary: its child is old from then on.
    fn executes_back(&mut self, by: Option<Who>) {
        let Some(by) = by else { return };
        if let Some(child) = self.child_of(by, self.found) {
            self.started += 1;
            self.old = (child, self.started);
            self.reversed = true;
        }
    }

    fn child_of(&mut self, by: Who, path: Executes) -> Option<Who> {
        let before = std::mem::replace(&mut self.host.path, path);
        let known: Vec<Who> = self.host.masters().map(|(who, _)| who).collect();
        self.host.tell(by, &[Signal::Usr2]);
        self.host.path = before;
        self.host.masters().map(|(who, _)| who).find(|who| !known.contains(who))
    }

    /// What the run sees now.
    #[must_use]
    pub fn situation(&self) -> Situation {
        let strays = self.host.strays.iter().zip(Who::ALL).filter(|(sets, _)| **sets > 0);
        let mut left = Strays::default();
        for (sets, who) in strays {
            let workers = workers(who, *sets, 5);
            let of_new = self.new.is_some_and(|(new, _)| new == who);
            left.titled.extend(&workers);
            if of_new { left.new.extend(workers) } else { left.old.extend(workers) }
        }
        Situation {
            path: self.path,
            old: self.generation(Generation::Old),
            new: self.generation(Generation::New),
            reversed: self.reversed,
            pid_file: self.pid_file(),
            oldbin: self.host.oldbin.is_some(),
            unix_paths_gone: if self.host.unix_path { Vec::new() } else { vec![PathBuf::from("/run/unix")] },
            strays: left,
            past: self.past(),
            answers: self.answers,
            baseline: self.baseline(),
            limits: Limits { quit_timeout: self.quit_timeout },
        }
    }

    fn baseline(&self) -> Baseline {
        let at_term = Executes::Master(super::Unlinking::AtTerm);
        Baseline {
            accepting: 1,
            cache_manager: false,
            old_file: OldFile::Found,
            term_unlinks: self.host.path == at_term,
        }
    }

    fn past(&self) -> Vec<Past> {
        let aged = |(past, at): &(Past, Duration)| Past { age: self.now.saturating_sub(*at), ..past.clone() };
        self.done.iter().map(aged).collect()
    }

    fn pid_file(&self) -> PidFile {
        let is = |which: Generation, who: Who| self.known(which).is_some_and(|(known, _)| known == who);
        match self.host.pid_file {
            None => PidFile::Missing,
            Some(Names::Master(who)) if is(Generation::Old, who) => PidFile::Names(Generation::Old),
            Some(Names::Master(who)) if is(Generation::New, who) => PidFile::Names(Generation::New),
            Some(_) => PidFile::Foreign(1),
        }
    }

    fn generation(&self, which: Generation) -> GenerationState {
        let Some((who, start)) = self.known(which) else { return GenerationState::absent() };
        let id = identity((who, start));
        let Some(master) = self.host.master(who) else {
            return GenerationState { master: Does::Dead, id: Some(id), ..GenerationState::absent() };
        };
        let past = self.past();
        let mut stability = Stability::default();
        stability.had_workers = true;
        let leaves = self.leaves_since[which as usize];
        GenerationState {
            master: self.does(which, master, told_to_leave(&past, id)),
            id: Some(id),
            exe: Some(FileId { dev: 1, ino: u64::from(which == Generation::New) }),
            unsettled_for: leaves.map_or(Duration::ZERO, |since| self.now.saturating_sub(since)),
            // Every signal and every child that goes make it run.
            switches: u64::try_from(past.len()).unwrap_or(u64::MAX),
            listens: master.listens,
            poison_suspected: which == Generation::Old && poison_suspected(&past, id, self.new.is_some()),
            workers: Workers {
                titled: workers(who, master.accepting, 0),
                draining: workers(who, master.draining, 20),
                ..Workers::default()
            },
            stability,
            ..GenerationState::absent()
        }
    }

    fn does(&self, which: Generation, master: &Master, told: bool) -> Does {
        match which {
            Generation::New if self.frozen => Does::Stopped,
            _ if told || master.leaves() || !master.listens => Does::Leaving,
            _ => Does::Settled,
        }
    }

    /// Goes back, move by move, until it is over.
    pub fn goes_back(&mut self) -> WayBack {
        let (began, accepted) = (self.now, self.host.accepts());
        let (mut moves, mut gap, mut stuck) = (Vec::new(), false, Some(Stuck::NoProgress));
        for _ in 0..MOST_LOOKS {
            self.notes_who_leaves();
            match way_back(&self.situation()) {
                Next::Move(what) => {
                    self.makes(&what, true);
                    moves.push(what);
                    gap |= accepted && !self.host.accepts();
                }
                Next::Ask(question) => self.answer(question),
                Next::Wait { bound, .. } => self.waits(bound),
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
        WayBack { stuck, moves, gap, took: self.now.saturating_sub(began) }
    }

    fn notes_who_leaves(&mut self) {
        for which in [Generation::Old, Generation::New] {
            let leaves = self.generation(which).master == Does::Leaving;
            let since = &mut self.leaves_since[which as usize];
            *since = leaves.then(|| since.unwrap_or(self.now));
        }
    }

    fn answer(&mut self, question: Question) {
        match question {
            Question::ConfigurationTest => self.answers.configuration_passes = Some(self.host.configured),
            Question::NewHealth => self.answers.new_answers_well = Some(self.new_is_well),
            Question::BaselineProbes => {
                let serves = self.master(Generation::Old).and_then(|old| self.host.master(old));
                let holds = serves.is_some_and(|old| old.accepting > 0) && self.host.masters().count() == 1;
                self.answers.baseline_holds = Some(holds);
                self.answers.baseline_failures += u32::from(!holds);
            }
        }
    }

    /// Old serves alone as before the run: its number of workers, its files, and nothing that shows later.
    #[must_use]
    pub fn is_as_before(&self) -> bool {
        let Some(old) = self.master(Generation::Old) else { return false };
        let Some(master) = self.host.master(old) else { return false };
        let alone = self.host.masters().count() == 1 && self.host.strays == [0; 3];
        let files = self.host.pid_file == Some(Names::Master(old)) && self.host.oldbin.is_none();
        let healthy = master.accepting == 1 && master.new_binary == NewBinary::None && master.listens;
        alone && files && healthy && master.flags.is_empty() && self.path == PathHolds::Found
    }
}

const fn identity((who, start): (Who, u64)) -> Identity {
    Identity { pid: 100 + who as i32, start }
}

fn workers(of: Who, sets: u8, from: i32) -> BTreeSet<Identity> {
    let first = 1_000 + 100 * (of as i32) + from;
    (0..i32::from(sets)).map(|set| Identity { pid: first + set, start: 1 }).collect()
}
