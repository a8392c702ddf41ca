//! `verify/time-too-short`: what a step or the plan needs is longer than what it is given.

use std::time::Duration;

use super::{
    facts::{defaults, is_open},
    finding::Finding,
};
use crate::{
    engine::units,
    plan::{Action, Loaded, PlanPath, Problem, Step},
};

pub(super) fn findings(loaded: &Loaded) -> Vec<Finding> {
    let plan = &loaded.plan;
    let steps = plan.steps.iter().enumerate().filter_map(|(index, step)| {
        let (needs, key) = needs(&step.action)?;
        let given = step.timeout(&plan.defaults)?;
        let place = |key: &str| PlanPath::step(index).key(key);
        let open = [place(key), place("interval"), place("timeout"), defaults("timeout")];
        if needs < given || open.iter().any(|place| is_open(loaded, place)) {
            return None;
        }
        let message = format!(
            "step {} can never pass: it needs {} and may take {}",
            index + 1,
            units::length(needs),
            units::length(given)
        );
        let problem =
            Finding::at_step(loaded, index, key, CODE, &message, "this takes longer than the step may");
        Some(Finding::error(problem.help("give the step a longer `timeout`, or ask for less"), Vec::new()))
    });
    steps.chain(budget(loaded)).collect()
}

const CODE: &str = "verify/time-too-short";

/// The shortest time in which an action can be done, where the plan itself asks for some, and the key that does.
fn needs(action: &Action) -> Option<(Duration, &'static str)> {
    match action {
        Action::HttpProbe(probe) => {
            Some((probe.interval.saturating_mul(probe.pass_after.saturating_sub(1)), "pass-after"))
        }
        Action::WaitForWorkers(wait) => Some((wait.stable_for, "stable-for")),
        _ => None,
    }
}

fn budget(loaded: &Loaded) -> Option<Finding> {
    let plan = &loaded.plan;
    let budget = plan.defaults.budget?;
    let least = least(loaded);
    if least < budget || is_open(loaded, &defaults("budget")) {
        return None;
    }
    let span = loaded.document.nearest_span(&defaults("budget"));
    let message = format!(
        "the steps need {} at least and the budget is {}",
        units::length(least),
        units::length(budget)
    );
    let problem = Problem::new(CODE, message, span, "the run would go back when this is used up");
    Some(Finding::error(problem.help("raise the budget, or soak for less"), Vec::new()))
}

/// The shortest time until the commit; an input that has no value yet counts for nothing.
fn least(loaded: &Loaded) -> Duration {
    let of = |(index, step): (usize, &Step)| {
        let (needs, key) = match &step.action {
            Action::Soak(soak) => (soak.length, "for"),
            other => needs(other).unwrap_or_default(),
        };
        let place = |key: &str| PlanPath::step(index).key(key);
        let open = [place(key), place("interval")].iter().any(|place| is_open(loaded, place));
        if open { Duration::ZERO } else { needs }
    };
    loaded.plan.steps.iter().enumerate().map(of).fold(Duration::ZERO, Duration::saturating_add)
}
