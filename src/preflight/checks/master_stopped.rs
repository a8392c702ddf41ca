//! The master takes signals.

use super::super::{
    Facts,
    finding::{Outcome, refuse},
};

pub(super) fn check(facts: &Facts) -> Outcome {
    let master = facts.master.as_ref().filter(|master| master.stopped)?;
    refuse(
        "preflight/master-stopped",
        format!("master {} is stopped, by SIGSTOP or by a debugger", master.id),
        "it would take no signal, neither on the way forward nor on the way back, until it is continued",
        format!("find out who stopped it, then: kill -CONT {}", master.id),
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
    fn a_master_that_waits_for_signals_passes() {
        assert_eq!(check(&facts()), None);
    }

    #[test]
    fn a_stopped_master_is_refused() {
        let mut facts = facts();
        master_of(&mut facts).stopped = true;
        assert_found(check(&facts), "preflight/master-stopped", Level::Refuse);
    }
}
