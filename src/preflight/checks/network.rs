//! changeover looks from the network that the master's sockets are in.

use super::super::{
    Facts, Network,
    finding::{Outcome, refuse},
};

pub(super) fn check(facts: &Facts) -> Outcome {
    let master = facts.master.as_ref()?;
    let Network::Closed(why) = &master.network else { return None };
    refuse(
        "preflight/other-network",
        format!("master {} has a network of its own, which could not be entered: {why}", master.id),
        "what listens there is not seen from here, and no answer can be attributed to a worker: no step that asks \
         a generation and no way back could know who serves",
        format!("run changeover as root, or started by `nsenter --target {} --net`", master.id),
    )
}

#[cfg(test)]
mod tests {
    use super::{
        super::healthy::{assert_found, facts, master_of},
        check,
    };
    use crate::{engine::Level, preflight::Network};

    #[test]
    fn our_network_and_one_that_was_entered_pass() {
        let mut facts = facts();
        assert_eq!(check(&facts), None);
        master_of(&mut facts).network = Network::Entered;
        assert_eq!(check(&facts), None);
    }

    #[test]
    fn a_network_that_may_not_be_entered_is_refused() {
        let mut facts = facts();
        master_of(&mut facts).network = Network::Closed("Operation not permitted".to_owned());
        let finding = assert_found(check(&facts), "preflight/other-network", Level::Refuse);
        assert!(finding.why.contains("no answer can be attributed"), "{finding:?}");
    }
}
