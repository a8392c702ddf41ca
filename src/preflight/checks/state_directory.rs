//! What is known of a run outlives the host.

use super::super::{
    Facts,
    finding::{Outcome, warn},
};

pub(super) fn check(facts: &Facts) -> Outcome {
    let state = facts.state_in_memory.as_ref()?;
    warn(
        "preflight/state-in-memory",
        format!("the state directory {} is in memory", state.display()),
        "after a restart of the host nobody would know of a run that was under way",
        "keep it on a disk, or name another one with --state-dir",
    )
}

#[cfg(test)]
mod tests {
    use super::{
        super::healthy::{assert_found, facts},
        check,
    };
    use crate::engine::Level;

    #[test]
    fn only_a_state_directory_in_memory_is_told() {
        let mut facts = facts();
        assert_eq!(check(&facts), None);
        facts.state_in_memory = Some("/run/changeover".into());
        assert_found(check(&facts), "preflight/state-in-memory", Level::Warn);
    }
}
