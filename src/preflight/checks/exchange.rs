//! The binary's directory lets two names change places, and executes files.

use super::super::{
    Facts,
    finding::{Outcome, refuse},
};

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
    let error = path.exchange.as_ref().err()?;
    refuse(
        "preflight/exchange-unsupported",
        format!("two names in {directory} cannot be exchanged: {error}"),
        "the path must name the old binary or the new one at every instant, also when changeover is killed",
        "keep the binary on a file system with renameat2(RENAME_EXCHANGE): ext4, xfs, btrfs, tmpfs",
    )
}

#[cfg(test)]
mod tests {
    use super::{
        super::healthy::{assert_found, facts},
        check,
    };
    use crate::engine::Level;

    #[test]
    fn a_directory_that_can_exchange_passes() {
        assert_eq!(check(&facts()), None);
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
