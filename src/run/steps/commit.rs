//! `commit`: the record, the path for good, new seen accepting once more, and only then QUIT to old.

use std::time::Duration;

use crate::{
    engine::{Event, Fault, NewFile, Phase},
    plan::steps::{Commit, OnDrainTimeout},
    protocol::{Generation, Master, Move, PathHolds, PidFile, Signal, Situation},
    run::{Run, World, until::Looked},
};

/// How long both may take to be quiet, and new to be seen accepting once more: they were before.
const SEEN_ONCE_MORE: Duration = Duration::from_secs(2);
/// The code of a move on a process that has exited.
const GONE: &str = "host/process-gone";
/// nginx itself kills workers that resist TERM after about 2 s (`ngx_master_process_cycle`, delay > 1000).
const TERMINATED: Duration = Duration::from_secs(5);

impl<W: World> Run<'_, W> {
    /// Commits; whether old's master is gone, and what was seen.
    pub(in crate::run) async fn commit(&mut self, step: &Commit) -> Result<(bool, String), Fault> {
        // Nothing may be in flight when the record is written.
        self.ready("both masters to be quiet", true).await?;
        if self.world.observe().pid_file != PidFile::Names(Generation::New) {
            // Nothing writes it again once old is gone, and new's next USR2 would poison it (nginx-facts 26).
            self.perform(Move::WritePidFile { names: Generation::New }, false).await?;
        }
        self.record(Event::CommitRecorded)?;
        self.commit_recorded(step).await
    }

    /// What follows the record: the path for good, new seen to accept, QUIT to old, and the wait for it. Each is done only where
    /// it is not: another process may have done it.
    pub(in crate::run) async fn commit_recorded(&mut self, step: &Commit) -> Result<(bool, String), Fault> {
        // From here on only new matters: an old that somebody ends, or wakes up, is told QUIT in a moment anyway.
        self.expect.old_lives = false;
        self.expect.old_accepts = false;
        self.expect.old_drained = false;
        if self.given.new_file == NewFile::Staged {
            self.expect.path = PathHolds::Ours;
            if self.look().path != PathHolds::Ours {
                self.perform(Move::Install, false).await?;
            }
        }
        if self.phase == Phase::Committed {
            self.quit_old().await?;
        }
        self.world.stop_watches();
        self.drain(step).await
    }

    /// QUIT goes to old, once new was seen to accept; not to one that is leaving already.
    async fn quit_old(&mut self) -> Result<(), Fault> {
        self.ready("new to accept once more", false).await?;
        let pid = self.master(Generation::Old).unwrap_or_default();
        if self.look().old.master != Master::Leaving {
            self.end_old(Signal::Quit).await?;
        }
        self.tell(Event::QuitSent { pid });
        Ok(())
    }

    /// New accepts, and where asked for old is quiet.
    async fn ready(&mut self, what: &str, old_too: bool) -> Result<(), Fault> {
        let patience = self.patience(what, SEEN_ONCE_MORE);
        self.until(
            patience,
            |situation, _| {
                let accepting = situation.new.accepting().is_some_and(|accepting| accepting > 0);
                if accepting && (!old_too || situation.old.master == Master::Settled) {
                    return Looked::Ready(());
                }
                let (old, new) = (situation.old.master.in_words(), situation.new.master.in_words());
                let workers = situation.new.workers.titled.len();
                Looked::NotYet(format!("old's master is {old}, new's is {new} with {workers} workers"))
            },
            |waited, seen| Fault::NotReadyToCommit { waited, seen },
        )
        .await
    }

    /// Waits for old's master to finish its connections and leave.
    async fn drain(&mut self, step: &Commit) -> Result<(bool, String), Fault> {
        let fault = match self.old_leaves(step.drain_timeout).await {
            Ok(()) => {
                self.after_old().await;
                return Ok((true, "old's master is gone".to_owned()));
            }
            // Of the time that is over the plan says what follows; new gone, or a person who waits no longer, it does not know.
            Err(fault) if !matches!(fault, Fault::DrainLate { .. }) => return Err(fault),
            Err(fault) => fault,
        };
        match step.on_drain_timeout {
            OnDrainTimeout::Leave => Ok((false, left(&self.look()))),
            OnDrainTimeout::Fail => Err(fault),
            OnDrainTimeout::Terminate => {
                self.end_old(Signal::Term).await?;
                self.old_leaves(TERMINATED).await?;
                self.after_old().await;
                Ok((true, "old's master is gone, its last connections were cut".to_owned()))
            }
        }
    }

    /// What old leaves when it did not go by itself: `.oldbin`, which names nobody and would keep the next run from
    /// beginning; workers that a stranger's HUP has started (its master then exits at QUIT without a word to them,
    /// nginx-facts 36); and a pid file that somebody took away, which nobody else writes again. The commit stands whatever
    /// comes of it: `status` and the next run name what is left.
    async fn after_old(&mut self) {
        let situation = self.look();
        if situation.oldbin {
            let _ = self.perform(Move::UnlinkOldbin, false).await;
        }
        let names = Generation::New;
        if situation.new.master.lives() && situation.pid_file != PidFile::Names(names) {
            let _ = self.perform(Move::WritePidFile { names }, false).await;
        }
        if situation.strays.old.is_empty() {
            return;
        }
        let _ = self.perform(Move::QuitStrays, false).await;
        let patience = self.patience("the workers that old has left to leave", TERMINATED);
        let gone = |situation: &Situation, _| {
            let gone = situation.strays.titled.is_empty();
            if gone { Looked::Ready(()) } else { Looked::NotYet(String::new()) }
        };
        let _ = self.until(patience, gone, |waited, left| Fault::DrainLate { waited, left }).await;
    }

    /// Tells old to leave; one that is gone already needs no telling.
    async fn end_old(&mut self, signal: Signal) -> Result<(), Fault> {
        match self.perform(Move::Signal { signal, to: Generation::Old }, false).await {
            Err(Fault::Move { code, .. }) if code == GONE => Ok(()),
            told => told.map(drop),
        }
    }

    async fn old_leaves(&mut self, bound: Duration) -> Result<(), Fault> {
        let patience = self.patience("old to finish its connections", bound);
        self.until(
            patience,
            |situation, _| match situation.old.master {
                Master::Dead => Looked::Ready(()),
                _ => Looked::NotYet(left(situation)),
            },
            |waited, left| Fault::DrainLate { waited, left },
        )
        .await
    }
}

fn left(situation: &Situation) -> String {
    let workers = situation.old.workers.draining.len() + situation.old.workers.titled.len();
    let noun = if workers == 1 { "worker finishes its" } else { "workers finish their" };
    format!("{workers} old {noun} connections")
}
