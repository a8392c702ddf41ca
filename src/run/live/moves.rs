//! The moves on the live host: one arm each, straight through.

use std::collections::BTreeSet;

use super::{
    Live,
    binary::{Puts, refused},
};
use crate::{
    host::pidfd::{Pidfd, PidfdError},
    protocol::{Generation, Identity, Move, OldFile, Signal},
    run::{Effect, MoveError},
};

impl Live {
    /// Makes one move.
    pub(super) async fn make(&mut self, what: &Move) -> Result<Effect, MoveError> {
        match what {
            Move::OpenWindow => return self.execute(Generation::Old, Some(Puts::Staged)).await,
            Move::Signal { signal: Signal::Usr2, to: Generation::Old } => {
                return self.execute(Generation::Old, None).await;
            }
            Move::Reverse { file } => {
                let puts = (*file == OldFile::Kept).then_some(Puts::Kept);
                return self.execute(Generation::New, puts).await;
            }
            // Old reaps the child, restarts its workers from memory and loses its latches (nginx-facts 23).
            Move::StubExec => return self.execute(Generation::Old, Some(Puts::Stub)).await,
            Move::Install => self.binary.install()?,
            Move::ExchangeBack => self.binary.put_back()?,
            Move::Signal { signal, to } => send(self.master(*to)?, *signal)?,
            Move::WritePidFile { names } => self.pid_file.write(self.master(*names)?)?,
            Move::UnlinkOldbin => self.pid_file.unlink_oldbin()?,
            Move::LinkUnixPath { path } => {
                for kept in self.unix_paths.iter().filter(|kept| kept.path == *path) {
                    kept.link_back()?;
                }
            }
            Move::FreezeNew => held(self.master(Generation::New)?, Pidfd::freeze)?,
            Move::KillNewWorkers => each(&self.children_of_new(), Pidfd::kill)?,
            Move::KillNewMaster => held(self.master(Generation::New)?, Pidfd::kill)?,
            Move::QuitStrays => each(&self.strays(), |stray| stray.send(Signal::Quit))?,
            Move::KillStrays => each(&self.strays(), Pidfd::kill)?,
        }
        Ok(Effect::Made)
    }

    pub(super) fn master(&self, of: Generation) -> Result<Identity, MoveError> {
        let master = match of {
            Generation::Old => Some(self.observer.old()),
            Generation::New => self.observer.new_master(),
        };
        master.ok_or_else(|| MoveError { code: "run/no-master", text: format!("{of} has no master") })
    }

    fn children_of_new(&mut self) -> BTreeSet<Identity> {
        self.look().new.workers.all().collect()
    }

    fn strays(&mut self) -> BTreeSet<Identity> {
        let strays = self.look().strays;
        strays.old.union(&strays.new).copied().collect()
    }
}

/// A signal through a pidfd whose identity was checked after it was opened.
pub(super) fn send(to: Identity, signal: Signal) -> Result<(), MoveError> {
    held(to, |held| held.send(signal))
}

/// Does this to one process.
fn held(who: Identity, act: impl FnOnce(&Pidfd) -> Result<(), PidfdError>) -> Result<(), MoveError> {
    Pidfd::open(who).and_then(|held| act(&held)).map_err(|e| refused(e.code(), &e))
}

/// Does this to each that still lives.
fn each(who: &BTreeSet<Identity>, act: impl Fn(&Pidfd) -> Result<(), PidfdError>) -> Result<(), MoveError> {
    for id in who {
        match Pidfd::open(*id).and_then(|held| act(&held)) {
            Ok(()) | Err(PidfdError::Gone(_)) => {}
            Err(error) => return Err(refused(error.code(), &error)),
        }
    }
    Ok(())
}
