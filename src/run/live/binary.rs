//! The binary path and the files beside it: what was found, what was staged, the stub.

use std::{
    ffi::{OsStr, OsString},
    path::Path,
};

use crate::{
    host::{
        directory::{Directory, DirectoryError, beside},
        files::{self, Hashed, Symlinks},
    },
    preflight::Ready,
    protocol::FileId,
    run::MoveError,
};

/// The binary path. Until the commit each exchange is followed by the one back.
pub(super) struct Binary {
    pub(super) directory: Directory,
    pub(super) name: OsString,
    pub(super) found: FileId,
    pub(super) staged: Option<(OsString, Hashed)>,
    pub(super) stub: (OsString, FileId),
    /// Until the run begins, what lies beside the path is removed when this is dropped.
    pub(super) begun: bool,
}

impl Drop for Binary {
    fn drop(&mut self) {
        if !self.begun {
            // A name that stays harms nobody; the next run has another id.
            let _ = self.tidy(false);
        }
    }
}

/// Which file of this run takes the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Puts {
    /// The staged one.
    Staged,
    /// The empty one.
    Stub,
}

impl Binary {
    /// Opens the directory of the path and lays the stub beside it.
    pub(super) fn open(ready: &Ready, run: &str) -> Result<Self, DirectoryError> {
        let path = &ready.binary_path;
        let directory = Directory::open(path.parent().unwrap_or(Path::new("/")))?;
        let name = path.file_name().unwrap_or_default().to_owned();
        let stub = beside(&name, &format!("{run}-stub"));
        let staged = ready.staged.as_ref().map(|staged| (staged.name.clone(), staged.file.clone()));
        let stub_id = match directory.write_atomically(&stub, b"", 0o600) {
            Ok(id) => id,
            Err(error) => {
                if let Some((name, _)) = staged {
                    let _ = directory.unlink_if_there(&name);
                }
                return Err(error);
            }
        };
        Ok(Self { directory, name, found: ready.found, staged, stub: (stub, stub_id), begun: false })
    }

    /// The file of this run takes the path; what was found takes its name.
    pub(super) fn put(&self, what: Puts) -> Result<(), MoveError> {
        let (name, id) = self.ours(what)?;
        self.exchange((&self.name, self.found), (name, id))
    }

    /// What was found takes the path again, whichever file of this run is there. Nothing to do when it is.
    pub(super) fn put_back(&self) -> Result<(), MoveError> {
        let there = self.directory.file_id(&self.name).map_err(|e| refused(e.code(), &e))?;
        if there == self.found {
            return Ok(());
        }
        for what in [Puts::Staged, Puts::Stub] {
            if let Ok((name, id)) = self.ours(what)
                && there == id
            {
                return self.exchange((&self.name, id), (name, self.found));
            }
        }
        let text = format!("{} is not this run's file any more", self.name.display());
        Err(MoveError { code: "run/path-changed", text })
    }

    /// The staged file takes the path for good, durably; what was found is kept under the staged name.
    pub(super) fn install(&self) -> Result<(), MoveError> {
        self.put(Puts::Staged)?;
        self.directory.sync().map_err(|e| refused(e.code(), &e))
    }

    /// Whether the staged file is still the one that preflight proved: the same inode, the same bytes.
    pub(super) fn staged_is_proven(&self) -> Result<(), String> {
        let Some((name, proven)) = &self.staged else { return Ok(()) };
        let path = self.directory.path().join(name);
        let now = files::hash_file(&path, Symlinks::Refuse).map_err(|e| e.to_string())?;
        if now.id != proven.id {
            return Err(format!("{} is another file now", path.display()));
        }
        if now.sha256 != proven.sha256 {
            return Err(format!("its sha256 is {} now", now.sha256));
        }
        Ok(())
    }

    /// Removes what runs have laid beside the path: after a commit all but the old file, which is kept under the
    /// staged name; else only what this run has laid there.
    pub(super) fn tidy(&self, committed: bool) -> Result<(), DirectoryError> {
        let staged = self.staged.as_ref().map(|(name, _)| name);
        let unwanted: Vec<OsString> = if committed && staged.is_some() {
            // One kept generation: an earlier run's old file is two generations old now.
            let beside = self.directory.all_beside(&self.name).into_iter().map(|(name, _)| name);
            beside.filter(|name| Some(name) != staged).collect()
        } else {
            staged.into_iter().chain([&self.stub.0]).cloned().collect()
        };
        for name in unwanted {
            self.directory.unlink_if_there(&name)?;
        }
        Ok(())
    }

    fn ours(&self, what: Puts) -> Result<(&OsStr, FileId), MoveError> {
        match (what, &self.staged) {
            (Puts::Staged, Some((name, hashed))) => Ok((name, hashed.id)),
            (Puts::Stub, _) => Ok((&self.stub.0, self.stub.1)),
            (Puts::Staged, None) => {
                Err(MoveError { code: "run/nothing-staged", text: "the plan stages no file".to_owned() })
            }
        }
    }

    fn exchange(&self, first: (&OsStr, FileId), second: (&OsStr, FileId)) -> Result<(), MoveError> {
        self.directory.exchange(first, second).map(drop).map_err(|e| refused(e.code(), &e))
    }
}

/// An error of the host, as the run's own.
pub(super) fn refused(code: &'static str, error: &dyn std::error::Error) -> MoveError {
    MoveError { code, text: error.to_string() }
}
