//! The offered file is the version that the plan says.

use super::super::{
    Facts,
    finding::{Outcome, refuse},
};

pub(super) fn check(facts: &Facts) -> Outcome {
    let wanted = facts.wanted.binary.as_ref()?.version()?;
    let build = facts.offered_build().filter(|build| build.version != *wanted)?;
    refuse(
        "preflight/version-differs",
        format!("the new binary says {build}, the plan says {wanted}"),
        "it is another build than the plan was written for",
        format!("offer version {wanted}, or write version = \"{}\"", build.version),
    )
}

#[cfg(test)]
mod tests {
    use super::{
        super::healthy::{CONFIGURATION, adopting, assert_found, facts, offered, replace, trial},
        check,
    };
    use crate::engine::Level;

    #[test]
    fn no_version_or_the_right_one_passes() {
        assert_eq!(check(&facts()), None);
        let mut right = facts();
        replace(&mut right).version = Some("1.26.3".into());
        assert_eq!(check(&right), None);
    }

    #[test]
    fn another_version_is_refused() {
        let mut facts = facts();
        replace(&mut facts).version = Some("1.26".into());
        assert_found(check(&facts), "preflight/version-differs", Level::Refuse);
    }

    #[test]
    fn another_version_at_the_path_is_refused() {
        let mut facts = adopting();
        assert_eq!(check(&facts), None);
        offered(&mut facts).trial = Some(trial("1.26.2", CONFIGURATION));
        assert_found(check(&facts), "preflight/version-differs", Level::Refuse);
    }
}
