//! The binary's directory lets two names change places, and executes files.

use super::super::{
    Facts,
    finding::{Outcome, note, refuse, warn},
};
use crate::host::Exchanges;

pub(super) fn check(facts: &Facts) -> Outcome {
    let path = facts.path.as_ref().filter(|_| facts.access.exchange)?;
    let directory = path.directory().display();
    if path.noexec {
        return refuse(
            "preflight/noexec-mount",
            format!("{directory} is mounted noexec"),
            "nothing there can be executed, so USR2 and the next start would both fail",
            "mount it without noexec, or start nginx from another directory",
        );
    }
    let renames = "two renames take its place there, and a file that somebody else puts at the path in the same instant would \
                   be lost";
    let error = match &path.exchange {
        Ok(Some(Exchanges::InOneStep)) => return None,
        Ok(Some(Exchanges::ByRenames)) => {
            return warn(
                "preflight/exchange-by-renames",
                format!("the file system of {directory} cannot exchange two names in one step"),
                renames,
                "keep the binary on ext4, xfs, btrfs or tmpfs, or see that nobody installs nginx meanwhile",
            );
        }
        Ok(None) => {
            return note(
                "preflight/exchange-by-renames",
                format!(
                    "whether the file system of {directory} can exchange two names in one step is not known"
                ),
                renames,
                "a run finds it out, and warns where it cannot",
            );
        }
        Err(error) => error,
    };
    refuse(
        "preflight/exchange-unsupported",
        format!("two names in {directory} cannot be exchanged: {error}"),
        "the path must name the old binary or the new one at every instant, also when changeover is killed",
        "keep the binary on a file system with renameat2(RENAME_EXCHANGE), or with hard links: ext4, xfs, btrfs, tmpfs",
    )
}

#[cfg(test)]
mod tests {
    use super::{
        super::healthy::{assert_found, facts},
        check,
    };
    use crate::{engine::Level, host::Exchanges};

    #[test]
    fn a_directory_that_can_exchange_passes() {
        assert_eq!(check(&facts()), None);
    }

    #[test]
    fn a_file_system_that_takes_two_renames_is_told() {
        let mut facts = facts();
        for (exchange, level) in [(Some(Exchanges::ByRenames), Level::Warn), (None, Level::Note)] {
            facts.path.as_mut().unwrap().exchange = Ok(exchange);
            assert_found(check(&facts), "preflight/exchange-by-renames", level);
        }
    }

    #[test]
    fn a_file_system_without_exchange_or_exec_is_refused() {
        let mut facts = facts();
        facts.path.as_mut().unwrap().exchange = Err("not supported".into());
        assert_found(check(&facts), "preflight/exchange-unsupported", Level::Refuse);
        facts.path.as_mut().unwrap().noexec = true;
        assert_found(check(&facts), "preflight/noexec-mount", Level::Refuse);
    }
}
