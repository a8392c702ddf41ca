//! `wait-for-workers`: until the workers of one generation accept, drain or are gone.

use std::{collections::BTreeSet, time::Duration};

use crate::{
    engine::{Fault, units},
    plan::steps::{Until as Wanted, WaitForWorkers},
    protocol::{Generation, GenerationState, Identity, Master, Situation},
    run::{
        Run, World,
        until::{Looked, millis},
    },
};

impl<W: World> Run<'_, W> {
    /// Waits for the workers of one generation.
    pub(in crate::run) async fn wait_for_workers(
        &mut self,
        step: &WaitForWorkers,
        timeout: Duration,
    ) -> Result<String, Fault> {
        let generation = step.generation;
        let name = step.until.name();
        let patience = self.patience(format!("{generation} to be {name}"), timeout);
        let expected = self.expected_number(step);
        let mut crew = Crew::new(expected, step.stable_for);
        let wanted = step.until;
        let in_words = match wanted {
            Wanted::Accepting => format!("{} of {generation} accepting", number(expected)),
            Wanted::Draining => format!("nobody of {generation} accepts"),
            Wanted::Gone => format!("no worker of {generation} is left"),
        };
        let seen = self
            .until(
                patience,
                |situation, now| match wanted {
                    Wanted::Accepting => crew.look(situation, generation, now),
                    Wanted::Draining => left(situation, generation, false),
                    Wanted::Gone => left(situation, generation, true),
                },
                |waited, seen| Fault::WorkersLate {
                    generation,
                    until: name,
                    waited,
                    seen,
                    expected: in_words.clone(),
                },
            )
            .await?;
        match (wanted, generation) {
            (Wanted::Accepting, Generation::New) => self.expect.new_accepts = true,
            (Wanted::Accepting, Generation::Old) => self.expect.old_accepts = true,
            _ => {}
        }
        Ok(seen)
    }

    fn expected_number(&self, step: &WaitForWorkers) -> Option<usize> {
        let given = step.count.and_then(|count| usize::try_from(count).ok());
        given.or(match step.generation {
            Generation::Old => Some(self.given.old_workers),
            Generation::New => self.given.new_workers,
        })
    }
}

/// What is remembered of the workers that are waited for.
struct Crew {
    expected: Option<usize>,
    stable_for: Duration,
    /// The workers seen last, and since when they are the same.
    same: Option<(BTreeSet<Identity>, Duration)>,
}

impl Crew {
    fn new(expected: Option<usize>, stable_for: Duration) -> Self {
        Self { expected, stable_for, same: None }
    }

    /// Accepting: the expected number, the same for as long as the plan says.
    fn look(&mut self, situation: &Situation, generation: Generation, now: Duration) -> Looked<String> {
        let state = situation.generation(generation);
        let titled = &state.workers.titled;
        if let Some(fault) = self.fatal(state) {
            return Looked::Failed(fault);
        }
        let since = match &self.same {
            Some((same, since)) if same == titled => *since,
            _ => {
                self.same = Some((titled.clone(), now));
                now
            }
        };
        let seen = format!("{generation}: {} of {} accepting", titled.len(), number(self.expected));
        let complete = match self.expected {
            Some(expected) => titled.len() == expected,
            None => !titled.is_empty(),
        };
        let stable = now.saturating_sub(since) >= self.stable_for;
        if complete && stable && state.accepting().is_some() {
            let same = units::bound(millis(self.stable_for));
            let tail = if self.stable_for.is_zero() { String::new() } else { format!(", same for {same}") };
            return Looked::Ready(format!("{seen}{tail}"));
        }
        Looked::NotYet(seen)
    }

    /// What no more waiting would mend.
    fn fatal(&self, state: &GenerationState) -> Option<Fault> {
        let pid = state.id.map_or(0, |id| id.pid);
        let expected = self.expected.unwrap_or(1);
        // A master blocks its signals until it has forked its workers, so a quiet one without any has lost them.
        let workers = &state.workers;
        let none = workers.titled.is_empty() && workers.untitled.is_empty() && workers.draining.is_empty();
        if none && state.master == Master::Settled {
            return Some(Fault::WorkersFatal { pid });
        }
        let crashes = state.stability.crashes;
        state.stability.crash_loop(expected).then_some(Fault::CrashLoop { crashes, expected })
    }
}

fn left(situation: &Situation, generation: Generation, gone: bool) -> Looked<String> {
    let state = situation.generation(generation);
    let (accepting, draining) = (state.workers.titled.len(), state.workers.draining.len());
    let seen = match (accepting, draining) {
        (0, 0) => format!("{generation}: no worker is left"),
        (0, draining) => format!("{generation}: nobody accepts, {draining} draining"),
        (accepting, draining) => format!("{generation}: {accepting} accepting, {draining} draining"),
    };
    let handled = matches!(state.master, Master::Settled | Master::Leaving | Master::Dead);
    if handled && accepting == 0 && (draining == 0 || !gone) {
        Looked::Ready(seen)
    } else {
        Looked::NotYet(seen)
    }
}

fn number(expected: Option<usize>) -> String {
    expected.map_or_else(|| "at least 1".to_owned(), |expected| expected.to_string())
}
