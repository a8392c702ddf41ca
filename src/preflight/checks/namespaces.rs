//! The master lives where changeover runs.

use super::super::{
    Facts,
    finding::{Outcome, refuse},
};

pub(super) fn check(facts: &Facts) -> Outcome {
    let master = facts.master.as_ref().filter(|master| master.other_numbers)?;
    refuse(
        "preflight/other-namespace",
        format!("master {} has a pid namespace of its own", master.id),
        "its process numbers are others than those seen from here",
        "run changeover where the master runs (inside its container); a container is mostly better changed by its image",
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
    fn a_master_beside_us_passes() {
        assert_eq!(check(&facts()), None);
    }

    #[test]
    fn a_master_in_a_container_is_refused() {
        let mut facts = facts();
        master_of(&mut facts).other_numbers = true;
        assert_found(check(&facts), "preflight/other-namespace", Level::Refuse);
    }
}
