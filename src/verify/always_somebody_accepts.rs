//! `verify/nobody-accepts`: a step, or the way back from it, leaves a moment in which nobody accepts.

use super::{
    explore::{Bad, What},
    finding::Finding,
};
use crate::plan::{Action, Loaded};

pub(super) fn findings(loaded: &Loaded, bad: &[Bad]) -> Vec<Finding> {
    let outages = bad.iter().filter(|bad| bad.what == What::NobodyAccepts && !bad.after_an_end_of_old());
    outages
        .map(|bad| {
            let signal = match loaded.plan.steps.get(bad.step).map(|step| &step.action) {
                Some(Action::Signal(step)) => format!("{} to {}", step.signal, step.to.name()),
                _ => "this step".to_owned(),
            };
            let message = format!("{signal} can leave nobody accepting");
            let problem = Finding::at_step(loaded, bad.step, "signal", CODE, &message, "connections wait, or fail, from here");
            let number = bad.step + 1;
            let help = format!("put `wait-for-workers` with `generation = \"new\"` and `until = \"accepting\"` before step {number}");
            Finding::error(problem.help(help), bad.story.clone())
        })
        .collect()
}

const CODE: &str = "verify/nobody-accepts";
