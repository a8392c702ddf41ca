//! What must hold while anything waits: the guards that notice foreign hands and deaths at once; pure.

use super::Fault;
use crate::protocol::{Generation, Master, PathHolds, Situation};

/// What the run has brought about so far, so what must stay true until it changes it itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a guard of its own")]
pub struct Expect {
    /// Old's master lives (until QUIT is sent).
    pub old_lives: bool,
    /// New's master lives (from its witness on).
    pub new_lives: bool,
    /// Workers of old accept (until WINCH).
    pub old_accepts: bool,
    /// Nobody of old accepts (from the effect of WINCH on).
    pub old_drained: bool,
    /// Workers of new accept (from the step that saw them on).
    pub new_accepts: bool,
    /// How many there should be, where that is known.
    pub new_workers: Option<usize>,
    /// What the binary path names.
    pub path: PathHolds,
}

impl Default for Expect {
    fn default() -> Self {
        Self {
            old_lives: true,
            new_lives: false,
            old_accepts: true,
            old_drained: false,
            new_accepts: false,
            new_workers: None,
            path: PathHolds::Found,
        }
    }
}

impl Expect {
    /// The first guard that does not hold in `situation`.
    ///
    /// # Errors
    /// The [`Fault`] that names it.
    pub fn check(&self, situation: &Situation, path: &str) -> Result<(), Fault> {
        let (old, new) = (&situation.old, &situation.new);
        let pid = |state: &crate::protocol::GenerationState| state.id.map_or(0, |id| id.pid);
        if self.old_lives && matches!(old.master, Master::Dead | Master::Leaving) {
            return Err(Fault::OldMasterGone { pid: pid(old), leaving: old.master.lives() });
        }
        if self.new_lives && matches!(new.master, Master::Absent | Master::Dead | Master::Leaving) {
            let (leaving, after) = (new.master.lives(), since_usr2(situation));
            return Err(Fault::NewMasterExited { pid: pid(new), leaving, after });
        }
        if situation.path != self.path {
            return Err(Fault::PathChanged { path: path.to_owned() });
        }
        if self.new_accepts && new.accepting() == Some(0) {
            return Err(Fault::WorkersGone { generation: Generation::New });
        }
        let expected = self.new_workers.unwrap_or(1);
        if self.new_accepts && new.stability.crash_loop(expected) {
            return Err(Fault::CrashLoop { crashes: new.stability.crashes, expected });
        }
        if self.old_accepts && old.accepting() == Some(0) {
            return Err(Fault::WorkersGone { generation: Generation::Old });
        }
        match old.accepting() {
            Some(accepting) if self.old_drained && accepting > 0 => Err(Fault::OldWorkersBack { accepting }),
            _ => Ok(()),
        }
    }
}

/// How long ago USR2 went to old.
fn since_usr2(situation: &Situation) -> Option<std::time::Duration> {
    use crate::protocol::{Move, Signal};
    situation
        .past
        .iter()
        .rev()
        .find(|past| {
            matches!(past.what, Move::OpenWindow | Move::Signal { signal: Signal::Usr2, to: Generation::Old })
        })
        .map(|past| past.age)
}
