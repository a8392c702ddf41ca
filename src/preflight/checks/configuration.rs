//! The offered binary takes today's configuration.

use super::{
    super::{
        Facts, Judged,
        finding::{Outcome, refuse, warn},
    },
    option_unknown,
};

pub(super) fn check(facts: &Facts) -> Outcome {
    facts.wanted.binary.as_ref()?;
    let trial = facts.offered.as_ref()?.trial.as_ref()?;
    match trial.configuration.as_ref()? {
        Judged::Good(_) => None,
        Judged::Unread(why) => warn(
            "preflight/configuration-not-understood",
            format!("nginx takes the configuration, changeover does not understand it: {why}"),
            "listeners, worker count and pid path of the new generation could not be compared with the old one's",
            "tell the maintainers; until then give `count` where a step waits for new workers",
        ),
        // The unknown option is the cause and has its own finding.
        Judged::Rejected(_) if option_unknown::check(facts).is_some() => None,
        Judged::Rejected(why) => refuse(
            "preflight/configuration-rejected",
            format!("the new binary rejects today's configuration: {why}"),
            "it would exit right after USR2 and the way back would be taken",
            "correct the configuration so that both binaries take it, or offer another build",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::healthy::{assert_found, facts, offered},
        Judged, check,
    };
    use crate::{engine::Level, preflight::Facts};

    fn judged(judged: Judged) -> Facts {
        let mut facts = facts();
        offered(&mut facts).trial.as_mut().unwrap().configuration = Some(judged);
        facts
    }

    #[test]
    fn a_configuration_that_passes_passes() {
        assert_eq!(check(&facts()), None);
    }

    #[test]
    fn a_rejected_configuration_is_refused_with_nginx_s_words() {
        let facts = judged(Judged::Rejected("unknown directive \"x\" in /n:3".into()));
        let finding = assert_found(check(&facts), "preflight/configuration-rejected", Level::Refuse);
        assert!(finding.seen.contains("unknown directive \"x\" in /n:3"));
    }

    #[test]
    fn a_configuration_that_is_not_understood_is_a_warning() {
        let facts = judged(Judged::Unread("x".into()));
        assert_found(check(&facts), "preflight/configuration-not-understood", Level::Warn);
    }
}
