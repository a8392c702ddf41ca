//! `verify/workers-double`: HUP to old before WINCH, while new lives.

use super::finding::Finding;
use crate::{
    plan::{Action, Loaded},
    protocol::{Generation, Signal},
};

/// HUP to an old master whose new binary lives starts its workers once more, from memory (nginx-facts 3).
pub(super) fn findings(loaded: &Loaded) -> Vec<Finding> {
    let (mut upgraded, mut drained, mut found) = (false, false, Vec::new());
    for (index, step) in loaded.plan.steps.iter().enumerate() {
        let Action::Signal(step) = &step.action else { continue };
        match (step.signal, step.to.generation()) {
            (Signal::Usr2, Generation::Old) => upgraded = true,
            (Signal::Winch, Generation::Old) => drained = true,
            (Signal::Hup, Generation::Old) if upgraded && !drained => {
                let message = "HUP to the old master doubles its workers here";
                let label = "its workers were not told to leave before";
                let problem =
                    Finding::at_step(loaded, index, "signal", "verify/workers-double", message, label);
                found
                    .push(Finding::warning(problem.help("take the step out, or put it behind WINCH to old")));
            }
            (Signal::Hup, Generation::Old) => drained = false,
            // Without new it is an ordinary reload (`ngx_master_process_cycle`).
            (Signal::Quit | Signal::Term, Generation::New) => upgraded = false,
            _ => {}
        }
    }
    found
}
