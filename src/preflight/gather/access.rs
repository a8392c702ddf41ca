//! What changeover and the master's user may do.

use std::{fs, os::unix::fs::MetadataExt, path::Path};

use rustix::{
    fs::{Access as Mode, AtFlags, CWD, accessat},
    process::{Pid, geteuid, test_kill_process},
};

use crate::preflight::{Access, Master};

/// `name` is the one that is exchanged.
pub(super) fn read(pid_file: &Path, master: Option<&Master>, name: Option<&Path>) -> Access {
    let euid = geteuid().as_raw();
    let may_write = |directory: Option<&Path>| {
        directory.is_some_and(|directory| {
            accessat(CWD, directory, Mode::WRITE_OK | Mode::EXEC_OK, AtFlags::EACCESS).is_ok()
        })
    };
    let pid = master.and_then(|master| Pid::from_raw(master.id.pid));
    let we_write_pid_file = may_write(pid_file.parent());
    Access {
        signal: pid.is_some_and(|pid| test_kill_process(pid).is_ok()),
        descriptors: master.is_some_and(|it| fs::read_dir(format!("/proc/{}/fd", it.id.pid)).is_ok()),
        view: master.is_some_and(|it| fs::read_link(format!("/proc/{}/root", it.id.pid)).is_ok()),
        exchange: name.is_some_and(|name| may_write(name.parent()) && !sticky(name, euid)),
        pid_file_renamed: we_write_pid_file
            && master.is_some_and(|master| match master.user {
                (user, _) if user == euid => !sticky(pid_file, user),
                user => may_rename(pid_file, user),
            }),
        euid,
    }
}

/// Whether the sticky bit of its directory keeps this user from renaming a file.
fn sticky(file: &Path, user: u32) -> bool {
    let Some(directory) = file.parent().and_then(|directory| fs::metadata(directory).ok()) else {
        return false;
    };
    let owns = fs::symlink_metadata(file).is_ok_and(|file| file.uid() == user) || directory.uid() == user;
    directory.mode() & 0o1000 != 0 && user != 0 && !owns
}

/// Whether another user may rename a file: the directory's mode bits, and the sticky bit. Extended ACLs and the further
/// groups of the process are not seen: where the directory has such, it is believed.
fn may_rename(file: &Path, (user, group): (u32, u32)) -> bool {
    let Some(directory) = file.parent().and_then(|directory| fs::metadata(directory).ok()) else {
        return false;
    };
    if user == 0 {
        return true;
    }
    let mode = directory.mode();
    let bits = if directory.uid() == user {
        mode >> 6
    } else if directory.gid() == group {
        mode >> 3
    } else {
        mode | mode >> 3
    };
    bits & 0o3 == 0o3 && !sticky(file, user)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the test makes the directory that it looks at")]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    use super::{fs, may_rename};
    use crate::host::scratch::Scratch;

    #[test]
    fn the_mode_and_the_sticky_bit_of_the_directory_decide_for_another_user() {
        let scratch = Scratch::new();
        let file = scratch.write("nginx.pid", b"1\n");
        let us = fs::metadata(&file).unwrap();
        let stranger = (us.uid() + 4000, us.gid() + 4000);
        for (mode, user, may) in [
            (0o700, stranger, false),
            (0o755, stranger, false),
            (0o777, stranger, true),
            (0o1777, stranger, false),
            (0o770, (stranger.0, us.gid()), true),
            (0o750, (stranger.0, us.gid()), false),
            (0o1700, (us.uid(), us.gid()), true),
            (0o700, (0, 0), true),
        ] {
            fs::set_permissions(scratch.path(), fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(may_rename(&file, user), may, "{mode:o} {user:?}");
        }
    }
}
