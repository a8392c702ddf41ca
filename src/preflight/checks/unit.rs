//! systemd will follow from the old master to the new one.

use std::path::Path;

use super::super::{
    Facts,
    finding::{Outcome, refuse},
};

const WHY: &str = "when the old master leaves, systemd looks for the new one in PIDFile. Without it the unit counts as dead, and \
    systemd ends the new generation too";

pub(super) fn check(facts: &Facts) -> Outcome {
    let unit = match facts.unit.as_ref()? {
        Ok(unit) => unit,
        Err(error) => {
            return refuse(
                "preflight/unit-not-read",
                error,
                WHY,
                "run changeover where `systemctl show` works, as root on the host itself",
            );
        }
    };
    let path = facts.pid_file.path.as_path();
    if unit.kind != "forking" {
        return refuse(
            "preflight/unit-type",
            format!("{} has Type={}", unit.name, unit.kind),
            WHY,
            format!("give the unit Type=forking and PIDFile={}, then restart it once", path.display()),
        );
    }
    if same(Path::new(&unit.pid_file), path) {
        return None;
    }
    refuse(
        "preflight/unit-pid-file",
        match unit.pid_file.as_str() {
            "" => format!("{} has no PIDFile", unit.name),
            other => format!("{} has PIDFile={other}, the pid file is {}", unit.name, path.display()),
        },
        WHY,
        format!("set PIDFile={} in the unit and run `systemctl daemon-reload`", path.display()),
    )
}

/// systemd turns `/var/run/…` of a unit into `/run/…`.
fn same(a: &Path, b: &Path) -> bool {
    let run = |path: &Path| {
        path.strip_prefix("/var/run").map_or(path.to_owned(), |rest| Path::new("/run").join(rest))
    };
    run(a) == run(b)
}

#[cfg(test)]
mod tests {
    use super::{
        super::healthy::{assert_found, facts},
        check,
    };
    use crate::{engine::Level, preflight::Unit};

    fn unit(kind: &str, pid_file: &str) -> crate::preflight::Facts {
        let unit = Unit { name: "nginx.service".into(), kind: kind.into(), pid_file: pid_file.into() };
        crate::preflight::Facts { unit: Some(Ok(unit)), ..facts() }
    }

    #[test]
    fn a_forking_unit_with_the_pid_file_passes() {
        assert_eq!(check(&unit("forking", "/run/nginx.pid")), None);
        assert_eq!(check(&unit("forking", "/var/run/nginx.pid")), None);
        assert_eq!(check(&facts()), None);
    }

    #[test]
    fn a_unit_that_cannot_be_read_is_refused() {
        let facts = crate::preflight::Facts { unit: Some(Err("no bus".into())), ..facts() };
        assert_found(check(&facts), "preflight/unit-not-read", Level::Refuse);
    }

    #[test]
    fn any_other_type_is_refused() {
        assert_found(check(&unit("simple", "")), "preflight/unit-type", Level::Refuse);
    }

    #[test]
    fn a_unit_with_another_pid_file_or_none_is_refused() {
        assert_found(check(&unit("forking", "")), "preflight/unit-pid-file", Level::Refuse);
        assert_found(check(&unit("forking", "/run/other.pid")), "preflight/unit-pid-file", Level::Refuse);
    }
}
