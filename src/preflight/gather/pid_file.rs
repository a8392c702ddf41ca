//! The pid file and its `.oldbin`.

use std::path::{Path, PathBuf};

use crate::{
    host::files::{Symlinks, read_bounded},
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
    PidFile { path: path.to_owned(), text: text(path), oldbin, others: Vec::new() }
}

fn text(path: &Path) -> PidText {
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
