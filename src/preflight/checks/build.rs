//! The offered file runs and is a server of nginx's family.

use super::super::{
    Facts,
    finding::{Outcome, refuse},
};

pub(super) fn check(facts: &Facts) -> Outcome {
    let trial = facts.offered.as_ref()?.trial.as_ref()?;
    let error = trial.build.as_ref().err()?;
    refuse(
        "preflight/build-does-not-run",
        format!("the new binary with `-V`: {error}"),
        "nginx starts it with an environment of almost nothing, as was done here; it would not start on USR2 either",
        "offer a build for this machine; libraries must be found without LD_LIBRARY_PATH",
    )
}

#[cfg(test)]
mod tests {
    use super::{
        super::healthy::{assert_found, facts, offered},
        check,
    };
    use crate::engine::Level;

    #[test]
    fn a_build_that_tells_its_version_passes() {
        assert_eq!(check(&facts()), None);
    }

    #[test]
    fn a_garbage_file_is_refused() {
        let mut facts = facts();
        offered(&mut facts).trial.as_mut().unwrap().build = Err("Exec format error".into());
        assert_found(check(&facts), "preflight/build-does-not-run", Level::Refuse);
    }
}
