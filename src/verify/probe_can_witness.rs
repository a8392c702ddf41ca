//! `verify/new-not-probed`: a plan that commits, and nothing has asked new anything.

use super::finding::Finding;
use crate::plan::{Action, Answerer, Loaded};

/// Workers that accept may still answer with errors: only an answer of new shows that it works.
pub(super) fn findings(loaded: &Loaded) -> Vec<Finding> {
    let plan = &loaded.plan;
    let asked =
        plan.steps.iter().any(
            |step| matches!(&step.action, Action::HttpProbe(probe) if probe.answered_by == Answerer::New),
        ) || plan.watches.iter().any(|watch| watch.answered_by == Answerer::New);
    let commit = plan.steps.iter().position(|step| matches!(step.action, Action::Commit(_)));
    let Some(commit) = commit.filter(|_| !asked) else { return Vec::new() };
    let message = "the plan commits without one answer of the new generation";
    let label = "workers that accept may answer with errors";
    let problem = Finding::at_step(loaded, commit, "action", "verify/new-not-probed", message, label);
    let help = "put an `http-probe` behind WINCH: `answered-by` is `new` where nothing else is said";
    vec![Finding::warning(problem.help(help))]
}
