//! `signal`: quiet before, sent through a checked pidfd, and its effect seen after.

use std::time::Duration;

use crate::{
    engine::Fault,
    plan::steps,
    protocol::{Generation, GenerationState, Master, Move, PidFile, Signal},
    run::{Run, World, until::Looked},
};

impl<W: World> Run<'_, W> {
    /// Sends the signal of a step and waits for its effect.
    pub(in crate::run) async fn signal(
        &mut self,
        step: &steps::Signal,
        timeout: Duration,
    ) -> Result<String, Fault> {
        let (signal, to) = (step.signal, step.to.generation());
        let (switches, pid_file) = self.quiet(signal, to, timeout).await?;
        if (signal, to) == (Signal::Usr2, Generation::Old) {
            return self.usr2(pid_file, timeout).await;
        }
        self.expect_before(signal, to);
        self.perform(Move::Signal { signal, to }, false).await?;
        let seen = self.effect(signal, to, switches, timeout).await?;
        self.expect_after(signal, to);
        Ok(seen)
    }

    /// Two signals without the first being handled may be taken in another order, so the master must be quiet.
    /// Gives its switch count, which grows when it handles the next one, and whom the pid file names then.
    async fn quiet(
        &mut self,
        signal: Signal,
        to: Generation,
        timeout: Duration,
    ) -> Result<(u64, PidFile), Fault> {
        let patience = self.patience(format!("{to}'s master to be quiet"), timeout);
        self.until(
            patience,
            |situation, _| {
                let state = situation.generation(to);
                match state.master {
                    Master::Settled => Looked::Ready((state.switches, situation.pid_file)),
                    Master::Absent | Master::Dead => Looked::Failed(gone(to, state)),
                    _ => Looked::NotYet(state.master.in_words().to_owned()),
                }
            },
            |waited, state| Fault::NotHandled { signal, to, waited, state },
        )
        .await
    }

    /// Waits until the signal was handled and shows what it does.
    async fn effect(
        &mut self,
        signal: Signal,
        to: Generation,
        switches: u64,
        timeout: Duration,
    ) -> Result<String, Fault> {
        let patience = self.patience(format!("{signal} to show its effect"), timeout);
        let expected = expected(signal, to);
        self.until(
            patience,
            |situation, _| {
                let state = situation.generation(to);
                if shown(signal, state, switches) {
                    return Looked::Ready(expected.clone());
                }
                match state.master {
                    Master::Dead => Looked::Failed(gone(to, state)),
                    _ => Looked::NotYet(format!(
                        "{to}'s master is {}, {} accepting",
                        state.master.in_words(),
                        state.workers.titled.len()
                    )),
                }
            },
            |waited, seen| Fault::NoEffect { signal, to, waited, seen, expected: expected.clone() },
        )
        .await
    }

    /// What need not hold any more once the signal is under way.
    fn expect_before(&mut self, signal: Signal, to: Generation) {
        match (signal, to) {
            (Signal::Winch, Generation::Old) => self.expect.old_accepts = false,
            (Signal::Winch, Generation::New) => self.expect.new_accepts = false,
            (Signal::Hup, Generation::Old) => self.expect.old_drained = false,
            (Signal::Quit | Signal::Term, Generation::New) => {
                self.expect.new_lives = false;
                self.expect.new_accepts = false;
                // Old starts its workers again by itself when new exits (nginx-facts 5).
                self.expect.old_drained = false;
            }
            _ => {}
        }
    }

    /// What must hold from now on.
    fn expect_after(&mut self, signal: Signal, to: Generation) {
        match (signal, to) {
            (Signal::Winch, Generation::Old) => self.expect.old_drained = true,
            (Signal::Hup, Generation::Old) => self.expect.old_accepts = true,
            (Signal::Hup, Generation::New) => self.expect.new_accepts = true,
            _ => {}
        }
    }
}

/// Whether the master has handled the signal and shows what it does.
fn shown(signal: Signal, state: &GenerationState, switches: u64) -> bool {
    let handled = state.master == Master::Settled && state.switches > switches;
    match signal {
        Signal::Winch => handled && state.workers.titled.is_empty(),
        Signal::Hup => handled && !state.workers.titled.is_empty(),
        Signal::Usr1 | Signal::Usr2 => handled,
        Signal::Quit | Signal::Term => matches!(state.master, Master::Leaving | Master::Dead),
    }
}

fn expected(signal: Signal, to: Generation) -> String {
    match signal {
        Signal::Winch => format!("nobody of {to} accepts"),
        Signal::Hup => format!("workers of {to} accept"),
        Signal::Quit | Signal::Term => format!("{to}'s master leaves"),
        Signal::Usr1 | Signal::Usr2 => format!("{to}'s master has handled it"),
    }
}

fn gone(which: Generation, state: &GenerationState) -> Fault {
    let pid = state.id.map_or(0, |id| id.pid);
    match which {
        Generation::Old => Fault::OldMasterGone { pid, leaving: false },
        Generation::New => Fault::NewMasterExited { pid, leaving: false, after: None },
    }
}
