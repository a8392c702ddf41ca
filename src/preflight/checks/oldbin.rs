//! No changeover is under way, by the file that nginx leaves beside the pid file.

use super::super::{
    Facts, Oldbin,
    finding::{Outcome, refuse, warn},
};

pub(super) fn check(facts: &Facts) -> Outcome {
    facts.master.as_ref()?;
    let path = format!("{}.oldbin", facts.pid_file.path.display());
    match facts.pid_file.oldbin {
        Oldbin::None => None,
        Oldbin::Stale => warn(
            "preflight/oldbin-stale",
            format!("{path} exists and names no living master"),
            "an earlier changeover ended without its old master removing it; nginx overwrites it on USR2",
            format!("nothing, or remove it: rm {path}"),
        ),
        Oldbin::Live(pid) => refuse(
            "preflight/oldbin-live",
            format!("{path} names master {pid}, which lives"),
            "a changeover is under way: nginx ignores USR2 while both generations live",
            "finish it or take it back first: `changeover status` shows both generations",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::healthy::{assert_found, facts},
        Oldbin, check,
    };
    use crate::engine::Level;

    #[test]
    fn no_oldbin_passes() {
        assert_eq!(check(&facts()), None);
    }

    #[test]
    fn a_stale_oldbin_is_a_warning_and_a_live_one_is_refused() {
        let mut facts = facts();
        facts.pid_file.oldbin = Oldbin::Stale;
        assert_found(check(&facts), "preflight/oldbin-stale", Level::Warn);
        facts.pid_file.oldbin = Oldbin::Live(700);
        assert_found(check(&facts), "preflight/oldbin-live", Level::Refuse);
    }
}
