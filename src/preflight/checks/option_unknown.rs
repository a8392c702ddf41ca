//! The offered binary knows the options that the master was started with.

use super::super::{
    Facts,
    finding::{Outcome, refuse},
};

pub(super) fn check(facts: &Facts) -> Outcome {
    let build = facts.offered_build()?;
    let (option, value) = facts.arguments()?.options().find(|(option, _)| !build.supports_option(*option))?;
    refuse(
        "preflight/option-unknown",
        format!(
            "the master was started with `-{option} {value}`, which {build} does not have (1.19.5 and later do)"
        ),
        "the new binary is started with the same arguments and would exit at once",
        format!("restart nginx once without `-{option}`, or offer a later version"),
    )
}

#[cfg(test)]
mod tests {
    use super::{
        super::healthy::{CONFIGURATION, assert_found, facts, master_of, offered, trial},
        check,
    };
    use crate::{engine::Level, nginx::arguments::Arguments};

    #[test]
    fn options_that_both_know_pass() {
        let mut facts = facts();
        master_of(&mut facts).arguments =
            Arguments::from_title("nginx: master process /usr/sbin/nginx -e /e -c /c");
        assert_eq!(check(&facts), None);
    }

    #[test]
    fn option_e_for_an_older_build_is_refused() {
        let mut facts = facts();
        master_of(&mut facts).arguments =
            Arguments::from_title("nginx: master process /usr/sbin/nginx -e /e");
        offered(&mut facts).trial = Some(trial("1.18.0", CONFIGURATION));
        assert_found(check(&facts), "preflight/option-unknown", Level::Refuse);
    }
}
