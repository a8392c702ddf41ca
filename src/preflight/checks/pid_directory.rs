//! The master can rename its pid file.

use super::super::{
    Facts,
    finding::{Outcome, refuse},
};

pub(super) fn check(facts: &Facts) -> Outcome {
    let master = facts.master.as_ref().filter(|_| !facts.access.pid_file_renamed)?;
    let directory = facts.pid_file.path.parent().unwrap_or(&facts.pid_file.path).display();
    refuse(
        "preflight/pid-directory-not-writable",
        format!("user {} of master {} may not rename files in {directory}", master.user.0, master.id),
        "USR2 fails when the pid file cannot be renamed, and leaves a master that adds workers at every reload",
        format!(
            "make {directory} writable for that user and not read-only, or put the pid file elsewhere and restart"
        ),
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
    fn a_writable_directory_passes() {
        assert_eq!(check(&facts()), None);
    }

    #[test]
    fn a_directory_that_the_master_cannot_write_is_refused() {
        let mut facts = facts();
        facts.access.pid_file_renamed = false;
        assert_found(check(&facts), "preflight/pid-directory-not-writable", Level::Refuse);
    }
}
