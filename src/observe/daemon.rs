//! Whether a master has left the process that started it: otherwise it ignores USR2 and WINCH.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Whether a master runs as a daemon: `ngx_daemon` opens `/dev/null` once, for reading and writing, as descriptors 0 and 1; an exec keeps them
/// (nginx-facts 35). `None` where that may not be read.
#[must_use]
pub fn daemonized(pid: i32) -> Option<bool> {
    let proc = PathBuf::from(format!("/proc/{pid}"));
    let is_daemons = |number: &str| {
        let link = fs::read_link(proc.join("fd").join(number));
        let link = match link {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return None,
            link => link.unwrap_or_default(),
        };
        let info = fs::read_to_string(proc.join("fdinfo").join(number)).unwrap_or_default();
        let flags =
            info.lines().find_map(|line| u32::from_str_radix(line.strip_prefix("flags:")?.trim(), 8).ok());
        Some(link == Path::new("/dev/null") && flags.is_some_and(|flags| flags & 3 == 2))
    };
    Some(is_daemons("0")? && is_daemons("1")?)
}
