//! The workers of both builds run as the same user.

use super::super::{
    Facts,
    finding::{Outcome, warn},
};

pub(super) fn check(facts: &Facts) -> Outcome {
    let root = facts.master.as_ref()?.user.0 == 0;
    if !root || facts.configuration()?.user().is_some() {
        return None;
    }
    let old = facts.running_build()?.configured("--user").unwrap_or("nobody");
    let new = facts.offered_build()?.configured("--user").unwrap_or("nobody");
    if old == new {
        return None;
    }
    warn(
        "preflight/user-differs",
        format!("the configuration sets no `user`; the running build has {old:?}, the new one {new:?}"),
        "the new workers may not be able to read what the old ones could",
        format!("set `user {old};` in the configuration"),
    )
}

#[cfg(test)]
mod tests {
    use super::{
        super::healthy::{assert_found, facts, with_configuration},
        check,
    };
    use crate::{engine::Level, nginx::version::Build};

    #[test]
    fn the_same_user_passes() {
        assert_eq!(check(&facts()), None);
    }

    #[test]
    fn another_default_user_is_a_warning_unless_the_configuration_sets_it() {
        let other =
            Ok(Build::parse(b"nginx version: nginx/1.22.1\nconfigure arguments: --user=nginx\n").unwrap());
        let mut facts = facts();
        facts.running.as_mut().unwrap().build = other.clone();
        assert_found(check(&facts), "preflight/user-differs", Level::Warn);
        let mut set = with_configuration("user www;");
        set.running.as_mut().unwrap().build = other;
        assert_eq!(check(&set), None);
    }
}
