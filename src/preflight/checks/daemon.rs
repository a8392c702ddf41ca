//! nginx was started as a daemon; otherwise it ignores USR2.

use super::super::{
    Facts,
    finding::{Outcome, refuse},
};

pub(super) fn check(facts: &Facts) -> Outcome {
    let master = facts.master.as_ref().filter(|master| master.titled && master.daemonized == Some(false))?;
    refuse(
        "preflight/daemon-off",
        format!("descriptors 0 and 1 of master {} are not the /dev/null of a daemon", master.id),
        "with `daemon off` nginx takes itself for a new binary whose old one still lives: it ignores USR2 and WINCH",
        "start nginx with `daemon on` (under systemd Type=forking with a PIDFile); this one can only be restarted",
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
    fn a_daemon_passes() {
        assert_eq!(check(&facts()), None);
    }

    #[test]
    fn a_master_in_the_foreground_is_refused() {
        let mut facts = facts();
        master_of(&mut facts).daemonized = Some(false);
        assert_found(check(&facts), "preflight/daemon-off", Level::Refuse);
    }
}
