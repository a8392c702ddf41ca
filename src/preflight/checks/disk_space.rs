//! The new file fits beside the old one.

use super::super::{
    Facts,
    finding::{Outcome, refuse},
};

pub(super) fn check(facts: &Facts) -> Outcome {
    let path = facts.path.as_ref()?;
    let space = path.space.filter(|space| space.free < space.needed)?;
    let directory = path.directory().display();
    refuse(
        "preflight/disk-full",
        format!("{directory} has {} KiB free, {} KiB are needed", space.free / 1024, space.needed / 1024),
        "both binaries lie side by side until the commit, so that either can be put at the path in one step",
        format!("make room in {directory}"),
    )
}

#[cfg(test)]
mod tests {
    use super::{
        super::healthy::{assert_found, facts},
        check,
    };
    use crate::{engine::Level, preflight::Space};

    #[test]
    fn enough_room_passes() {
        assert_eq!(check(&facts()), None);
    }

    #[test]
    fn too_little_room_is_refused() {
        let mut facts = facts();
        facts.path.as_mut().unwrap().space = Some(Space { free: 4096, needed: 8192 });
        let finding = assert_found(check(&facts), "preflight/disk-full", Level::Refuse);
        assert!(finding.seen.contains("4 KiB free, 8 KiB"));
    }
}
