//! The new generation will use the same pid file.

use super::super::{
    Facts,
    finding::{Outcome, refuse},
};

pub(super) fn check(facts: &Facts) -> Outcome {
    let (build, configuration) = (facts.offered_build()?, facts.configuration()?);
    let prefix =
        facts.arguments()?.prefix.as_deref().or_else(|| build.configured("--prefix")).unwrap_or_default();
    let (named, where_from) = match configuration.pid() {
        Some(path) => (path, "the configuration on disk"),
        None => (build.configured("--pid-path")?, "the build (--pid-path)"),
    };
    // nginx puts its prefix in front of a relative path (`ngx_conf_full_name`).
    let path = std::path::Path::new(prefix).join(named);
    if path == facts.pid_file.path || path.is_relative() {
        return None;
    }
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
        assert_eq!(check(&with_configuration("events {}")), None, "the builds' own path is the same");
    }

    #[test]
    fn another_pid_file_on_disk_is_refused() {
        let facts = with_configuration("pid /run/other.pid;");
        assert_found(check(&facts), "preflight/pid-path-differs", Level::Refuse);
    }
}
