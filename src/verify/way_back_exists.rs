//! `verify/no-way-back`: from some state before the commit the way back does not end with old alone, as before.

use super::{
    explore::{Bad, What},
    finding::Finding,
};
use crate::plan::{Action, Loaded};

pub(super) fn findings(loaded: &Loaded, bad: &[Bad]) -> Vec<Finding> {
    let lost = bad.iter().filter_map(|bad| match &bad.what {
        What::NoWayBack(why) => Some((bad, *why)),
        _ => None,
    });
    // What is lost stays lost: the first place says it, and the shortest story.
    let lost = lost.min_by_key(|(bad, _)| (bad.step, bad.story.len()));
    lost.map(|(bad, why)| finding(loaded, bad, why)).into_iter().collect()
}

fn finding(loaded: &Loaded, bad: &Bad, why: &str) -> Finding {
    let step = loaded.plan.steps.get(bad.step).map(|step| &step.action);
    let key = if matches!(step, Some(Action::Signal(_))) { "signal" } else { "action" };
    let message = format!("from here the way back can fail: {why}");
    let label = "what fails from here on stays failed";
    let problem = Finding::at_step(loaded, bad.step, key, "verify/no-way-back", &message, label);
    let help =
        "look at the signals of the story: what ends old, or leaves it without workers, belongs to `commit`";
    Finding::error(problem.help(help), bad.story.clone())
}
