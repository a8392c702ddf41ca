//! The master's command line is known: it is what the new binary will be started with.

use super::super::{
    Facts,
    finding::{Outcome, refuse},
};

pub(super) fn check(facts: &Facts) -> Outcome {
    let master = facts.master.as_ref().filter(|master| master.titled)?;
    let error = master.arguments.as_ref().err()?;
    refuse(
        "preflight/arguments-unclear",
        format!("master {}: {error}", master.id),
        "the new binary is started with the same arguments, and must be tested with them",
        "start nginx with arguments without blanks (only `-g` may have some) and from a normal environment",
    )
}

#[cfg(test)]
mod tests {
    use super::{
        super::healthy::{assert_found, facts, master_of},
        check,
    };
    use crate::{
        engine::Level,
        nginx::arguments::{Arguments, ArgumentsError},
    };

    #[test]
    fn a_clear_command_line_passes() {
        assert_eq!(check(&facts()), None);
    }

    #[test]
    fn blanks_and_cut_titles_are_refused_instead_of_guessed() {
        let mut blanks = facts();
        master_of(&mut blanks).arguments = Arguments::from_title("nginx: master process /srv/my nginx");
        assert_found(check(&blanks), "preflight/arguments-unclear", Level::Refuse);
        let mut cut = facts();
        master_of(&mut cut).arguments = Err(ArgumentsError::Cut);
        assert_found(check(&cut), "preflight/arguments-unclear", Level::Refuse);
    }
}
