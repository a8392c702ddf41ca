//! What a run remembers of its masters and of its moves: with it another process observes on.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::protocol::{FileId, Generation, Identity, Move};

/// A master as a run has seen it: enough to find it, or what it has left behind, again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// Who it is.
    pub id: Identity,
    /// The file that it runs, where that could be read.
    pub exe: Option<FileId>,
    /// Where its stack begins, 0 where that is not known.
    pub start_stack: u64,
}

/// A move that was made, or begun, before.
#[derive(Clone, Debug, PartialEq)]
pub struct Remembered {
    /// Which.
    pub what: Move,
    /// The master that it went to.
    pub to: Option<Identity>,
    /// When, from the start of the run.
    pub at: Duration,
    /// Whether the way back made it.
    pub way_back: bool,
    /// Whether it counts as made.
    pub sent: bool,
}

/// What a run remembers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Memory {
    /// Its moves, oldest first.
    pub moves: Vec<Remembered>,
    /// Its masters, in the order in which they were started: the one that it found, those that this has executed, and
    /// back-masters, which are old from then on.
    pub masters: Vec<(Generation, Known)>,
}

impl Memory {
    /// The last master of a generation.
    pub(super) fn last(&self, which: Generation) -> Option<&Known> {
        self.masters.iter().rfind(|(of, _)| *of == which).map(|(_, known)| known)
    }
}
