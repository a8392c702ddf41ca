//! Moves: each change of the world the runner can make, and what the way back may answer.

use std::{path::PathBuf, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Generation, Signal};

/// One change of the world. QUIT, TERM and KILL are separate moves; none waits for its witness.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "move", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Move {
    /// Forward: the exec window. The staged file at the path, USR2 to old, the new master seen, the found file back.
    OpenWindow,
    /// Forward, after the commit record: the staged file stays at the path.
    Install,
    /// A signal to a master.
    Signal {
        /// What is sent.
        signal: Signal,
        /// To whose master.
        to: Generation,
    },
    /// What was found is put back at the path.
    ExchangeBack,
    /// The pid file is written to name this generation's master.
    WritePidFile {
        /// Whose master it will name.
        names: Generation,
    },
    /// The stale `.oldbin` is removed.
    UnlinkOldbin,
    /// A unix listening path is linked back from the hard link kept beside it.
    LinkUnixPath {
        /// The path that clients connect to.
        path: PathBuf,
    },
    /// An exec that must fail: an empty file at the path, USR2, settled and no child, the found file back. Old
    /// then restarts its workers from memory and loses its latches (nginx-facts 23).
    StubExec,
    /// The changeover in reverse, once old's master is gone: `file` at the path, USR2 to new, its child seen to run
    /// it. That child is old from then on.
    Reverse {
        /// What the path names meanwhile.
        file: OldFile,
    },
    /// SIGSTOP to new's master, so that it starts nobody while its children are ended.
    FreezeNew,
    /// KILL to new's children.
    KillNewWorkers,
    /// KILL to new's master, which has no living children.
    KillNewMaster,
    /// QUIT to each stray.
    QuitStrays,
    /// KILL to each stray.
    KillStrays,
}

impl Move {
    /// Whether it counts as made where nobody knows, because who was about to make it has ended.
    ///
    /// Not where making it again does no harm (QUIT, TERM, USR1, STOP, KILL, files by what they hold), not USR2 to new, whose
    /// child is seen, and not a stub exec: what it should have cured may be there still. What latches flags in old, or may
    /// have poisoned it, counts: old is flushed then, or cured, before anything is said of it.
    #[must_use]
    pub const fn counts_when_unknown(&self) -> bool {
        match self {
            Self::OpenWindow => true,
            Self::Signal { signal, to: Generation::Old } => {
                matches!(signal, Signal::Hup | Signal::Usr2 | Signal::Winch)
            }
            _ => false,
        }
    }

    /// Whose master it goes to, where it goes to a master.
    #[must_use]
    pub const fn receiver(&self) -> Option<Generation> {
        match self {
            Self::Signal { to, .. } => Some(*to),
            Self::OpenWindow | Self::StubExec => Some(Generation::Old),
            Self::Reverse { .. } | Self::FreezeNew | Self::KillNewWorkers | Self::KillNewMaster => {
                Some(Generation::New)
            }
            _ => None,
        }
    }
}

/// Where the binary that old ran lies now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OldFile {
    /// It is what was found at the path, so nothing is exchanged.
    Found,
    /// The path was found to hold another file: it is the copy that was kept beside the path, which takes the path for
    /// milliseconds.
    Kept,
}

/// What `way_back` answers: exactly one thing.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// Make this move, wait for its barrier, observe again.
    Move(Move),
    /// Find this out, put it into `Situation::answers`, ask again.
    Ask(Question),
    /// Observe again when something changes, at the latest after `bound`.
    Wait {
        /// What is waited for.
        waiting: Waiting,
        /// How much longer the rule waits before it decides otherwise.
        bound: Duration,
    },
    /// Old serves, alone, from the old binary, and the baseline probes said so.
    RolledBack,
    /// A person is needed.
    Stuck(Stuck),
}

/// Something that only the world can answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// Does the configuration test of the binary that old runs pass?
    ConfigurationTest,
    /// Six attributed probes at once: does new answer well?
    NewHealth,
    /// The baseline probes at once: does old answer as before?
    BaselineProbes,
}

/// What the way back waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Waiting {
    /// Old handles what it was told.
    OldSettles,
    /// New handles what it was told.
    NewSettles,
    /// New finishes its start: until then its signals are blocked.
    NewStarts,
    /// New leaves.
    NewLeaves,
    /// Old, which somebody told to leave, does: until then USR2 to new is ignored.
    OldLeaves,
    /// Old answers as before the run.
    OldAnswers,
    /// Old accepts again.
    OldAccepts,
    /// The strays leave.
    StraysLeave,
}

impl Waiting {
    /// What is waited for, in words.
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::OldSettles => "old handles what it was told",
            Self::NewSettles => "new handles what it was told",
            Self::NewStarts => "new finishes its start",
            Self::NewLeaves => "new leaves",
            Self::OldLeaves => "old, which somebody told to leave, is gone",
            Self::OldAnswers => "old answers as before the run",
            Self::OldAccepts => "old accepts again",
            Self::StraysLeave => "the processes left behind leave",
        }
    }
}

/// Why the way back cannot be finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Stuck {
    /// Old's master does not settle: stopped, or in an uninterruptible wait.
    OldDoesNotSettle,
    /// No master lives; strays that still serve are left alone.
    NoMaster,
    /// Old's master is gone and new cannot start it again, or may not: it stays as it is.
    OldNotStarted,
    /// Old's master is gone and new does not settle.
    OldGoneNewUnsettled,
    /// Old starts no workers.
    OldDoesNotAccept,
    /// Old's number of workers cannot be brought to the baseline.
    WrongNumber,
    /// New cannot be ended.
    NewDoesNotLeave,
    /// Strays cannot be ended.
    StraysDoNotLeave,
    /// Old serves, but not as before the run.
    BaselineLost,
    /// The same move was made again and again without progress.
    NoProgress,
}
