//! The files of a situation: the binary path, the pid file, `.oldbin`, unix paths. Read only.

use std::{
    fs::{self, File},
    io::Read,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use crate::protocol::{FileId, PathHolds};

/// The most that is read of a pid file, in bytes; nginx writes a number and a line feed.
const PID_FILE_MAX: u64 = 64;

/// What a pid file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    Pid(i32),
    Unreadable,
    Missing,
}

pub(super) fn pid_file(path: &Path) -> Content {
    let mut text = String::new();
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Content::Missing,
        Err(_) => return Content::Unreadable,
    };
    // A fifo or a device at the path would block or never end.
    if !file.metadata().is_ok_and(|metadata| metadata.is_file())
        || file.take(PID_FILE_MAX).read_to_string(&mut text).is_err()
    {
        return Content::Unreadable;
    }
    text.trim().parse().ok().filter(|pid| *pid > 0).map_or(Content::Unreadable, Content::Pid)
}

/// Where nginx puts the pid file while a second generation lives (`NGX_OLDPID_EXT`).
pub(super) fn oldbin(pid_file: &Path) -> PathBuf {
    let mut name = pid_file.as_os_str().to_owned();
    name.push(".oldbin");
    PathBuf::from(name)
}

/// The file that a path leads to, through symlinks.
pub(super) fn file_id(path: &Path) -> Option<FileId> {
    let metadata = fs::metadata(path).ok()?;
    Some(FileId { dev: metadata.dev(), ino: metadata.ino() })
}

/// What the binary path holds. Ours comes before found: they are never the same inode.
pub(super) fn path_holds(
    path: &Path,
    found: FileId,
    ours: Option<FileId>,
    stub: Option<FileId>,
) -> PathHolds {
    match file_id(path) {
        None => PathHolds::Missing,
        Some(now) if now == found => PathHolds::Found,
        Some(now) if ours == Some(now) => PathHolds::Ours,
        Some(now) if stub == Some(now) => PathHolds::Stub,
        Some(_) => PathHolds::Foreign,
    }
}
