//! What is observed now: both generations, the binary path, the pid files, strays, and what was done so far.

use std::{collections::BTreeSet, path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

use super::{FileId, Generation, Identity, Move, OldFile, SignalSet, Stability};

/// Everything that the next move depends on. Plain data: times are ages, so that the rules need no clock.
#[derive(Clone, Debug, PartialEq)]
pub struct Situation {
    /// What the binary path names.
    pub path: PathHolds,
    /// The generation that served when the run began, or (rule 2a) the one that runs the file as found now.
    pub old: GenerationState,
    /// The generation that runs the staged file.
    pub new: GenerationState,
    /// `old` is a back-master: a child of `new`, started by USR2 to it (a reversed pair), as long as `new` lives.
    pub reversed: bool,
    /// Whom the pid file names.
    pub pid_file: PidFile,
    /// Whether `PIDFILE.oldbin` exists.
    pub oldbin: bool,
    /// Unix listening paths of the baseline that are gone or are no longer the baseline's socket.
    pub unix_paths_gone: Vec<PathBuf>,
    /// Living processes whose master is gone.
    pub strays: Strays,
    /// What this run has done, oldest first.
    pub past: Vec<Past>,
    /// Answers to the questions asked since the last move.
    pub answers: Answers,
    /// What was true before anything was touched.
    pub baseline: Baseline,
    /// The bounds of the plan.
    pub limits: Limits,
}

/// What the binary path names, by inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathHolds {
    /// What was found there when the run began.
    Found,
    /// The file that this run staged.
    Ours,
    /// The empty file of the stub exec.
    Stub,
    /// Something else: never touched.
    Foreign,
    /// Nothing.
    Missing,
}

impl PathHolds {
    /// A file of this run, which is there for milliseconds until the commit.
    #[must_use]
    pub const fn is_ours(self) -> bool {
        matches!(self, Self::Ours | Self::Stub)
    }
}

/// One generation as it is now.
#[derive(Clone, Debug, PartialEq)]
pub struct GenerationState {
    /// What its master does.
    pub master: Master,
    /// Who its master is; kept when it has died.
    pub id: Option<Identity>,
    /// The file that the master runs.
    pub exe: Option<FileId>,
    /// How long the master has been neither settled nor dead, zero otherwise.
    pub unsettled_for: Duration,
    /// Signals sent to the master that it has not taken yet.
    pub pending: SignalSet,
    /// The master's voluntary context switches: they grow when it handles a signal.
    pub switches: u64,
    /// Whether the master holds a listening socket.
    pub listens: bool,
    /// Its `ngx_new_binary` may be -1 (nginx-facts 2): it would add workers at every HUP.
    pub poison_suspected: bool,
    /// Its living children, apart from the other generation's master.
    pub workers: Workers,
    /// How its workers have fared since it was first seen.
    pub stability: Stability,
}

/// What a master does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Master {
    /// There has been none.
    Absent,
    /// It has no master title or no signal handlers yet.
    Starting,
    /// Quiet, and its workers have read what it told them.
    Settled,
    /// It handles something, or its workers do not yet have.
    Busy,
    /// State `T`: it will not handle anything until it is continued.
    Stopped,
    /// It was told QUIT or TERM by this run, or is quiet and holds no listening socket.
    Leaving,
    /// It has exited or is a zombie.
    Dead,
}

/// The living children of one master.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Workers {
    /// Titled exactly as a worker. They count as accepting once the generation is settled.
    pub titled: BTreeSet<Identity>,
    /// Titled as shutting down.
    pub draining: BTreeSet<Identity>,
    /// Cache manager and loader.
    pub cache: BTreeSet<Identity>,
    /// Forked, without a title of their own yet.
    pub untitled: BTreeSet<Identity>,
}

/// Whom the pid file names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PidFile {
    /// The master of a generation.
    Names(Generation),
    /// Another process.
    Foreign(i32),
    /// There is a file without a usable pid in it.
    Unreadable,
    /// There is no file.
    Missing,
}

