//! The files of a situation: the binary path, the pid file, `.oldbin`, unix paths. Read only.

use std::{
    fs,
    io::ErrorKind,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use crate::{
    host::files::{FileError, Symlinks, read_bounded},
    protocol::{FileId, Generation, Identity, PathHolds, PidFile},
};

/// The most that is read of a pid file, in bytes; nginx writes a number and a line feed.
const PID_FILE_MAX: usize = 64;

/// What a pid file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    Pid(i32),
    Unreadable,
    Missing,
}

pub(super) fn pid_file(path: &Path) -> Content {
    // A fifo at the path would block, a device never end: neither is opened as a pid file.
    match read_bounded(path, PID_FILE_MAX, Symlinks::Follow) {
        Ok(read) => {
            let text = String::from_utf8_lossy(&read.bytes);
            text.trim().parse().ok().filter(|pid| *pid > 0).map_or(Content::Unreadable, Content::Pid)
        }
        Err(FileError::Open { source, .. }) if source.kind() == ErrorKind::NotFound => Content::Missing,
        Err(_) => Content::Unreadable,
    }
}

/// Whom a pid file names: one of these masters, or somebody else.
#[must_use]
pub fn names(path: &Path, old: Option<Identity>, new: Option<Identity>) -> PidFile {
    match pid_file(path) {
        Content::Pid(pid) if old.is_some_and(|old| old.pid == pid) => PidFile::Names(Generation::Old),
        Content::Pid(pid) if new.is_some_and(|new| new.pid == pid) => PidFile::Names(Generation::New),
        Content::Pid(pid) => PidFile::Foreign(pid),
        Content::Unreadable => PidFile::Unreadable,
        Content::Missing => PidFile::Missing,
    }
}

/// Where nginx puts the pid file while a second generation lives (`NGX_OLDPID_EXT`).
#[must_use]
pub fn oldbin(pid_file: &Path) -> PathBuf {
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
