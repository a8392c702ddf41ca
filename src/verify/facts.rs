//! What each step of a plan does, what shows it, and how it is taken back: for reviewers.

use std::time::Duration;

use super::explore::Explored;
use crate::{
    engine::{PlanTimes, StepFacts, about},
    plan::{Action, Loaded, PlanPath, Step, steps},
    protocol::{Generation, Move, Signal},
    report::words,
};

/// The way back from behind one step, as far as it was explored.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Back {
    /// No run comes there.
    NotReached,
    /// Nothing leads back, in one variant at least.
    Lost,
    /// The moves, and the longest that it takes where new resists.
    Is(Vec<Move>, Duration),
}

impl Back {
    pub(super) fn is_lost(&mut self) {
        *self = Self::Lost;
    }

    /// One variant; the shortest story is the first.
    pub(super) fn is(&mut self, moves: Vec<Move>, took: Duration) {
        match self {
            Self::NotReached => *self = Self::Is(moves, took),
            Self::Is(_, longest) => *longest = took.max(*longest),
            Self::Lost => {}
        }
    }
}

/// The facts of every step.
pub(super) fn facts(loaded: &Loaded, explored: &Explored) -> Vec<StepFacts> {
    let plan = &loaded.plan;
    let each = plan.steps.iter().zip(&explored.backs).enumerate();
    each.map(|(index, (step, back))| {
        let (effect, witness) = effect(step);
        let (moves, longest_back) = match back {
            Back::Is(moves, longest) => (moves.as_slice(), Some(milliseconds(*longest))),
            Back::NotReached | Back::Lost => (&[] as &[Move], None),
        };
        let own = ["timeout", "for", "drain-timeout"].iter();
        // Where a step has no time of its own it has that of all.
        let shared = step.common.timeout.is_none() && step.timeout(&plan.defaults).is_some();
        let open = own.map(|key| PlanPath::step(index).key(*key)).any(|place| is_open(loaded, &place))
            || shared && is_open(loaded, &defaults("timeout"));
        StepFacts {
            step: index + 1,
            action: step.action.kind().to_owned(),
            about: about(&step.action),
            effect: effect.to_owned(),
            witness: witness.to_owned(),
            reached: *back != Back::NotReached,
            reversible: longest_back.is_some(),
            back: moves.iter().map(|what| words::movement(what, None)).collect(),
            longest: (!open).then(|| milliseconds(step.longest(&plan.defaults))),
            longest_back,
        }
    })
    .collect()
}

/// How long all of it may take. A budget is there to be shorter than the steps together: it cuts a run in which several
/// are late, each within its own time. So it is no finding, and is told beside them.
pub(super) fn times(loaded: &Loaded, steps: &[StepFacts]) -> PlanTimes {
    let plan = &loaded.plan;
    let each = || plan.steps.iter().zip(steps);
    let before = each().filter(|(step, _)| !step.action.is_end());
    let commit = each().find(|(step, _)| matches!(step.action, Action::Commit(_)));
    PlanTimes {
        forward: before.map(|(_, facts)| facts.longest).sum(),
        budget: plan.defaults.budget.filter(|_| !is_open(loaded, &defaults("budget"))).map(milliseconds),
        drain: commit.and_then(|(_, facts)| facts.longest),
        back: steps.iter().filter_map(|facts| facts.longest_back).fold(0.0, f64::max),
    }
}

/// A key of `[defaults]`.
pub(super) fn defaults(key: &str) -> PlanPath {
    PlanPath::root().key("defaults").key(key)
}

/// Whether what stands there comes of an input that has no value yet: an example stands in for it.
pub(super) fn is_open(loaded: &Loaded, place: &PlanPath) -> bool {
    let text = loaded.document.span_of(place).map_or("", |span| loaded.document.slice(span));
    loaded.unset.iter().any(|name| text.contains(&format!("${{{name}}}")))
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
        Action::Confirm(_) => ("nothing", "`changeover confirm`, the watches, both masters alive"),
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
