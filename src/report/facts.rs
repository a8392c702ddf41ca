//! The facts of a plan for people: a block for each step.

use super::{layout::field, style::Style};
use crate::{
    engine::{StepFacts, units},
    nginx::printable,
};

/// Longer texts are cut.
const MOST: usize = 200;

/// The lines of all steps, and how long the whole way can take.
#[must_use]
pub fn facts(style: Style, steps: &[StepFacts]) -> Vec<String> {
    let each = steps.iter().flat_map(|step| one(style, step));
    let forward: Option<f64> = steps.iter().map(|step| step.longest).sum();
    let forward = forward.map_or_else(|| OPEN.to_owned(), |all| format!("at most {}", units::bound(all)));
    let back = steps.iter().filter_map(|step| step.longest_back).fold(0.0, f64::max);
    let all = format!("forward {forward}, back at most {}", units::bound(back));
    each.chain(field(style, "in all", &all)).collect()
}

/// A time of an input that has no value yet.
const OPEN: &str = "as long as inputs say that are still to be given";

fn one(style: Style, step: &StepFacts) -> Vec<String> {
    let title = format!("{} {} {}", step.step, step.action, printable(&step.about, MOST));
    let back = match step.longest_back {
        None if !step.reached => "no run comes here: a step before never passes".to_owned(),
        None => "nothing leads back from here".to_owned(),
        Some(_) if step.back.is_empty() => "nothing has to be put back".to_owned(),
        Some(longest) => format!("{}; at most {}", step.back.join(", "), units::bound(longest)),
    };
    let takes =
        step.longest.map_or_else(|| OPEN.to_owned(), |time| format!("at most {}", units::bound(time)));
    let fields = [("effect", &step.effect), ("witness", &step.witness), ("back", &back), ("takes", &takes)];
    let lines = fields.into_iter().flat_map(|(name, text)| field(style, name, text));
    std::iter::once(style.strong(title.trim_end())).chain(lines).collect()
}
