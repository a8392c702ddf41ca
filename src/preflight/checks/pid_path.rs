//! The new generation will use the same pid file.

use super::super::{
    Facts,
    finding::{Outcome, refuse},
};

pub(super) fn check(facts: &Facts) -> Outcome {
    let (path, where_from) = facts.next_pid_file().filter(|_| !facts.pid_file.same_next)?;
    refuse(
        "preflight/pid-path-differs",
        format!(
            "the new master will write {} ({where_from}), the old one wrote {}",
            path.display(),
            facts.pid_file.path.display()
        ),
        "systemd, log rotation and `nginx -s` would look for the master in a file that nobody writes any more",
        format!("set `pid {};` in the configuration", facts.pid_file.path.display()),
    )
}

#[cfg(test)]
mod tests {
    use super::{
        super::healthy::{assert_found, facts, with_configuration},
        check,
    };
    use crate::engine::Level;

    #[test]
    fn the_same_pid_file_passes() {
        assert_eq!(check(&facts()), None);
        let mut unset = with_configuration("events {}");
        unset.pid_file.same_next = false;
        let finding = assert_found(check(&unset), "preflight/pid-path-differs", Level::Refuse);
        assert!(finding.seen.contains("will write /run/nginx.pid (the build"), "{}", finding.seen);
    }

    #[test]
    fn another_pid_file_on_disk_is_refused_and_another_spelling_is_not() {
        let mut facts = with_configuration("pid /var/run/nginx.pid;");
        facts.pid_file.same_next = false;
        let finding = assert_found(check(&facts), "preflight/pid-path-differs", Level::Refuse);
        assert!(
            finding.seen.contains("will write /var/run/nginx.pid (the configuration"),
            "{}",
            finding.seen
        );
        facts.pid_file.same_next = true;
        assert_eq!(check(&facts), None);
    }
}
