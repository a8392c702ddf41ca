//! `verify/drain-may-not-end`: a step waits until old's last connection has ended.

use super::finding::Finding;
use crate::{
    plan::{Action, Loaded, steps::Until},
    protocol::Generation,
};

/// A download or a tunnel can outlast any `timeout`, and then a good build is taken back. `commit` waits too, behind the
/// point where that costs nothing.
pub(super) fn findings(loaded: &Loaded) -> Vec<Finding> {
    let waits = |action: &Action| match action {
        Action::WaitForWorkers(wait) => (wait.generation, wait.until) == (Generation::Old, Until::Gone),
        _ => false,
    };
    let steps = loaded.plan.steps.iter().enumerate().filter(|(_, step)| waits(&step.action));
    steps
        .map(|(index, _)| {
            let message = "one long connection to old makes the run go back here";
            let label = "every worker of old must have left within the `timeout`";
            let problem =
                Finding::at_step(loaded, index, "until", "verify/drain-may-not-end", message, label);
            let help = "wait for `draining`: nobody of old accepts then, and `commit` waits for the rest";
            Finding::warning(problem.help(help))
        })
        .collect()
}
