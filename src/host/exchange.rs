//! Exchanging two names, in one step where the file system can: the binary path never names nothing.

use std::ffi::{OsStr, OsString};

use rustix::{
    fs::{self, RenameFlags},
    io::Errno,
};

use super::directory::{Directory, DirectoryError, Doing, beside};
use crate::protocol::FileId;

/// What two names were before and are after an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exchanged {
    /// What the first name is now.
    pub first: FileId,
    /// What the second name is now.
    pub second: FileId,
}

/// How names are exchanged in a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exchanges {
    /// With `RENAME_EXCHANGE`.
    InOneStep,
    /// Each by a rename, with a third name in between.
    ByRenames,
}

/// ext2 to ext4, xfs, btrfs, tmpfs, overlay (`linux/magic.h`).
const KNOWN: [fs::FsWord; 5] = [0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994, 0x794c_7630];

/// Why two names were not exchanged.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// The file system or the kernel cannot do it, and has no hard links either.
    #[error("the file system of {directory} cannot exchange two names and has no hard links", directory = directory.display())]
    Unsupported {
        /// Where it was tried.
        directory: std::path::PathBuf,
    },
    /// One of the names is not the file that was expected; nothing was changed.
    #[error("{name} is not the file that was expected", name = name.display())]
    Foreign {
        /// The name that somebody else changed.
        name: OsString,
    },
    /// The kernel refused.
    #[error(transparent)]
    Failed(#[from] DirectoryError),
}

impl ExchangeError {
    /// The one name of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unsupported { .. } => "host/exchange-unsupported",
            Self::Foreign { .. } => "host/exchange-foreign",
            Self::Failed(error) => error.code(),
        }
    }
}

impl Directory {
    /// Exchanges two names when each still is the file it was; not synced, so that it stays quick.
    ///
    /// The check and the exchange are two calls: the identities after it are read again and returned, and a
    /// difference to what was expected is undone and told. On a file system without `RENAME_EXCHANGE` two renames do it; what
    /// an earlier exchange of that kind has left is settled first.
    ///
    /// # Errors
    /// When a name is another file, when one is missing, or when the file system cannot exchange.
    pub fn exchange(
        &self,
        (first, first_is): (&OsStr, FileId),
        (second, second_is): (&OsStr, FileId),
    ) -> Result<Exchanged, ExchangeError> {
        self.settle(second)?;
        for (name, expected) in [(first, first_is), (second, second_is)] {
            if self.file_id(name)? != expected {
                return Err(ExchangeError::Foreign { name: name.to_owned() });
            }
        }
        if let Err(error) = self.swap(first, second) {
            let ExchangeError::Unsupported { .. } = error else { return Err(error) };
            self.exchange_by_renames((first, first_is), second)?;
            return Ok(Exchanged { first: second_is, second: first_is });
        }
        let now = Exchanged { first: self.file_id(first)?, second: self.file_id(second)? };
        if now == (Exchanged { first: second_is, second: first_is }) {
            return Ok(now);
        }
        self.swap(first, second)?;
        let name = if now.first == second_is { first } else { second };
        Err(ExchangeError::Foreign { name: name.to_owned() })
    }

    fn swap(&self, first: &OsStr, second: &OsStr) -> Result<(), ExchangeError> {
        match fs::renameat_with(self, first, self, second, RenameFlags::EXCHANGE) {
            Ok(()) => Ok(()),
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
                Err(ExchangeError::Unsupported { directory: self.path().to_owned() })
            }
            Err(error) => Err(self.failed(Doing::Exchange, first)(error).into()),
        }
    }

    /// Whether the file system is of a kind that is known to exchange names in one step.
    ///
    /// # Errors
    /// When the file system does not say.
    pub fn is_known_to_exchange(&self) -> Result<bool, DirectoryError> {
        Ok(KNOWN.contains(&self.kind()?))
    }

    /// Finds out how names can be exchanged here, with two files of its own that are removed again.
    ///
    /// # Errors
    /// [`ExchangeError::Unsupported`], or when the directory cannot be written.
    pub fn exchanges(&self, name: &OsStr, run: &str) -> Result<Exchanges, ExchangeError> {
        let names = [beside(name, &format!("{run}-1")), beside(name, &format!("{run}-2"))];
        let [first, second] = &names;
        let tried = self.create(first).and_then(|_| self.create(second)).map_err(ExchangeError::from);
        let tried = tried.and_then(|_| match self.swap(first, second) {
            Ok(()) => Ok(Exchanges::InOneStep),
            Err(ExchangeError::Unsupported { .. }) => {
                let one = self.file_id(first)?;
                self.exchange_by_renames((first, one), second).map(|()| Exchanges::ByRenames)
            }
            Err(error) => Err(error),
        });
        self.settle(second)?;
        for name in &names {
            self.unlink_if_there(name)?;
        }
        tried
    }
}

#[cfg(test)]
mod tests {
    use super::{super::scratch::Scratch, *};

    #[test]
    fn two_names_change_places() {
        let scratch = Scratch::new();
        scratch.write("nginx", b"old");
        scratch.write(".nginx.changeover-1", b"new");
        let directory = Directory::open(scratch.path()).unwrap();
        let (path, staged) = (OsStr::new("nginx"), OsStr::new(".nginx.changeover-1"));
        let (old, new) = (directory.file_id(path).unwrap(), directory.file_id(staged).unwrap());
        let now = directory.exchange((path, old), (staged, new)).unwrap();
        assert_eq!(now, Exchanged { first: new, second: old });
        directory.sync().unwrap();
        assert_eq!(std::fs::read(scratch.path().join("nginx")).unwrap(), b"new");
    }

    #[test]
    fn a_file_that_somebody_else_put_there_is_not_exchanged() {
        let scratch = Scratch::new();
        scratch.write("nginx", b"old");
        scratch.write("staged", b"new");
        let directory = Directory::open(scratch.path()).unwrap();
        let (path, staged) = (OsStr::new("nginx"), OsStr::new("staged"));
        let (old, new) = (directory.file_id(path).unwrap(), directory.file_id(staged).unwrap());
        directory.write_atomically(path, b"foreign", 0o755, None).unwrap();
        let refused = directory.exchange((path, old), (staged, new)).unwrap_err();
        assert_eq!(refused.code(), "host/exchange-foreign");
        assert_eq!(std::fs::read(scratch.path().join("nginx")).unwrap(), b"foreign");
    }

    #[test]
    fn the_trial_exchange_leaves_nothing_behind() {
        let scratch = Scratch::new();
        let directory = Directory::open(scratch.path()).unwrap();
        assert_eq!(directory.exchanges(OsStr::new("nginx"), "r1").unwrap(), Exchanges::InOneStep);
        assert!(scratch.names().is_empty());
    }

    #[test]
    fn a_directory_that_cannot_be_written_refuses_the_trial() {
        let directory = Directory::open(std::path::Path::new("/proc")).unwrap();
        let refused = directory.exchanges(OsStr::new("nginx"), "r1").unwrap_err();
        assert_eq!(refused.code(), "host/file-not-written");
    }
}
