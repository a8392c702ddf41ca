//! `verify/step-never-passes` and `verify/not-proven`: a step that fails even where nothing goes wrong; and a plan that is too
//! large to be looked at as a whole.

use super::{
    explore::{Bad, What},
    finding::Finding,
};
use crate::plan::{Loaded, Problem};

pub(super) fn findings(loaded: &Loaded, bad: &[Bad]) -> Vec<Finding> {
    bad.iter().filter_map(|bad| finding(loaded, bad)).collect()
}

fn finding(loaded: &Loaded, bad: &Bad) -> Option<Finding> {
    match &bad.what {
        // What comes of a step that ends old is told there.
        What::NeverPasses(_) if bad.old_was_ended => None,
        What::NeverPasses(why) => {
            let message = format!("step {} can never pass: {why}", bad.step + 1);
            let problem = Finding::at_step(
                loaded,
                bad.step,
                "action",
                "verify/step-never-passes",
                &message,
                "the run would go back here",
            );
            let help = "look at the order of the steps: what this one waits for is never so when it is due";
            Some(Finding::error(problem.help(help), bad.story.clone()))
        }
        What::NotProven => {
            let message = "the plan has more states than are looked at: it is not proven";
            Some(Finding::error(
                Problem::nowhere("verify/not-proven", message).help("make it shorter"),
                Vec::new(),
            ))
        }
        What::NobodyAccepts | What::NoWayBack(_) => None,
    }
}
