//! The plan's `target` is what the master executes.

use super::super::{
    BinaryStep, Facts,
    finding::{Outcome, refuse},
};

pub(super) fn check(facts: &Facts) -> Outcome {
    let Some(BinaryStep::Replace(step)) = &facts.wanted.binary else { return None };
    let target = step.target.as_ref()?;
    let path = &facts.path.as_ref()?.path;
    if path == target {
        return None;
    }
    refuse(
        "preflight/target-differs",
        format!("the plan's target is {}, the master executes {}", target.display(), path.display()),
        "a running nginx executes its own argv[0] on USR2; a file elsewhere would not be started",
        format!("leave `target` out, or write target = \"{}\"", path.display()),
    )
}

#[cfg(test)]
mod tests {
    use super::{
        super::healthy::{assert_found, facts, replace},
        check,
    };
    use crate::engine::Level;

    #[test]
    fn no_target_or_the_right_one_passes() {
        assert_eq!(check(&facts()), None);
        let mut right = facts();
        replace(&mut right).target = Some("/usr/sbin/nginx".into());
        assert_eq!(check(&right), None);
    }

    #[test]
    fn another_target_is_refused() {
        let mut facts = facts();
        replace(&mut facts).target = Some("/opt/nginx".into());
        assert_found(check(&facts), "preflight/target-differs", Level::Refuse);
    }
}
