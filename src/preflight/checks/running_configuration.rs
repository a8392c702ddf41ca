//! The running binary takes today's configuration too.

use super::super::{
    Facts, Judged,
    finding::{Outcome, refuse, warn},
};

pub(super) fn check(facts: &Facts) -> Outcome {
    let Some(Judged::Rejected(why)) = &facts.running.as_ref()?.configuration else { return None };
    if facts.path_differs() {
        return warn(
            "preflight/running-binary-rejects-configuration",
            format!("the running binary rejects today's configuration: {why}"),
            "after a way back old serves from memory, and a reload of it would fail; mostly its modules were replaced with it",
            "do not reload before the changeover; it need not be corrected for it",
        );
    }
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
        super::healthy::{adopting, assert_found, facts},
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

    #[test]
    fn a_package_manager_that_replaced_the_modules_too_is_a_warning() {
        let mut facts = adopting();
        facts.running.as_mut().unwrap().configuration =
            Some(Judged::Rejected("module \"/m.so\" version 1026003 instead of 1022001".into()));
        assert_found(check(&facts), "preflight/running-binary-rejects-configuration", Level::Warn);
    }
}
