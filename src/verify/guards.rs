//! What a run expects of its host from step to step: where it is otherwise the run notices and goes back.

use crate::protocol::{Generation, Signal, nginx::Simulated};

/// As the run's own expectations, for the model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "each is an expectation of its own")]
pub(super) struct Guards {
    /// USR2 was sent, and new's master was seen.
    pub(super) new_lives: bool,
    /// A step has seen workers of new accept.
    pub(super) new_accepts: bool,
    /// WINCH was sent to old.
    pub(super) old_is_told: bool,
    /// QUIT or TERM was sent to old.
    pub(super) old_leaves: bool,
}

impl Guards {
    /// A signal is under way, or has shown its effect.
    pub(super) const fn told(&mut self, signal: Signal, to: Generation) {
        match (signal, to) {
            (Signal::Usr2, Generation::Old) => self.new_lives = true,
            (Signal::Winch, Generation::Old) => self.old_is_told = true,
            (Signal::Hup, Generation::Old) => self.old_is_told = false,
            (Signal::Quit | Signal::Term, Generation::Old) => self.old_leaves = true,
            (Signal::Winch, Generation::New) => self.new_accepts = false,
            (Signal::Hup, Generation::New) => self.new_accepts = true,
            (Signal::Quit | Signal::Term, Generation::New) => {
                (self.new_lives, self.new_accepts) = (false, false);
            }
            _ => {}
        }
    }

    /// Whether everything is as expected.
    pub(super) fn hold(self, run: &Simulated) -> bool {
        let master = |which| run.master(which).and_then(|who| run.host.master(who));
        let accepts = |which| master(which).is_some_and(|master| master.accepting > 0);
        let lives = |which| master(which).is_some_and(|master| !master.leaves());
        (self.old_leaves || lives(Generation::Old))
            && (!self.new_lives || lives(Generation::New))
            && (!self.new_accepts || accepts(Generation::New))
            && (self.old_is_told || self.old_leaves || accepts(Generation::Old))
    }
}
