//! The binary path and the files beside it: what was found, what was staged, the stub.

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
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
///
/// Where the path leads through symlinks, the last one is exchanged for another that names the staged file; the file
/// that it named is never changed.
pub(super) struct Binary {
    path: PathBuf,
    directory: Directory,
    name: OsString,
    found: Found,
    staged: Option<Laid>,
    pub(super) stub: (OsString, FileId),
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
    file: Hashed,
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
    /// The empty one.
    Stub,
}

impl Binary {
    /// Opens the directory of the place, and lays the stub and the symlink there.
    pub(super) fn open(ready: &Ready, run: &str) -> Result<Self, DirectoryError> {
        let place = &ready.place;
        let mut binary = Self {
            path: ready.binary_path.clone(),
            directory: Directory::open(&place.directory)?,
            name: place.name.clone(),
            found: Found { entry: place.entry, file: place.file },
            staged: ready.staged.as_ref().map(|staged| Laid {
                name: staged.name.clone(),
                file: staged.file.clone(),
                takes: (staged.name.clone(), staged.file.id),
            }),
            stub: (beside(&place.name, &format!("{run}-stub")), place.file),
            begun: false,
        };
        // From here on what was laid is removed again where a step fails.
        if let Some(staged) = binary.staged.as_mut().filter(|_| place.is_symlink()) {
            let link = beside(&place.name, &format!("{run}-link"));
            // Relative: whatever becomes of the directory's own path, it names its neighbour.
            binary.directory.symlink(Path::new(&staged.name), &link)?;
            staged.takes.0 = link;
            staged.takes.1 = binary.directory.file_id(&staged.takes.0)?;
        }
        binary.stub.1 = binary.directory.write_atomically(&binary.stub.0, b"", 0o600)?;
        Ok(binary)
    }

    /// The file of this run takes the path; what was found takes its name.
    pub(super) fn put(&self, what: Puts) -> Result<(), MoveError> {
        // A name on the way may be another since: then nginx would execute neither this run's file nor the found one.
        if self.leads_to() != Some(self.found.file) {
            let text = format!("{} leads to another file than was found", self.path.display());
            return Err(MoveError { code: "run/path-changed", text });
        }
        let (name, id) = self.ours(what)?;
        self.exchange((&self.name, self.found.entry), (name, id))
    }

    /// What was found takes the path again, whichever file of this run is there. Nothing to do when it is.
    pub(super) fn put_back(&self) -> Result<(), MoveError> {
        let there = self.directory.file_id(&self.name).map_err(|e| refused(e.code(), &e))?;
        if there == self.found.entry {
            return Ok(());
        }
        for what in [Puts::Staged, Puts::Stub] {
            if let Ok((name, id)) = self.ours(what)
                && there == id
            {
                return self.exchange((&self.name, id), (name, self.found.entry));
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
        let Some(Laid { name, file: proven, .. }) = &self.staged else { return Ok(()) };
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

    /// Removes what runs have laid beside the path: after a commit all but the new file where it stays beside the path,
    /// and what was found, which is kept; else only what this run has laid there.
    pub(super) fn tidy(&self, committed: bool) -> Result<(), DirectoryError> {
        let laid: Vec<&OsString> =
            self.staged.iter().flat_map(|staged| [&staged.name, &staged.takes.0]).collect();
        let unwanted: Vec<OsString> = if committed && self.staged.is_some() {
            // One kept generation: an earlier run's old file is two generations old now. What a kept symlink names is
            // kept with it.
            let beside = self.directory.all_beside(&self.name).into_iter().map(|(name, _)| name);
            let found = |name: &OsString| self.directory.file_id(name).is_ok_and(|id| id == self.found.file);
            beside.filter(|name| !laid.contains(&name) && !found(name)).collect()
        } else {
            laid.into_iter().chain([&self.stub.0]).cloned().collect()
        };
        for name in unwanted {
            self.directory.unlink_if_there(&name)?;
        }
        Ok(())
    }

    /// The file that nginx would execute now.
    fn leads_to(&self) -> Option<FileId> {
        files::file_id(&self.path, Symlinks::Follow).ok()
    }

    fn ours(&self, what: Puts) -> Result<(&OsStr, FileId), MoveError> {
        match (what, &self.staged) {
            (Puts::Staged, Some(Laid { takes: (name, id), .. })) => Ok((name, *id)),
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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::host::scratch::Scratch;

    /// `nginx` → `file`, with a staged file and a symlink that names it.
    fn through_a_symlink(scratch: &Scratch) -> Binary {
        scratch.write("file", b"old");
        symlink("file", scratch.path().join("nginx")).unwrap();
        scratch.write("staged", b"new");
        symlink("staged", scratch.path().join("staged-link")).unwrap();
        scratch.write("stub", b"");
        let directory = Directory::open(scratch.path()).unwrap();
        let id = |name: &str| directory.file_id(OsStr::new(name)).unwrap();
        let staged = files::hash_file(&scratch.path().join("staged"), Symlinks::Refuse).unwrap();
        Binary {
            path: scratch.path().join("nginx"),
            name: "nginx".into(),
            found: Found { entry: id("nginx"), file: id("file") },
            staged: Some(Laid {
                name: "staged".into(),
                file: staged,
                takes: ("staged-link".into(), id("staged-link")),
            }),
            stub: ("stub".into(), id("stub")),
            begun: true,
            directory,
        }
    }

    fn names(scratch: &Scratch) -> PathBuf {
        std::fs::read_link(scratch.path().join("nginx")).unwrap_or_default()
    }

    #[test]
    fn the_symlink_is_exchanged_and_the_file_that_it_named_is_not() {
        let scratch = Scratch::new();
        let binary = through_a_symlink(&scratch);
        for (what, there) in [(Puts::Staged, "staged"), (Puts::Stub, "")] {
            binary.put(what).unwrap();
            assert_eq!(names(&scratch), Path::new(there));
            binary.put_back().unwrap();
            assert_eq!((names(&scratch), binary.leads_to()), ("file".into(), Some(binary.found.file)));
        }
        binary.install().unwrap();
        assert_eq!(std::fs::read(scratch.path().join("file")).unwrap(), b"old");
        assert_eq!(std::fs::read(scratch.path().join("nginx")).unwrap(), b"new");
    }

    #[test]
    fn a_symlink_that_leads_to_another_file_since_is_not_exchanged() {
        let scratch = Scratch::new();
        let binary = through_a_symlink(&scratch);
        binary.directory.write_atomically(OsStr::new("file"), b"foreign", 0o755).unwrap();
        for what in [Puts::Staged, Puts::Stub] {
            assert_eq!(binary.put(what).unwrap_err().code, "run/path-changed");
            assert_eq!(names(&scratch), Path::new("file"));
        }
    }
}
