//! The configuration on disk is the one that runs.

use super::super::{
    Facts,
    finding::{Outcome, warn},
};

/// No more files are named.
const NAMED: usize = 5;

pub(super) fn check(facts: &Facts) -> Outcome {
    let files = &facts.newer_files;
    if files.is_empty() {
        return None;
    }
    let named: Vec<_> =
        files.iter().take(NAMED).map(|file| format!("{} ({} s)", file.path, file.seconds)).collect();
    let more =
        files.len().checked_sub(NAMED).filter(|more| *more > 0).map(|more| format!(" and {more} more"));
    warn(
        "preflight/configuration-newer",
        format!("changed after the workers started: {}{}", named.join(", "), more.unwrap_or_default()),
        "the new generation reads the configuration from disk, so these changes go live together with the new binary",
        "reload first, so that a failure has one possible cause",
    )
}

#[cfg(test)]
mod tests {
    use super::{
        super::healthy::{assert_found, facts},
        check,
    };
    use crate::{engine::Level, preflight::NewerFile};

    #[test]
    fn a_configuration_older_than_the_workers_passes() {
        assert_eq!(check(&facts()), None);
    }

    #[test]
    fn newer_files_are_named() {
        let mut facts = facts();
        facts.newer_files = (0..7).map(|n| NewerFile { path: format!("/etc/{n}"), seconds: 3 }).collect();
        let finding = assert_found(check(&facts), "preflight/configuration-newer", Level::Warn);
        assert!(finding.seen.contains("/etc/0 (3 s)") && finding.seen.ends_with("/etc/4 (3 s) and 2 more"));
    }
}
