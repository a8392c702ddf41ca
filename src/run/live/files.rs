//! The pid file, `.oldbin` and the unix listening paths.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use super::binary::refused;
use crate::{
    host::directory::{Directory, DirectoryError, beside},
    protocol::Identity,
    run::MoveError,
};

/// The pid file and its `.oldbin`.
pub(super) struct PidFile {
    pub(super) directory: Directory,
    pub(super) name: OsString,
    pub(super) oldbin: PathBuf,
    /// Whom it belongs to where that is not us: the master's own user.
    pub(super) owner: Option<(u32, u32)>,
}

impl PidFile {
    /// Opens the directory of the pid file.
    ///
    /// A pid file of root's would keep another user's nginx from opening it again (`nginx -t`) and, in a sticky
    /// directory, from renaming it at USR2.
    pub(super) fn open(path: &Path, owner: Option<(u32, u32)>) -> Result<Self, DirectoryError> {
        let directory = Directory::open(path.parent().unwrap_or(Path::new("/")))?;
        let name = path.file_name().unwrap_or_default().to_owned();
        let mut oldbin = path.as_os_str().to_owned();
        oldbin.push(".oldbin");
        Ok(Self { directory, name, oldbin: oldbin.into(), owner })
    }

    /// Whether `.oldbin` is there.
    pub(super) fn oldbin_is_there(&self) -> bool {
        self.oldbin.file_name().is_some_and(|name| self.directory.file_id(name).is_ok())
    }

    /// Whether the pid file is there.
    pub(super) fn is_there(&self) -> bool {
        self.directory.file_id(&self.name).is_ok()
    }

    /// Writes it as nginx does, but never half: a temporary file, then a rename.
    pub(super) fn write(&self, master: Identity) -> Result<(), MoveError> {
        let text = format!("{}\n", master.pid);
        let written = self.directory.write_atomically(&self.name, text.as_bytes(), 0o644, self.owner);
        written.map(drop).map_err(|e| refused(e.code(), &e))
    }

    /// Removes the stale `.oldbin`.
    pub(super) fn unlink_oldbin(&self) -> Result<(), MoveError> {
        let name = self.oldbin.file_name().unwrap_or_default();
        self.directory.unlink_if_there(name).map_err(|e| refused(e.code(), &e))
    }
}

/// One unix listening path and the hard link kept beside it.
pub(super) struct UnixPath {
    pub(super) path: PathBuf,
    /// Until the run begins, the second name is removed when this is dropped.
    pub(super) begun: bool,
    directory: Directory,
    kept: OsString,
}

impl Drop for UnixPath {
    fn drop(&mut self) {
        if !self.begun {
            // A name that stays harms nobody; the next run has another id.
            let _ = self.forget();
        }
    }
}

impl UnixPath {
    /// Links the socket a second time beside itself, so that a path that somebody unlinks can be linked back
    /// (nginx-facts 27).
    pub(super) fn keep(path: &Path, run: &str) -> Result<Self, DirectoryError> {
        let directory = Directory::open(path.parent().unwrap_or(Path::new("/")))?;
        let name = path.file_name().unwrap_or_default();
        let kept = beside(name, run);
        directory.hard_link(name, &kept)?;
        Ok(Self { path: path.to_owned(), begun: false, directory, kept })
    }

    /// That of a run that another process has begun.
    pub(super) fn reopen(path: &Path, run: &str) -> Result<Self, DirectoryError> {
        let directory = Directory::open(path.parent().unwrap_or(Path::new("/")))?;
        let kept = beside(path.file_name().unwrap_or_default(), run);
        Ok(Self { path: path.to_owned(), begun: true, directory, kept })
    }

    /// Links the path back.
    pub(super) fn link_back(&self) -> Result<(), MoveError> {
        let name = self.path.file_name().unwrap_or_default();
        let linked =
            self.directory.unlink_if_there(name).and_then(|()| self.directory.hard_link(&self.kept, name));
        linked.map_err(|e| refused(e.code(), &e))
    }

    /// Removes the second name.
    pub(super) fn forget(&self) -> Result<(), DirectoryError> {
        self.directory.unlink_if_there(&self.kept)
    }
}
