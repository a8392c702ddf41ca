//! Steps in a few words.

use super::units;
use crate::plan::Action;

/// What a step is about, in the words of the plan.
#[must_use]
pub fn about(action: &Action) -> String {
    match action {
        Action::ReplaceBinary(step) => {
            step.version.clone().unwrap_or_else(|| step.source.display().to_string())
        }
        Action::AdoptBinary(step) => step.version.clone().unwrap_or_default(),
        Action::Signal(step) => format!("{} to {}", step.signal, step.to.generation()),
        Action::WaitForWorkers(step) => format!("{}: {}", step.generation, step.until.name()),
        Action::HttpProbe(step) => format!("{} by {}", step.probe, step.answered_by.name()),
        Action::Soak(step) => units::bound(step.length.as_secs_f64() * 1_000.0),
        Action::Confirm(_) | Action::Commit(_) | Action::Rollback(_) => String::new(),
    }
}
