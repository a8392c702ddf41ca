//! The service serves before it is changed.

use super::super::{
    Facts,
    finding::{Outcome, note, refuse},
};

pub(super) fn check(facts: &Facts) -> Outcome {
    let master = facts.master.as_ref().filter(|master| master.titled)?;
    if master.workers.is_empty() {
        return refuse(
            "preflight/no-workers",
            format!("master {} has no worker that accepts", master.id),
            "there is no service to change without a loss, and nothing to compare the way back with",
            "bring the service up first: look into its error log, then reload or restart it",
        );
    }
    if master.draining == 0 {
        return None;
    }
    note(
        "preflight/workers-draining",
        format!("{} workers of an earlier reload still finish their connections", master.draining),
        "they stay through the changeover and end with their last connection; the old master stays as long",
        "nothing, or wait until they are gone",
    )
}

#[cfg(test)]
mod tests {
    use super::{
        super::healthy::{assert_found, facts, master_of},
        check,
    };
    use crate::engine::Level;

    #[test]
    fn workers_that_accept_pass() {
        assert_eq!(check(&facts()), None);
    }

    #[test]
    fn a_master_without_workers_is_refused_and_draining_ones_are_noted() {
        let mut facts = facts();
        master_of(&mut facts).draining = 2;
        assert_found(check(&facts), "preflight/workers-draining", Level::Note);
        master_of(&mut facts).workers.clear();
        assert_found(check(&facts), "preflight/no-workers", Level::Refuse);
    }
}
