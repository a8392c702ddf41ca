//! The binary path and the files beside it: what was found, what was staged, the stub.

#[cfg(test)]
mod tests;

use std::{
    collections::BTreeSet,
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

use crate::{
    host::{
        ASIDE,
        directory::{Directory, DirectoryError, beside},
        files::{self, Hashed, Symlinks},
        process,
    },
    journal::Begun,
    preflight::Ready,
    protocol::FileId,
    run::MoveError,
};

/// The binary path. Until the commit each exchange is followed by the one back.
///
/// Where the path leads through symlinks, the last one is exchanged for another that names the staged file; the file
/// that it named is never changed.
pub(super) struct Binary {
    path: PathBuf,
    directory: Directory,
    name: OsString,
    found: Found,
    staged: Option<Laid>,
    /// A copy of what old runs, where the path holds another file.
    kept: Option<(OsString, FileId)>,
    /// What new will run, as preflight proved it, and where it is; `None` where that is what old runs.
    proven: Option<(PathBuf, Hashed)>,
    pub(super) stub: (OsString, FileId),
    /// The runs that this instance has had: what they have laid beside the path is this instance's.
    pub(super) runs: BTreeSet<String>,
    /// Until the run begins, what lies beside the path is removed when this is dropped.
    pub(super) begun: bool,
}

/// What the path was found to lead to: the name that is exchanged, and the file.
struct Found {
    entry: FileId,
    file: FileId,
}

/// The staged file, and what takes the path: itself, or the symlink beside it that names it.
struct Laid {
    name: OsString,
    takes: (OsString, FileId),
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
    /// The copy of what old ran.
    Kept,
    /// The empty one.
    Stub,
}

impl Binary {
    /// Opens the directory of the place, and lays the stub and the symlink there.
    pub(super) fn open(ready: &Ready, run: &str) -> Result<Self, DirectoryError> {
        let place = &ready.place;
        let mut binary = Self::of(ready, run, Directory::open(&place.directory)?);
        // From here on what was laid is removed again where a step fails.
        if let Some(staged) = binary.staged.as_mut().filter(|_| place.is_symlink()) {
            let link = link(ready, run);
            // Relative: whatever becomes of the directory's own path, it names its neighbour.
            binary.directory.symlink(Path::new(&staged.name), &link)?;
            staged.takes.0 = link;
            staged.takes.1 = binary.directory.file_id(&staged.takes.0)?;
        }
        binary.stub.1 = binary.lay_stub()?;
        Ok(binary)
    }

    /// Opens the place of a run that another process has begun; what it has laid there is still there. Of the stub, where it
    /// is gone, a new one is laid: the second value says so.
    pub(super) fn reopen(begun: &Begun) -> Result<(Self, bool), DirectoryError> {
        let (ready, run) = (&begun.ready, begun.run.as_str());
        let mut binary = Self::of(ready, run, Directory::open(&ready.place.directory)?);
        binary.begun = true;
        binary.stub.1 = begun.stub;
        if let (Some(staged), Some(takes)) = (binary.staged.as_mut(), begun.takes) {
            staged.takes.1 = takes;
            if ready.place.is_symlink() {
                staged.takes.0 = link(ready, run);
            }
        }
        // Whoever was killed inside an exchange by renames has left a name aside.
        for name in binary.exchanged() {
            binary.directory.settle(name)?;
        }
        // Where the stub is at the path, what was found has its name.
        let gone = binary.directory.file_id(&binary.stub.0).is_err_and(|error| error.is_missing());
        if gone {
            binary.stub.1 = binary.lay_stub()?;
        }
        Ok((binary, gone))
    }

    fn of(ready: &Ready, run: &str, directory: Directory) -> Self {
        let place = &ready.place;
        Self {
            path: ready.binary_path.clone(),
            directory,
            name: place.name.clone(),
            found: Found { entry: place.entry, file: place.file },
            staged: ready.staged.as_ref().map(|staged| Laid {
                name: staged.name.clone(),
                takes: (staged.name.clone(), staged.file.id),
            }),
            kept: ready.kept.as_ref().map(|kept| (kept.name.clone(), kept.file.id)),
            proven: proven(ready),
            runs: BTreeSet::new(),
            stub: (beside(&place.name, &format!("{run}-stub")), place.file),
            begun: false,
        }
    }

    /// The names that change places with the path.
    fn exchanged(&self) -> impl Iterator<Item = &OsString> {
        let staged = self.staged.iter().map(|staged| &staged.takes.0);
        staged.chain(self.kept.iter().map(|(name, _)| name)).chain([&self.stub.0])
    }

    fn lay_stub(&self) -> Result<FileId, DirectoryError> {
        self.directory.write_atomically(&self.stub.0, b"", 0o600, None)
    }

    /// What takes the path at the exchange, where a file is staged.
    pub(super) fn takes(&self) -> Option<FileId> {
        self.staged.as_ref().map(|staged| staged.takes.1)
    }

    /// The file of this run takes the path; what was found takes its name.
    pub(super) fn put(&self, what: Puts) -> Result<(), MoveError> {
        // A name on the way may be another since: then nginx would execute neither this run's file nor the found one.
        self.leads_to_found()?;
        let (name, id) = self.ours(what)?;
        self.exchange((&self.name, self.found.entry), (name, id))
    }

    /// What was found takes the path again, whichever file of this run is there. Nothing to do when it is.
    pub(super) fn put_back(&self) -> Result<(), MoveError> {
        let there = self.directory.file_id(&self.name).map_err(|e| refused(e.code(), &e))?;
        if there == self.found.entry {
            return Ok(());
        }
        for what in [Puts::Staged, Puts::Kept, Puts::Stub] {
            if let Ok((name, id)) = self.ours(what)
                && there == id
            {
                return self.exchange((&self.name, id), (name, self.found.entry));
            }
        }
        let text = format!("{} is not this run's file any more", self.name.display());
        Err(MoveError { code: "run/path-changed", text })
    }

    /// After a restart of the host: the path gets what was found, or after a commit the new file; what it holds then, in words.
    /// A file of somebody else's is not touched.
    pub(super) fn reconcile(&self, committed: bool) -> Result<&'static str, MoveError> {
        let there = self.directory.file_id(&self.name).map_err(|e| refused(e.code(), &e))?;
        let files = [Puts::Staged, Puts::Kept, Puts::Stub].map(|what| self.ours(what).ok());
        let [new, ..] = files;
        let ours = files.into_iter().flatten().find(|(_, id)| *id == there);
        let (other, holds) = match (new.filter(|_| committed), ours) {
            (Some((_, new)), _) if there == new => return Ok("the new file"),
            (Some(new), _) if there == self.found.entry => (new, "the new file"),
            (None, Some((name, _))) => ((name, self.found.entry), "what was found there"),
            _ if there == self.found.entry => return Ok("what was found there"),
            _ => return Ok("a file of somebody else"),
        };
        self.exchange((&self.name, there), other)?;
        self.directory.sync().map_err(|e| refused(e.code(), &e))?;
        Ok(holds)
    }

    /// The staged file takes the path for good, durably; what was found is kept under the staged name.
    pub(super) fn install(&self) -> Result<(), MoveError> {
        self.put(Puts::Staged)?;
        self.directory.sync().map_err(|e| refused(e.code(), &e))
    }

    /// Whether the file that new will run is still the one that preflight proved: the same inode, the same bytes.
    pub(super) fn new_file_is_proven(&self) -> Result<(), String> {
        let Some((path, proven)) = &self.proven else { return Ok(()) };
        let now = files::hash_file(path, Symlinks::Follow).map_err(|e| e.to_string())?;
        if now.id != proven.id {
            return Err(format!("{} is another file now", path.display()));
        }
        if now.sha256 != proven.sha256 {
            return Err(format!("its sha256 is {} now", now.sha256));
        }
        Ok(())
    }

    /// Where what was found lies now, where the path leads to something else.
    pub(super) fn found_beside(&self) -> Option<PathBuf> {
        let found = |name: &&OsString| self.directory.file_id(name).is_ok_and(|id| id == self.found.entry);
        let name = self.exchanged().find(found)?;
        Some(self.directory.path().join(name))
    }

    /// The copy of what old ran, where the path was found to hold another file.
    pub(super) fn kept_beside(&self) -> Option<PathBuf> {
        self.kept.as_ref().map(|(name, _)| self.directory.path().join(name))
    }

    /// Removes what this instance's runs have laid beside the path: after a commit all but the new file where it stays
    /// beside the path, and what old ran, which is kept; else only what this run has laid there. Nothing goes that
    /// somebody executes: another instance may, or a back-master.
    pub(super) fn tidy(&self, committed: bool) -> Result<(), DirectoryError> {
        let staged = self.staged.iter().flat_map(|staged| [&staged.name, &staged.takes.0]);
        let laid: Vec<&OsString> = staged.chain(self.kept.iter().map(|(name, _)| name)).collect();
        let unwanted: Vec<OsString> = if committed && !laid.is_empty() {
            // One kept generation of this instance: an earlier run's old file is two generations old now. What a kept
            // symlink names is kept with it.
            let found = |name: &OsString| self.directory.file_id(name).is_ok_and(|id| id == self.found.file);
            let own = self.directory.all_beside(&self.name).into_iter().filter(|(_, tag)| self.is_own(tag));
            own.map(|(name, _)| name).filter(|name| !laid.contains(&name) && !found(name)).collect()
        } else {
            laid.into_iter().chain([&self.stub.0]).cloned().collect()
        };
        for name in self.exchanged() {
            self.directory.settle(name)?;
        }
        let executed = process::all_executed();
        for name in unwanted {
            if !self.directory.file_id(&name).is_ok_and(|file| executed.contains(&file)) {
                self.directory.unlink_if_there(&name)?;
            }
        }
        Ok(())
    }

    /// Whether a run of this instance has laid the file with this tag beside the path.
    fn is_own(&self, tag: &str) -> bool {
        let tag = tag.strip_suffix(ASIDE).unwrap_or(tag);
        let run = tag.strip_suffix("-stub").or_else(|| tag.strip_suffix("-link")).unwrap_or(tag);
        self.runs.contains(run)
    }

    /// Whether nginx would execute what was found; else why a move that counts on it is refused.
    pub(super) fn leads_to_found(&self) -> Result<(), MoveError> {
        if self.leads_to() == Some(self.found.file) {
            return Ok(());
        }
        let text = format!("{} leads to another file than was found", self.path.display());
        Err(MoveError { code: "run/path-changed", text })
    }

    /// The file that nginx would execute now.
    fn leads_to(&self) -> Option<FileId> {
        files::file_id(&self.path, Symlinks::Follow).ok()
    }

    fn ours(&self, what: Puts) -> Result<(&OsStr, FileId), MoveError> {
        let ours = match what {
            Puts::Staged => self.staged.as_ref().map(|staged| &staged.takes),
            Puts::Kept => self.kept.as_ref(),
            Puts::Stub => Some(&self.stub),
        };
        let none =
            || MoveError { code: "run/nothing-staged", text: "the run has laid no such file".to_owned() };
        ours.map(|(name, id)| (name.as_os_str(), *id)).ok_or_else(none)
    }

    fn exchange(&self, first: (&OsStr, FileId), second: (&OsStr, FileId)) -> Result<(), MoveError> {
        self.directory.exchange(first, second).map(drop).map_err(|e| refused(e.code(), &e))
    }
}

/// The name of the symlink that takes the path, where that is one.
fn link(ready: &Ready, run: &str) -> OsString {
    beside(&ready.place.name, &format!("{run}-link"))
}

/// What new will run, as preflight has read it, and where it lies.
fn proven(ready: &Ready) -> Option<(PathBuf, Hashed)> {
    let staged = ready.staged.as_ref().map(|staged| (staged.path.clone(), staged.file.clone()));
    staged.or_else(|| Some((ready.binary_path.clone(), ready.adopted.clone()?)))
}

/// An error of the host, as the run's own.
pub(super) fn refused(code: &'static str, error: &dyn std::error::Error) -> MoveError {
    MoveError { code, text: error.to_string() }
}
