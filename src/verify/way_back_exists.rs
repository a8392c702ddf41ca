//! `verify/no-way-back`: from some state before the commit the way back does not end with old alone, as before.

use super::{
    explore::{Bad, What},
    finding::Finding,
};
use crate::plan::Loaded;

pub(super) fn findings(loaded: &Loaded, bad: &[Bad]) -> Vec<Finding> {
    let lost = bad.iter().find_map(|bad| match &bad.what {
        What::NoWayBack(why) => Some((bad, *why)),
        _ => None,
    });
    // What is lost stays lost: the first place says it.
    lost.into_iter().map(|(bad, why)| {
        let message = format!("from here the way back can fail: {why}");
        let problem = Finding::at_step(loaded, bad.step, "action", "verify/no-way-back", &message, "what fails from here on stays failed");
        let help = "take the step out, or put it behind the commit's own work: `commit` ends old, once new was seen accepting";
        Finding::error(problem.help(help), bad.story.clone())
    })
    .collect()
}
