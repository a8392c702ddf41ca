//! What each step of a plan does, what shows it, and how it is taken back: for reviewers.

use std::time::Duration;

use super::explore::Explored;
use crate::{
    engine::{StepFacts, about},
    plan::{Action, Plan, Step, steps},
    protocol::{Generation, Move, Signal},
    report::words,
};

/// The way back from behind one step, as far as it was explored.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Back {
    pub(super) moves: Vec<Move>,
    pub(super) longest: Duration,
}

/// The facts of every step.
pub(super) fn facts(plan: &Plan, explored: &Explored) -> Vec<StepFacts> {
    let each = plan.steps.iter().enumerate();
    each.map(|(index, step)| {
        let back = explored.backs.get(index).and_then(Option::as_ref);
        let (effect, witness) = effect(step);
        StepFacts {
            step: index + 1,
            action: step.action.kind().to_owned(),
            about: about(&step.action),
            effect: effect.to_owned(),
            witness: witness.to_owned(),
            reversible: back.is_some(),
            back: back.iter().flat_map(|back| &back.moves).map(|what| words::movement(what, None)).collect(),
            longest: milliseconds(step.longest(&plan.defaults)),
            longest_back: back.map(|back| milliseconds(back.longest)),
        }
    })
    .collect()
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// What a step changes, and what shows it.
fn effect(step: &Step) -> (&'static str, &'static str) {
    match &step.action {
        Action::ReplaceBinary(_) => {
            ("nothing live: the new file lies beside the path", "digest, version, `-t`")
        }
        Action::AdoptBinary(_) => {
            ("nothing live: what old runs is kept beside the path", "digest, version, `-t`")
        }
        Action::Signal(step) => signal(step),
        Action::WaitForWorkers(_) => ("nothing", "the workers' own titles, and their master quiet"),
        Action::HttpProbe(_) => ("nothing", "answers of workers that are known"),
        Action::Soak(_) => ("nothing", "time, the watches, both masters alive"),
        Action::Commit(_) => ("the path is changed for good, old is told QUIT", "old's master is gone"),
        Action::Rollback(_) => ("new is ended, old serves as before", "the baseline probes"),
    }
}

const fn signal(step: &steps::Signal) -> (&'static str, &'static str) {
    match (step.signal, step.to.generation()) {
        (Signal::Usr2, Generation::Old) => {
            ("new's master starts, both generations accept", "its inode runs, it has its title")
        }
        (Signal::Winch, Generation::Old) => {
            ("old's workers finish, new serves alone", "nobody of old accepts")
        }
        (Signal::Hup, Generation::Old) => ("old's workers start again", "workers of old accept"),
        (Signal::Winch, Generation::New) => ("new's workers finish", "nobody of new accepts"),
        (Signal::Hup, Generation::New) => ("new reloads its configuration", "workers of new accept"),
        (Signal::Quit | Signal::Term, _) => ("that generation ends", "its master leaves"),
        (Signal::Usr1, _) => ("the logs are opened again", "the master has handled it"),
        (Signal::Usr2, Generation::New) => ("nothing while old lives", "the master has handled it"),
    }
}
