//! `verify/soak-not-watched`: a soak during which nobody asks anything.

use super::finding::Finding;
use crate::plan::{Action, Answerer, Loaded};

/// Without a watch only the death of a master or of all workers ends a soak: a build that goes bad is not noticed.
pub(super) fn findings(loaded: &Loaded) -> Vec<Finding> {
    let plan = &loaded.plan;
    let soaks = plan.steps.iter().enumerate().filter(|(_, step)| matches!(step.action, Action::Soak(_)));
    // A watch on old asks nobody once old has drained.
    let watched = plan.watches.iter().any(|watch| watch.answered_by != Answerer::Old);
    let unwatched = soaks.filter(|_| !watched);
    unwatched
        .map(|(index, _)| {
            let message = "nothing is asked during this soak";
            let label = "a build that goes bad meanwhile is not noticed";
            let problem = Finding::at_step(loaded, index, "for", "verify/soak-not-watched", message, label);
            Finding::warning(problem.help("add a `[[watch]]`: it asks from preflight to the commit record"))
        })
        .collect()
}
