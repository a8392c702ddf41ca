//! `signal` USR2 to old: the pid file right, the exec window, and new's master seen to start.

use std::time::Duration;

use crate::{
    engine::{Event, Fault, NewFile},
    protocol::{Generation, Master, Move, PidFile, Signal},
    run::{Effect, Run, World, until::Looked},
};

impl<W: World> Run<'_, W> {
    /// USR2 to old: through the exec window when a file is staged.
    pub(super) async fn usr2(&mut self, pid_file: PidFile, timeout: Duration) -> Result<String, Fault> {
        if pid_file != PidFile::Names(Generation::Old) {
            // USR2 with a wrong pid file poisons the master (nginx-facts 2).
            self.perform(Move::WritePidFile { names: Generation::Old }, false).await?;
        }
        self.execute_new().await?;
        self.expect.new_lives = true;
        let patience = self.patience("new's master to start", timeout);
        let pid = self
            .until(
                patience,
                |situation, _| match situation.new.master {
                    Master::Absent | Master::Starting => {
                        Looked::NotYet(situation.new.master.in_words().to_owned())
                    }
                    _ => Looked::Ready(situation.new.id.map_or(0, |id| id.pid)),
                },
                |waited, state| not_handled(waited, format!("new's master is {state}")),
            )
            .await?;
        let what = match self.given.new_file {
            NewFile::Staged => "the new file",
            NewFile::Adopted => "the file at the path",
            NewFile::Same => "the same file again",
        };
        Ok(format!("new master {pid} runs {what}"))
    }

    /// The signal itself, and what became of it within milliseconds.
    async fn execute_new(&mut self) -> Result<(), Fault> {
        let old = self.master(Generation::Old).unwrap_or_default();
        let what = match self.given.new_file {
            NewFile::Staged => Move::OpenWindow,
            NewFile::Adopted | NewFile::Same => Move::Signal { signal: Signal::Usr2, to: Generation::Old },
        };
        let began = self.world.now();
        self.expect.new_started = true;
        match self.perform(what, false).await? {
            Effect::Executed { child } => {
                self.tell(Event::NewMaster { pid: child.pid });
                Ok(())
            }
            Effect::ExecFailed => Err(Fault::ExecFailed),
            Effect::Ignored => Err(Fault::Usr2Ignored { pid: old }),
            Effect::NotRenamed => Err(Fault::PidFileNotRenamed { pid: old }),
            Effect::NotHandled | Effect::Made => {
                let waited = self.world.now().saturating_sub(began);
                let state = self.look().old.master.in_words();
                Err(not_handled(waited, format!("old's master is {state}")))
            }
        }
    }
}

fn not_handled(waited: Duration, state: String) -> Fault {
    Fault::NotHandled { signal: Signal::Usr2, to: Generation::Old, waited, state }
}
