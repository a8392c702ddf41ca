//! `verify/soak-not-watched`: a soak, or a wait for a person, during which nobody asks anything.

use super::finding::Finding;
use crate::plan::{Action, Answerer, Loaded};

/// Without a watch only the death of a master or of all workers ends a soak: a build that goes bad is not noticed.
pub(super) fn findings(loaded: &Loaded) -> Vec<Finding> {
    let plan = &loaded.plan;
    let waits = |action: &Action| matches!(action, Action::Soak(_) | Action::Confirm(_));
    let soaks = plan.steps.iter().enumerate().filter(|(_, step)| waits(&step.action));
    // A watch on old asks nobody once old has drained.
    let watched = plan.watches.iter().any(|watch| watch.answered_by != Answerer::Old);
    let unwatched = soaks.filter(|_| !watched);
    unwatched
        .map(|(index, step)| {
            let message = format!("nothing is asked during this {}", step.action.kind());
            let label = "a build that goes bad meanwhile is not noticed";
            let problem = Finding::at_step(loaded, index, "for", "verify/soak-not-watched", &message, label);
            Finding::warning(problem.help("add a `[[watch]]`: it asks from preflight to the commit record"))
        })
        .collect()
}
