//! The facts of a plan for people: a block for each step.

use super::{layout::field, style::Style};
use crate::engine::{StepFacts, units};

/// The lines of all steps, and how long the whole way can take.
#[must_use]
pub fn facts(style: Style, steps: &[StepFacts]) -> Vec<String> {
    let each = steps.iter().flat_map(|step| one(style, step));
    let forward: f64 = steps.iter().map(|step| step.longest).sum();
    let back = steps.iter().filter_map(|step| step.longest_back).fold(0.0, f64::max);
    let all = format!("forward at most {}, back at most {}", units::bound(forward), units::bound(back));
    each.chain(field(style, "in all", &all)).collect()
}

fn one(style: Style, step: &StepFacts) -> Vec<String> {
    let title = format!("{} {} {}", step.step, step.action, step.about);
    let back = match step.longest_back {
        None => "nothing leads back from here".to_owned(),
        Some(_) if step.back.is_empty() => "nothing has to be put back".to_owned(),
        Some(longest) => format!("{}; at most {}", step.back.join(", "), units::bound(longest)),
    };
    let takes = format!("at most {}", units::bound(step.longest));
    let fields = [("effect", &step.effect), ("witness", &step.witness), ("back", &back), ("takes", &takes)];
    let lines = fields.into_iter().flat_map(|(name, text)| field(style, name, text));
    std::iter::once(style.strong(title.trim_end())).chain(lines).collect()
}
