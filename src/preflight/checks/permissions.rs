//! changeover may do what a run needs.

use super::super::{
    Facts,
    finding::{Outcome, refuse},
};

pub(super) fn check(facts: &Facts) -> Outcome {
    let master = facts.master.as_ref()?;
    let access = facts.access;
    let path = facts.path.as_ref().map(|path| path.exchanged().display().to_string());
    let path = path.unwrap_or_default();
    let user = master.user.0;
    let missing: Vec<String> = [
        (access.signal, format!("signal master {}", master.id)),
        (access.descriptors, format!("read the descriptors of master {}", master.id)),
        (access.view, format!("look at the files as master {} sees them", master.id)),
        (access.euid == 0 || access.euid == user, format!("test the configuration as user {user}")),
        (access.exchange || facts.path.is_none(), format!("make and exchange files beside {path}")),
    ]
    .into_iter()
    .filter(|(may, _)| !may)
    .map(|(_, what)| what)
    .collect();
    if missing.is_empty() {
        return None;
    }
    refuse(
        "preflight/no-permission",
        format!("user {} may not {}", access.euid, missing.join(", nor ")),
        "a run that stops half-way for a permission cannot bring the old binary back either",
        "run changeover as root, or as the master's user with a binary directory that belongs to it",
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
    fn who_may_do_everything_passes() {
        assert_eq!(check(&facts()), None);
    }

    #[test]
    fn everything_that_is_not_permitted_is_named() {
        let mut facts = facts();
        (facts.access.signal, facts.access.exchange) = (false, false);
        let finding = assert_found(check(&facts), "preflight/no-permission", Level::Refuse);
        assert!(
            finding.seen.contains("signal master 812, nor make and exchange files beside /usr/sbin/nginx")
        );
    }
}
