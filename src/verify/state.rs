//! Where a plan is in its exploration, what is there then, and the story so far.

use super::guards::Guards;
use crate::{
    plan::{Action, Plan},
    protocol::{
        Generation, Move, Signal,
        nginx::{Binary, Executes, Host, Simulated},
    },
};

/// Where a plan is, and what is there then.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) run: Simulated,
    /// What the run expects, and notices when it is otherwise.
    pub(super) guards: Guards,
    /// The step that is next.
    pub(super) at: usize,
    /// New's master is there, its workers are not yet.
    pub(super) slow: bool,
    pub(super) faults: u8,
    /// The signal step that told old QUIT or TERM, counted from 0.
    pub(super) ended_by: Option<usize>,
    /// What happened, in the operator's words.
    pub(super) story: Vec<String>,
}

impl State {
    /// Before the first step; `idle`: connections end by themselves.
    pub(super) fn begins(plan: &Plan, idle: bool) -> Self {
        let [old, new] = [Generation::Old, Generation::New].map(Binary::recent);
        let binary = plan.steps.iter().find_map(|step| match &step.action {
            Action::ReplaceBinary(_) => Some((Executes::Master(old), Some(Executes::Master(new)))),
            Action::AdoptBinary(_) => Some((Executes::Master(new), None)),
            _ => None,
        });
        // Without a binary step old's own file is executed again.
        let (path, staged) = binary.unwrap_or((Executes::Master(old), None));
        let mut host = Host::serving(old);
        (host.path, host.idle) = (path, idle);
        let mut run = Simulated::on(host, staged);
        run.quit_timeout = plan.rollback.quit_timeout;
        Self {
            run,
            guards: Guards::default(),
            at: 0,
            slow: false,
            faults: 0,
            ended_by: None,
            // The idle host is looked at first: this is said only where it makes the difference.
            story: if idle { Vec::new() } else { vec!["connections do not end".to_owned()] },
        }
    }

    /// Workers of old that somebody has brought back are drained once more by the run.
    pub(super) fn drains_again(&mut self) {
        let accepts = self.run.master(Generation::Old).and_then(|old| self.run.host.master(old));
        if self.guards.old_is_told && accepts.is_some_and(|old| old.accepting > 0) {
            self.run.makes(&Move::Signal { signal: Signal::Winch, to: Generation::Old }, false);
        }
    }

    /// Adds a step that does something to the story.
    pub(super) fn says(&mut self, action: &Action) {
        let number = self.at + 1;
        match action {
            Action::Signal(step) => {
                self.story.push(format!("{number}. {} to {}", step.signal, step.to.name()));
                let ends = matches!(step.signal, Signal::Quit | Signal::Term);
                if ends && step.to.generation() == Generation::Old {
                    self.ended_by.get_or_insert(self.at);
                }
            }
            Action::Commit(_) => self.story.push(format!("{number}. commit: QUIT to old-master")),
            _ => {}
        }
    }

    /// The story so far and how it ends.
    pub(super) fn told(&self, end: &str) -> Vec<String> {
        [&self.story[..], &[end.to_owned()]].concat()
    }
}
