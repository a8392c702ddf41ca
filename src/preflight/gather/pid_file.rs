//! The pid file and its `.oldbin`.

use std::path::{Path, PathBuf};

use crate::{
    host::files::{Symlinks, file_id, read_bounded},
    nginx::pid_file::{MOST_BYTES, PidFileError, parse},
    observe,
    preflight::facts::{Oldbin, PidFile, PidText},
    protocol::Title,
};

pub(super) fn read(path: &Path) -> PidFile {
    let mut oldbin = path.as_os_str().to_owned();
    oldbin.push(".oldbin");
    let oldbin = match text(&PathBuf::from(oldbin)) {
        PidText::Missing => Oldbin::None,
        PidText::Names(pid) if is_master(pid) => Oldbin::Live(pid),
        _ => Oldbin::Stale,
    };
    PidFile { path: path.to_owned(), text: text(path), oldbin, same_next: false, others: Vec::new() }
}

/// Whether two paths are one name in one directory, as `/run` and `/var/run` are on most hosts.
pub(in crate::preflight) fn is_same_name(one: &Path, other: &Path) -> bool {
    let directory = |path: &Path| file_id(path.parent()?, Symlinks::Follow).ok();
    one == other
        || (one.file_name() == other.file_name()
            && directory(one).is_some_and(|id| directory(other) == Some(id)))
}

/// What the file says.
pub(in crate::preflight) fn text(path: &Path) -> PidText {
    match read_bounded(path, MOST_BYTES, Symlinks::Follow) {
        Ok(read) => match parse(&read.bytes) {
            Ok(pid) => PidText::Names(pid),
            Err(PidFileError::Empty) => PidText::Empty,
            Err(error) => PidText::Unusable(error.to_string()),
        },
        Err(error) if error.is_missing() => PidText::Missing,
        Err(error) => PidText::Unusable(error.to_string()),
    }
}

/// Whether this process lives and has the title of a master.
pub(super) fn is_master(pid: i32) -> bool {
    observe::facts(pid).is_some_and(|process| process.title == Title::Master)
}
