//! Situations in few words.

use std::{path::PathBuf, time::Duration};

use crate::protocol::{
    Answers, Baseline, FileId, Generation, GenerationState, Identity, Limits, Master, Move, Next, OldFile,
    Past, PathHolds, PidFile, Question, Signal, Situation, Strays, Stuck, Waiting, way_back::way_back,
};

pub(super) const OLD: Identity = Identity { pid: 100, start: 1 };
pub(super) const NEW: Identity = Identity { pid: 200, start: 2 };
/// The number of workers before the run.
pub(super) const WORKERS: usize = 2;

pub(super) const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

pub(super) const fn to_old(signal: Signal) -> Move {
    Move::Signal { signal, to: Generation::Old }
}

pub(super) const fn to_new(signal: Signal) -> Move {
    Move::Signal { signal, to: Generation::New }
}

pub(crate) fn worker(number: usize) -> Identity {
    Identity { pid: 1_000 + i32::try_from(number).unwrap(), start: 3 }
}

fn generation(id: Identity, ino: u64) -> GenerationState {
    let mut state = GenerationState {
        master: Master::Settled,
        id: Some(id),
        exe: Some(FileId { dev: 1, ino }),
        listens: true,
        ..GenerationState::absent()
    };
    state.workers.titled =
        (0..WORKERS).map(|number| worker(number + usize::try_from(ino).unwrap() * 10)).collect();
    state.stability.had_workers = true;
    state
}

/// Old serves alone, as before the run; nothing was done.
pub(crate) fn untouched() -> Situation {
    Situation {
        path: PathHolds::Found,
        old: generation(OLD, 1),
        new: GenerationState::absent(),
        reversed: false,
        pid_file: PidFile::Names(Generation::Old),
        oldbin: false,
        unix_paths_gone: Vec::<PathBuf>::new(),
        strays: Strays::default(),
        past: Vec::new(),
        answers: Answers::default(),
        baseline: Baseline {
            accepting: WORKERS,
            cache_manager: false,
            old_file: OldFile::Found,
            term_unlinks: false,
        },
        limits: Limits { quit_timeout: ms(10_000) },
    }
}

/// Both generations serve, after USR2.
pub(crate) fn both() -> Situation {
    let mut both = untouched();
    both.new = generation(NEW, 2);
    both.pid_file = PidFile::Names(Generation::New);
    both.oldbin = true;
    both.done(Move::OpenWindow, 60_000)
}

/// New serves, and nobody of old: after WINCH.
pub(super) fn after_winch() -> Situation {
    both().done(to_old(Signal::Winch), 50_000).with(|now| now.old.workers.titled.clear())
}

/// Both serve and old was flushed by the way back.
pub(super) fn flushed() -> Situation {
    both().back(to_old(Signal::Usr1), 1_000)
}

/// Old's master was killed, and new serves.
pub(super) fn killed() -> Situation {
    both().with(|now| {
        now.old = GenerationState { master: Master::Dead, id: Some(OLD), ..GenerationState::absent() };
        now.oldbin = false;
    })
}

/// The changeover in reverse.
pub(super) const REVERSE: Move = Move::Reverse { file: OldFile::Found };

/// Old was killed, and new has started the old binary: both serve again.
pub(super) fn reversed() -> Situation {
    killed().back(REVERSE, 1_000).with(|now| {
        now.old = generation(Identity { pid: 300, start: 9 }, 1);
        (now.reversed, now.oldbin) = (true, true);
        now.pid_file = PidFile::Names(Generation::Old);
    })
}

/// New is gone after the way back ended it; old has the baseline.
pub(crate) fn alone() -> Situation {
    untouched().done(Move::OpenWindow, 60_000).back(to_old(Signal::Usr1), 1_000).with(|now| {
        now.new = GenerationState { master: Master::Dead, id: Some(NEW), ..GenerationState::absent() };
    })
}

impl Situation {
    /// Something is different.
    pub(super) fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// The plan made this move, `age` milliseconds ago.
    pub(super) fn done(self, what: Move, age: u64) -> Self {
        self.made(what, age, false)
    }

    /// The way back made this move, `age` milliseconds ago.
    pub(crate) fn back(self, what: Move, age: u64) -> Self {
        self.made(what, age, true)
    }

    fn made(mut self, what: Move, age: u64, way_back: bool) -> Self {
        let old = self.old.id.unwrap_or(OLD);
        let to = what.receiver().map(|to| if to == Generation::Old { old } else { NEW });
        self.past.push(Past { what, to, age: ms(age), way_back, sent: true });
        self
    }

    /// New answers the health probes so.
    pub(super) fn new_is_well(self, well: bool) -> Self {
        self.with(|now| now.answers.new_answers_well = Some(well))
    }

    /// The found binary's `-t` says so.
    pub(super) fn test_passes(self, passes: bool) -> Self {
        self.with(|now| now.answers.configuration_passes = Some(passes))
    }

    /// Old has this number of workers.
    pub(super) fn old_workers(self, number: usize) -> Self {
        self.with(|now| now.old.workers.titled = (0..number).map(worker).collect())
    }

    #[track_caller]
    pub(super) fn moves(self, expected: Move) {
        assert_eq!(way_back(&self), Next::Move(expected));
    }

    #[track_caller]
    pub(super) fn asks(self, expected: Question) {
        assert_eq!(way_back(&self), Next::Ask(expected));
    }

    #[track_caller]
    pub(super) fn waits(self, expected: Waiting, bound: u64) {
        assert_eq!(way_back(&self), Next::Wait { waiting: expected, bound: ms(bound) });
    }

    #[track_caller]
    pub(super) fn ends_stuck(self, expected: Stuck) {
        assert_eq!(way_back(&self), Next::Stuck(expected));
    }
}
