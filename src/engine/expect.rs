//! What must hold while anything waits: the guards that notice foreign hands and deaths at once; pure.

use super::Fault;
use crate::protocol::{FileId, Generation, GenerationState, Master, PathHolds, Situation};

/// What the run has brought about so far, so what must stay true until it changes it itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a guard of its own")]
pub struct Expect {
    /// Old's master lives (until QUIT is sent).
    pub old_lives: bool,
    /// USR2 was sent by this run: until then old has no second master.
    pub new_started: bool,
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
    /// What new must run, where that is known.
    pub new_runs: Option<FileId>,
    /// What the binary path names.
    pub path: PathHolds,
}

impl Default for Expect {
    fn default() -> Self {
        Self {
            old_lives: true,
            new_started: false,
            new_lives: false,
            old_accepts: true,
            old_drained: false,
            new_accepts: false,
            new_workers: None,
            new_runs: None,
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
        let pid = |state: &GenerationState| state.id.map_or(0, |id| id.pid);
        if self.old_lives && matches!(old.master, Master::Dead | Master::Leaving) {
            return Err(Fault::OldMasterGone { pid: pid(old), leaving: old.master.lives() });
        }
        if new.master.lives() && !(self.new_started && self.new_runs.is_none_or(|file| runs(new, file))) {
            return Err(Fault::ForeignMaster { pid: pid(new) });
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
        // A new that is just dying brings them back too: once it has settled or is gone, its own guard says so.
        match old.accepting().filter(|_| new.master != Master::Busy) {
            Some(accepting) if self.old_drained && accepting > 0 => Err(Fault::OldWorkersBack { accepting }),
            _ => Ok(()),
        }
    }
}

/// Whether that is what it runs, as far as it may be read.
fn runs(state: &GenerationState, file: FileId) -> bool {
    state.exe.is_none_or(|exe| exe == file)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::way_back::tests::builder::{both, untouched, worker};

    const PATH: &str = "/usr/sbin/nginx";

    /// The code of the first guard that does not hold.
    fn broken(expect: Expect, situation: &Situation) -> Option<&'static str> {
        expect.check(situation, PATH).err().map(|fault| fault.code())
    }

    fn after_usr2() -> Expect {
        Expect { new_started: true, new_lives: true, new_accepts: true, ..Expect::default() }
    }

    fn after_winch() -> (Expect, Situation) {
        let mut drained = both();
        drained.old.workers.titled.clear();
        (Expect { old_accepts: false, old_drained: true, ..after_usr2() }, drained)
    }

    #[test]
    fn what_is_as_the_run_left_it_holds() {
        assert_eq!(broken(Expect::default(), &untouched()), None);
        assert_eq!(broken(after_usr2(), &both()), None);
        let (expect, drained) = after_winch();
        assert_eq!(broken(expect, &drained), None);
    }

    #[test]
    fn the_death_of_either_master_is_named() {
        let mut situation = both();
        situation.old.master = Master::Dead;
        assert_eq!(broken(after_usr2(), &situation), Some("run/old-master-gone"));
        let mut situation = both();
        situation.new.master = Master::Dead;
        assert_eq!(broken(after_usr2(), &situation), Some("run/new-master-exited"));
        assert_eq!(broken(Expect::default(), &situation), None, "nobody waits for new yet");
    }

    #[test]
    fn a_second_master_that_this_run_has_not_started_is_named() {
        assert_eq!(broken(Expect::default(), &both()), Some("run/foreign-master"));
        let ours = FileId { dev: 1, ino: 1 };
        let runs = |exe: Option<FileId>| {
            let mut situation = both();
            situation.new.exe = exe;
            broken(Expect { new_runs: Some(ours), ..after_usr2() }, &situation)
        };
        assert_eq!((runs(Some(ours)), runs(None)), (None, None));
        assert_eq!(runs(Some(FileId { ino: 2, ..ours })), Some("run/foreign-master"));
    }

    #[test]
    fn an_old_master_that_somebody_told_to_leave_is_as_good_as_gone() {
        let mut situation = both();
        situation.old.master = Master::Leaving;
        assert_eq!(broken(after_usr2(), &situation), Some("run/old-master-gone"));
        assert_eq!(broken(Expect { old_lives: false, ..after_usr2() }, &situation), None, "QUIT was ours");
    }

    #[test]
    fn the_loss_of_all_workers_is_named_for_each_generation() {
        for generation in [Generation::Old, Generation::New] {
            let mut situation = both();
            match generation {
                Generation::Old => situation.old.workers.titled.clear(),
                Generation::New => situation.new.workers.titled.clear(),
            }
            assert_eq!(after_usr2().check(&situation, PATH), Err(Fault::WorkersGone { generation }));
        }
    }

    #[test]
    fn nothing_is_said_of_workers_before_their_master_has_settled() {
        let mut situation = both();
        situation.new.workers.titled.clear();
        situation.new.master = Master::Busy;
        assert_eq!(broken(after_usr2(), &situation), None);
    }

    #[test]
    fn old_workers_that_come_back_are_counted() {
        let (expect, mut situation) = after_winch();
        situation.old.workers.titled = [worker(7), worker(8)].into();
        assert_eq!(expect.check(&situation, PATH), Err(Fault::OldWorkersBack { accepting: 2 }));
        // Old starts them itself when new dies: what new does is waited for.
        situation.new.master = Master::Busy;
        assert_eq!(broken(expect, &situation), None);
        situation.new.master = Master::Dead;
        assert_eq!(broken(expect, &situation), Some("run/new-master-exited"));
    }

    #[test]
    fn any_other_file_at_the_path_is_named() {
        for path in [PathHolds::Ours, PathHolds::Stub, PathHolds::Foreign, PathHolds::Missing] {
            let situation = Situation { path, ..untouched() };
            assert_eq!(broken(Expect::default(), &situation), Some("run/path-changed"), "{path:?}");
        }
        let installed = Situation { path: PathHolds::Ours, ..both() };
        assert_eq!(broken(Expect { path: PathHolds::Ours, ..after_usr2() }, &installed), None);
    }
}
