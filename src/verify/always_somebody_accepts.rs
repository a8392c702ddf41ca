//! `verify/nobody-accepts`: a step, or the way back from it, leaves a moment in which nobody accepts.

use super::{
    explore::{Bad, What},
    finding::Finding,
};
use crate::plan::{Action, Loaded};

pub(super) fn findings(loaded: &Loaded, bad: &[Bad]) -> Vec<Finding> {
    let outages = bad.iter().filter(|bad| bad.what == What::NobodyAccepts && !bad.old_was_ended);
    outages.map(|bad| finding(loaded, bad)).collect()
}

fn finding(loaded: &Loaded, bad: &Bad) -> Finding {
    let signal = match loaded.plan.steps.get(bad.step).map(|step| &step.action) {
        Some(Action::Signal(step)) => format!("{} to {}", step.signal, step.to.name()),
        _ => "this step".to_owned(),
    };
    let message = format!("{signal} can leave nobody accepting");
    let label = "connections wait, or fail, from here";
    let problem = Finding::at_step(loaded, bad.step, "signal", "verify/nobody-accepts", &message, label);
    let late = bad.story.iter().any(|line| line.starts_with("the workers of new"));
    let help = if late {
        let wait = "`wait-for-workers` with `generation = \"new\"` and `until = \"accepting\"`";
        format!("put {wait} before step {}", bad.step + 1)
    } else {
        "take the step out, or put it where workers of the other generation accept".to_owned()
    };
    Finding::error(problem.help(help), bad.story.clone())
}
