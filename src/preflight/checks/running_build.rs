//! The running binary can still be started.

use super::super::{
    Facts,
    finding::{Outcome, refuse},
};

pub(super) fn check(facts: &Facts) -> Outcome {
    let error = facts.running.as_ref()?.build.as_ref().err()?;
    let why = if facts.path_differs() {
        "it could not be started again from the copy that is kept: a way back would have nothing to start"
    } else {
        "until the commit the path names this file: a restart or a reboot would leave nothing that serves"
    };
    refuse(
        "preflight/running-binary-does-not-run",
        format!("the running binary with `-V`: {error}"),
        why,
        "make it executable again, with the libraries that it needs and without LD_LIBRARY_PATH",
    )
}

#[cfg(test)]
mod tests {
    use super::{
        super::healthy::{adopting, assert_found, facts},
        check,
    };
    use crate::engine::Level;

    #[test]
    fn a_binary_that_still_runs_passes() {
        assert_eq!(check(&facts()), None);
    }

    #[test]
    fn a_running_binary_that_cannot_be_started_again_is_refused() {
        let mut facts = facts();
        facts.running.as_mut().unwrap().build = Err("exit code 127".into());
        assert_found(check(&facts), "preflight/running-binary-does-not-run", Level::Refuse);
    }

    #[test]
    fn where_a_file_is_adopted_the_copy_that_is_kept_is_what_could_not_be_started() {
        let mut facts = adopting();
        facts.running.as_mut().unwrap().build = Err("exit code 127".into());
        let finding = assert_found(check(&facts), "preflight/running-binary-does-not-run", Level::Refuse);
        assert!(finding.why.contains("the copy that is kept"), "{}", finding.why);
    }
}
