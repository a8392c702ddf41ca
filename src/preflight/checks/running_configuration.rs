//! The running binary takes today's configuration too.

use super::super::{
    Facts, Judged,
    finding::{Outcome, refuse},
};

pub(super) fn check(facts: &Facts) -> Outcome {
    let Some(Judged::Rejected(why)) = &facts.running.as_ref()?.configuration else { return None };
    refuse(
        "preflight/running-binary-rejects-configuration",
        format!("the running binary rejects today's configuration: {why}"),
        "until the commit the path names the running binary: a restart, a reboot or a reload of the old master would fail",
        "correct the configuration so that both binaries take it; use new directives after the changeover",
    )
}

#[cfg(test)]
mod tests {
    use super::{
        super::healthy::{assert_found, facts},
        Judged, check,
    };
    use crate::engine::Level;

    #[test]
    fn a_configuration_for_both_passes() {
        assert_eq!(check(&facts()), None);
    }

    #[test]
    fn a_configuration_only_for_new_is_refused() {
        let mut facts = facts();
        facts.running.as_mut().unwrap().configuration =
            Some(Judged::Rejected("unknown directive \"http2\"".into()));
        assert_found(check(&facts), "preflight/running-binary-rejects-configuration", Level::Refuse);
    }
}
