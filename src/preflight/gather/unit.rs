//! The systemd unit that the master is the main process of.

use std::{fs, path::Path, time::Duration};

use crate::{
    host::{
        command::{Command, End},
        process::Process,
    },
    nginx::printable,
    preflight::facts::Unit,
};

/// Where `systemctl` is; a `PATH` is not asked.
const SYSTEMCTL: [&str; 2] = ["/usr/bin/systemctl", "/bin/systemctl"];

/// `None` without systemd, and for a master that was started by hand inside another unit.
pub(super) async fn read(master: i32) -> Option<Result<Unit, String>> {
    // sd_booted(3)
    if !Path::new("/run/systemd/system").is_dir() {
        return None;
    }
    let cgroups = fs::read_to_string(format!("/proc/{master}/cgroup")).ok()?;
    let name = unit_of(&cgroups)?;
    match show(name).await {
        Ok(text) => described(name, &text, master).map(Ok),
        Err(error) => Some(Err(format!("{name} could not be read: {error}"))),
    }
}

/// The service in the path of a control group; that of a user's own manager is not this systemd's.
fn unit_of(cgroups: &str) -> Option<&str> {
    let line = cgroups.lines().filter(|line| line.starts_with("0::") || line.contains(":name=systemd:"));
    let mut parts = line.flat_map(|line| line.split('/'));
    parts.find(|part| part.ends_with(".service")).filter(|name| !name.starts_with("user@"))
}

async fn show(name: &str) -> Result<String, String> {
    let program =
        SYSTEMCTL.iter().map(Path::new).find(|path| path.exists()).ok_or("there is no systemctl")?;
    let mut command = Command::new(program);
    command.arguments =
        ["show", "--no-pager", "--property=Type,PIDFile,MainPID", "--", name].map(Into::into).to_vec();
    command.timeout = Duration::from_secs(5);
    let done = command.run().await.map_err(|error| error.to_string())?;
    if done.end == End::Exited(0) {
        Ok(String::from_utf8_lossy(&done.stdout.bytes).into_owned())
    } else {
        Err(printable(String::from_utf8_lossy(&done.stderr.bytes).trim(), 300))
    }
}

/// What the unit says, unless its main process is another that lives: then it is not nginx's.
fn described(name: &str, text: &str, master: i32) -> Option<Unit> {
    let property = |key: &str| {
        text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('=')).unwrap_or_default()
    };
    let main = property("MainPID").parse().unwrap_or(0);
    if main != master && main > 0 && Process::read(main).is_some() {
        return None;
    }
    Some(Unit {
        name: name.to_owned(),
        kind: property("Type").to_owned(),
        pid_file: property("PIDFile").to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::{described, unit_of};

    #[test]
    fn the_service_is_found_in_both_kinds_of_control_groups() {
        assert_eq!(unit_of("0::/system.slice/nginx.service\n"), Some("nginx.service"));
        assert_eq!(
            unit_of("4:cpu:/a.service\n1:name=systemd:/system.slice/n.service/x\n"),
            Some("n.service")
        );
        assert_eq!(unit_of("0::/user.slice/user-0.slice/session-1.scope\n"), None);
        assert_eq!(unit_of("0::/user.slice/user@0.service/app.slice/n.service\n"), None);
    }

    #[test]
    fn a_unit_of_another_process_is_not_the_master_s() {
        let me = i32::try_from(std::process::id()).unwrap();
        let text = format!("Type=forking\nPIDFile=/run/n.pid\nMainPID={me}\n");
        let unit = described("n.service", &text, me).unwrap();
        assert_eq!((unit.kind.as_str(), unit.pid_file.as_str()), ("forking", "/run/n.pid"));
        assert_eq!(described("n.service", &text, me + 1), None);
        assert!(described("n.service", "Type=forking\nMainPID=0\n", me).is_some());
    }
}
