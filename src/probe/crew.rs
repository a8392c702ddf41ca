//! Who may answer: the workers of both generations.

use crate::{plan::steps::Answerer, protocol::Generation};

/// The worker pids of each generation, draining ones too: they may have accepted a moment ago.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Crew {
    /// The old generation's workers.
    pub old: Vec<i32>,
    /// The new generation's workers.
    pub new: Vec<i32>,
}

impl Crew {
    /// Everybody.
    pub(super) fn pids(&self) -> impl Iterator<Item = i32> {
        self.old.iter().chain(&self.new).copied()
    }

    /// The generation that a worker belongs to.
    pub(super) fn generation_of(&self, pid: i32) -> Option<Generation> {
        let is_in = |pids: &[i32]| pids.contains(&pid);
        match (is_in(&self.old), is_in(&self.new)) {
            (_, true) => Some(Generation::New),
            (true, _) => Some(Generation::Old),
            (false, false) => None,
        }
    }

    /// How many workers may take a connection that is meant for the wanted generation.
    pub(super) fn others(&self, wanted: Generation) -> usize {
        match wanted {
            Generation::Old => self.new.len(),
            Generation::New => self.old.len(),
        }
    }
}

/// The generation that is wanted, when one is.
pub(super) const fn wanted_generation(wanted: Answerer) -> Option<Generation> {
    match wanted {
        Answerer::Old => Some(Generation::Old),
        Answerer::New => Some(Generation::New),
        Answerer::Any => None,
    }
}