/// Living worker, cache and untitled processes whose master is gone, by the file they run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Strays {
    /// Those of an old master.
    pub old: BTreeSet<Identity>,
    /// Those of a new master.
    pub new: BTreeSet<Identity>,
    /// Those of them that have the title of a worker: they accept.
    pub titled: BTreeSet<Identity>,
}

/// One move that this run made.
#[derive(Clone, Debug, PartialEq)]
pub struct Past {
    /// The move.
    pub what: Move,
    /// The master that it went to, for a signal.
    pub to: Option<Identity>,
    /// How long ago it was.
    pub age: Duration,
    /// Whether the way back made it.
    pub way_back: bool,
    /// The world did not refuse it.
    pub sent: bool,
}

/// Answers to the questions of [`super::Next::Ask`]; `None` until asked, and again after every move.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// The configuration test of the binary that old runs passes.
    pub configuration_passes: Option<bool>,
    /// Of 6 attributed probes at once none that new answered failed (or, when old accepts none, none at all).
    pub new_answers_well: Option<bool>,
    /// The baseline probes, at once, all passed, answered by old, and nothing changed meanwhile. A failure is
    /// asked again after [`super::way_back::ASK_AGAIN`].
    pub baseline_holds: Option<bool>,
    /// How often the baseline probes failed in this run; not forgotten after a move.
    pub baseline_failures: u32,
}

/// What was true before anything was touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    /// The number of accepting workers.
    pub accepting: usize,
    /// Whether a cache manager ran.
    pub cache_manager: bool,
    /// Where the binary that old runs lies, for a changeover in reverse.
    pub old_file: OldFile,
    /// A TERM to new removes old's unix sockets (new before 1.19.1 with unix listeners, nginx-facts 27).
    pub term_unlinks: bool,
}

/// The plan's bounds on the way back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// `[rollback] quit-timeout`: how long new may take to leave after QUIT.
    pub quit_timeout: Duration,
}

impl Master {
    /// What it does, for sentences: `old's master is …`.
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Absent => "not there yet",
            Self::Starting => "starting",
            Self::Settled => "quiet",
            Self::Busy => "busy",
            Self::Stopped => "stopped",
            Self::Leaving => "leaving",
            Self::Dead => "gone",
        }
    }

    /// Whether there is a living process.
    #[must_use]
    pub const fn lives(self) -> bool {
        !matches!(self, Self::Absent | Self::Dead)
    }
}

impl GenerationState {
    /// A generation that has not been started.
    #[must_use]
    pub fn absent() -> Self {
        Self {
            master: Master::Absent,
            id: None,
            exe: None,
            unsettled_for: Duration::ZERO,
            pending: SignalSet::default(),
            switches: 0,
            listens: false,
            poison_suspected: false,
            workers: Workers::default(),
            stability: Stability::default(),
        }
    }

    /// How many workers accept; `None` while the generation is not settled, so nobody can tell.
    #[must_use]
    pub fn accepting(&self) -> Option<usize> {
        (self.master == Master::Settled).then_some(self.workers.titled.len())
    }
}

impl Situation {
    /// One of the two generations.
    #[must_use]
    pub fn generation(&self, which: Generation) -> &GenerationState {
        match which {
            Generation::Old => &self.old,
            Generation::New => &self.new,
        }
    }

    /// Whether the same processes are in the same states, at the same files: no clock and no count is compared.
    #[must_use]
    pub fn same_processes(&self, other: &Self) -> bool {
        let same = |one: &GenerationState, two: &GenerationState| {
            (one.master, one.id, &one.workers) == (two.master, two.id, &two.workers)
        };
        same(&self.old, &other.old)
            && same(&self.new, &other.new)
            && self.strays == other.strays
            && (self.path, self.pid_file, self.oldbin) == (other.path, other.pid_file, other.oldbin)
    }
}
