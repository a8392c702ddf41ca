//! A run on the model: what each of its moves does to the host, and who is old and who new then.

use std::time::Duration;

use crate::protocol::{Answers, Generation, Identity, Move, Past, PathHolds, Signal};

use super::{Executes, Host, Names, NewBinary, Who};

/// A host, and what a run has done to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Simulated {
    /// The host.
    pub host: Host,
    /// What new answers to a probe is good.
    pub new_is_well: bool,
    /// New takes neither QUIT nor TERM.
    pub new_resists: bool,
    /// `[rollback] quit-timeout`.
    pub quit_timeout: Duration,
    /// What the file that was found does when it is executed, and the staged one.
    found: Executes,
    pub(super) staged: Executes,
    /// Which master is old and which new, also of those that are gone: its place and its number.
    pub(super) old: (Who, u8),
    pub(super) new: Option<(Who, u8)>,
    pub(super) reversed: bool,
    pub(super) path: PathHolds,
    /// What was done, and when.
    pub(super) done: Vec<(Past, Duration)>,
    /// Since when old or new is stopped, or told to leave.
    pub(super) unsettled_since: [Option<Duration>; 2],
    pub(super) answers: Answers,
    pub(super) now: Duration,
}

impl Simulated {
    /// A run that has done nothing yet, on a host where old serves and the path leads to what was found. `staged` is what
    /// the new file does when it is executed.
    #[must_use]
    pub const fn on(host: Host, staged: Executes) -> Self {
        Self {
            host,
            new_is_well: true,
            new_resists: false,
            quit_timeout: Duration::from_secs(10),
            found: host.path,
            staged,
            old: (Who::Old, 0),
            new: None,
            reversed: false,
            path: PathHolds::Found,
            done: Vec::new(),
            unsettled_since: [None; 2],
            answers: Answers {
                configuration_passes: None,
                new_answers_well: None,
                baseline_holds: None,
                baseline_failures: 0,
            },
            now: Duration::ZERO,
        }
    }

    /// The master of a generation in the model, where it lives.
    #[must_use]
    pub fn master(&self, which: Generation) -> Option<Who> {
        let (who, number) = self.known(which)?;
        self.host.master(who).filter(|master| master.number == number).map(|_| who)
    }

    pub(super) const fn known(&self, which: Generation) -> Option<(Who, u8)> {
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
        let new = self.master(Generation::New);
        match what {
            Move::OpenWindow => self.executes(PathHolds::Ours),
            Move::Install => self.puts(PathHolds::Ours),
            Move::Signal { signal, to } => self.tells(*signal, *to),
            Move::ExchangeBack => self.puts(PathHolds::Found),
            Move::WritePidFile { names } => {
                self.host.pid_file = self.known(*names).map(|(who, _)| Names::Master(who));
            }
            Move::UnlinkOldbin => self.host.oldbin = None,
            Move::LinkUnixPath { .. } => self.host.unix_path = true,
            Move::StubExec => self.executes(PathHolds::Stub),
            Move::Reverse { .. } => self.tells(Signal::Usr2, Generation::New),
            Move::FreezeNew => new.into_iter().for_each(|who| self.host.stop(who)),
            Move::KillNewWorkers => new.into_iter().for_each(|who| self.host.workers_are_killed(who)),
            Move::KillNewMaster => new.into_iter().for_each(|who| self.host.kill(who)),
            Move::QuitStrays if !self.host.idle => {}
            Move::QuitStrays | Move::KillStrays => self.host.strays = [0; 3],
        }
        self.notices();
    }

    fn tells(&mut self, signal: Signal, to: Generation) {
        let ends = matches!(signal, Signal::Quit | Signal::Term);
        let resists = to == Generation::New && self.new_resists && ends;
        if let Some(who) = self.master(to).filter(|_| !resists) {
            self.host.tell(who, signal);
        }
    }

    /// USR2 to old, with this at the path meanwhile. An old that is stopped takes it later, with what is there then.
    fn executes(&mut self, holds: PathHolds) {
        self.puts(holds);
        self.tells(Signal::Usr2, Generation::Old);
        self.puts(PathHolds::Found);
    }

    /// Lays this at the path.
    fn puts(&mut self, holds: PathHolds) {
        self.path = holds;
        self.host.path = match holds {
            PathHolds::Found => self.found,
            PathHolds::Ours => self.staged,
            PathHolds::Stub | PathHolds::Foreign | PathHolds::Missing => Executes::Nothing,
        };
    }

    /// Whoever was executed since the last look is known from now on: a child of old is new, and where old is gone the child
    /// of new that runs what old ran is old (rule 2a of `docs/way-back.md`).
    pub fn notices(&mut self) {
        match self.master(Generation::Old) {
            Some(old) if !self.reversed => self.new = self.child_of(old).or(self.new),
            Some(_) => {}
            None => {
                let new = self.master(Generation::New);
                if let Some(back) = new.and_then(|new| self.child_of(new)).filter(|it| self.runs_olds(*it)) {
                    (self.old, self.reversed) = (back, true);
                }
            }
        }
    }

    fn child_of(&self, who: Who) -> Option<(Who, u8)> {
        let NewBinary::Lives(child) = self.host.master(who)?.new_binary else { return None };
        self.host.master(child).map(|master| (child, master.number))
    }

    fn runs_olds(&self, (who, _): (Who, u8)) -> bool {
        self.host.master(who).is_some_and(|master| master.binary.of == Generation::Old)
    }
}

pub(super) const fn identity((who, number): (Who, u8)) -> Identity {
    Identity { pid: 100 + who as i32, start: number as u64 }
}
