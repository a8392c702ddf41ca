//! A run on the model: what each of its moves does to the host, and who is old and who new then.

use std::time::Duration;

use crate::protocol::{Answers, Generation, Identity, Move, OldFile, Past, PathHolds, Signal};

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
    /// What the file that old runs does when it is executed, the one that was found at the path, and a staged one.
    pub(super) runs: Executes,
    pub(super) found: Executes,
    staged: Option<Executes>,
    /// Which master is old and which new, also of those that are gone: its place and its number.
    pub(super) old: (Who, u8),
    pub(super) new: Option<(Who, u8)>,
    pub(super) reversed: bool,
    pub(super) path: PathHolds,
    /// What was done; as its age the time at which it was.
    pub(super) done: Vec<Past>,
    /// Since when old or new is stopped, or told to leave.
    pub(super) unsettled_since: [Option<Duration>; 2],
    pub(super) answers: Answers,
    pub(super) now: Duration,
}

impl Simulated {
    /// A run that has done nothing yet, on a host where old serves and the path leads to what was found. `staged` is what
    /// the new file does when it is executed; without one new runs what was found.
    #[must_use]
    pub fn on(host: Host, staged: Option<Executes>) -> Self {
        let runs = host.master(Who::Old).map_or(Executes::Nothing, |old| Executes::Master(old.binary));
        Self {
            host,
            new_is_well: true,
            new_resists: false,
            quit_timeout: Duration::from_secs(10),
            runs,
            found: host.path,
            staged,
            old: (Who::Old, 0),
            new: None,
            reversed: false,
            path: PathHolds::Found,
            done: Vec::new(),
            unsettled_since: [None; 2],
            answers: Answers::default(),
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

    /// Who the master of a generation is, dead or alive.
    #[must_use]
    pub fn identity(&self, which: Generation) -> Option<Identity> {
        self.known(which).map(identity)
    }

    /// The same host for another process, which goes on: it knows what was written down of the moves and of the masters, and
    /// looks for the rest. The age of each is the time at which it was made.
    #[must_use]
    pub fn taken_over(&self, masters: &[(Generation, Identity)], done: Vec<Past>) -> Self {
        let last = |which| masters.iter().rfind(|(of, _)| *of == which).and_then(|(_, id)| known_by(*id));
        let first = (Who::Old, 0);
        let old = last(Generation::Old).unwrap_or(first);
        let mut run = Self {
            old,
            new: last(Generation::New),
            reversed: old != first,
            done,
            unsettled_since: [None; 2],
            answers: Answers::default(),
            ..self.clone()
        };
        if let (None, None, Some(Names::Master(who))) =
            (run.new, run.master(Generation::Old), run.host.pid_file)
        {
            // A second master of which nobody has noted that it was started, and whose parent is gone too.
            let runs =
                |who: &Who| run.host.master(*who).is_some_and(|it| Executes::Master(it.binary) == run.news());
            run.new = Some(who).filter(runs).and_then(|who| Some((who, run.host.master(who)?.number)));
        }
        run.notices();
        run
    }

    /// Time passes.
    pub fn waits(&mut self, time: Duration) {
        self.now = self.now.saturating_add(time);
    }

    /// The run makes a move.
    pub fn makes(&mut self, what: &Move, way_back: bool) {
        self.intends(what, way_back);
        let new = self.master(Generation::New);
        match what {
            Move::OpenWindow => self.executes(Generation::Old, PathHolds::Ours),
            Move::Install => self.puts(PathHolds::Ours),
            Move::Signal { signal, to } => self.tells(*signal, *to),
            Move::ExchangeBack => self.puts(PathHolds::Found),
            Move::WritePidFile { names } => {
                self.host.pid_file = self.known(*names).map(|(who, _)| Names::Master(who));
            }
            Move::UnlinkOldbin => self.host.oldbin = None,
            Move::LinkUnixPath { .. } => self.host.unix_path = true,
            Move::StubExec => self.executes(Generation::Old, PathHolds::Stub),
            Move::Reverse { file: OldFile::Found } => self.tells(Signal::Usr2, Generation::New),
            Move::Reverse { file: OldFile::Kept } => self.executes(Generation::New, PathHolds::Ours),
            Move::FreezeNew => new.into_iter().for_each(|who| self.host.stop(who)),
            Move::KillNewWorkers => new.into_iter().for_each(|who| self.host.workers_are_killed(who)),
            Move::KillNewMaster => new.into_iter().for_each(|who| self.host.kill(who)),
            Move::QuitStrays if !self.host.idle => {}
            Move::QuitStrays | Move::KillStrays => self.host.strays = [0; 3],
        }
        self.notices();
    }

    /// Every move that was made, in order.
    pub fn made(&self) -> impl Iterator<Item = &Move> {
        self.done.iter().map(|past| &past.what)
    }

    /// A move is written down before it is made: whoever takes a run over that was killed meanwhile knows of it.
    pub(super) fn intends(&mut self, what: &Move, way_back: bool) {
        let to = what.receiver().and_then(|to| self.known(to)).map(identity);
        self.done.push(Past { what: what.clone(), to, age: self.now, way_back, sent: true });
        let answers = Answers { baseline_failures: self.answers.baseline_failures, ..Answers::default() };
        self.answers = answers;
    }

    pub(super) fn tells(&mut self, signal: Signal, to: Generation) {
        let ends = matches!(signal, Signal::Quit | Signal::Term);
        let resists = to == Generation::New && self.new_resists && ends;
        if let Some(who) = self.master(to).filter(|_| !resists) {
            self.host.tell(who, signal);
        }
    }

    /// USR2 to a master, with this at the path meanwhile. One that is stopped takes it later, with what is there then.
    fn executes(&mut self, by: Generation, holds: PathHolds) {
        self.puts(holds);
        self.tells(Signal::Usr2, by);
        self.puts(PathHolds::Found);
    }

    /// Lays this at the path. Where nothing is staged, what this run lays there is the copy of what old runs.
    pub(super) fn puts(&mut self, holds: PathHolds) {
        self.path = holds;
        self.host.path = match holds {
            PathHolds::Found => self.found,
            PathHolds::Ours => self.staged.unwrap_or(self.runs),
            PathHolds::Stub | PathHolds::Foreign | PathHolds::Missing => Executes::Nothing,
        };
    }

    /// Whether new runs a file of this run, which takes the path for milliseconds at USR2 and for good at commit.
    #[must_use]
    pub const fn stages(&self) -> bool {
        self.staged.is_some()
    }

    /// Where the binary that old runs lies.
    pub(super) fn old_file(&self) -> OldFile {
        if self.found == self.runs { OldFile::Found } else { OldFile::Kept }
    }

    /// What new runs does when it is executed.
    pub(super) fn news(&self) -> Executes {
        self.staged.unwrap_or(self.found)
    }

    /// Whoever was executed since the last look is known from now on: a child of old is new, and where old is gone the child
    /// of new that runs what old ran is old (rule 2a of `docs/way-back.md`).
    pub fn notices(&mut self) {
        let (old, new) = (self.master(Generation::Old), self.master(Generation::New));
        self.reversed &= new.is_some();
        if let Some(old) = old {
            if !self.reversed {
                self.new = self.child_of(old).or(self.new);
            }
        } else if let Some(back) = new.and_then(|new| self.child_of(new)).filter(|it| self.runs_olds(*it)) {
            (self.old, self.reversed) = (back, true);
        }
    }

    fn child_of(&self, who: Who) -> Option<(Who, u8)> {
        let NewBinary::Lives(child) = self.host.master(who)?.new_binary else { return None };
        self.host.master(child).map(|master| (child, master.number))
    }

    fn runs_olds(&self, (who, _): (Who, u8)) -> bool {
        self.host.master(who).is_some_and(|master| Executes::Master(master.binary) == self.runs)
    }
}

pub(super) const fn identity((who, number): (Who, u8)) -> Identity {
    Identity { pid: 100 + who as i32, start: number as u64 }
}

fn known_by(id: Identity) -> Option<(Who, u8)> {
    let who = Who::ALL.into_iter().find(|who| 100 + *who as i32 == id.pid)?;
    Some((who, u8::try_from(id.start).ok()?))
}
