//! One directory, opened once: every name in it is relative to what was opened, whatever its path becomes.

use std::{
    ffi::{OsStr, OsString},
    fs::File,
    io::{self, Write},
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use rustix::fs::{self, AtFlags, Gid, Mode, OFlags, StatVfsMountFlags, Uid};

use super::files::id_of;
use crate::protocol::FileId;

/// No more names of a directory are looked through.
const MOST_ENTRIES: usize = 100_000;

/// What was being done to a name when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each says what it is")]
pub enum Doing {
    Open,
    LookAt,
    Create,
    Write,
    Link,
    Unlink,
    Rename,
    Exchange,
    Sync,
}

impl Doing {
    const fn words(self) -> &'static str {
        match self {
            Self::Open => "opened",
            Self::LookAt => "looked at",
            Self::Create => "created",
            Self::Write => "written",
            Self::Link => "linked",
            Self::Unlink => "unlinked",
            Self::Rename => "renamed",
            Self::Exchange => "exchanged",
            Self::Sync => "synced",
        }
    }
}

/// A name in a directory could not be changed or looked at.
#[derive(Debug, thiserror::Error)]
#[error("{path} could not be {doing}: {source}", path = path.display(), doing = doing.words())]
pub struct DirectoryError {
    /// What was attempted.
    pub doing: Doing,
    /// The path as it was when the directory was opened.
    pub path: PathBuf,
    /// What the kernel said.
    pub source: io::Error,
}

impl DirectoryError {
    /// The one name of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match (self.doing, self.source.kind()) {
            (_, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => "host/disk-full",
            (_, io::ErrorKind::ReadOnlyFilesystem) => "host/read-only",
            (Doing::Open, _) => "host/directory-not-opened",
            (Doing::LookAt, _) => "host/name-not-found",
            (Doing::Create | Doing::Write, _) => "host/file-not-written",
            (Doing::Link, _) => "host/file-not-linked",
            (Doing::Unlink, _) => "host/file-not-unlinked",
            (Doing::Rename, _) => "host/file-not-renamed",
            (Doing::Exchange, _) => "host/not-exchanged",
            (Doing::Sync, _) => "host/not-synced",
        }
    }

    /// Whether there is no such name.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.source.kind() == io::ErrorKind::NotFound
    }
}

/// An open directory.
#[derive(Debug)]
pub struct Directory {
    fd: OwnedFd,
    path: PathBuf,
}

impl AsFd for Directory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Directory {
    /// Opens it; a symlink in the path is followed once, now.
    ///
    /// # Errors
    /// When it is missing, not a directory or not readable.
    pub fn open(path: &Path) -> Result<Self, DirectoryError> {
        // O_PATH would not do: the directory is synced through this descriptor.
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        match fs::open(path, flags, Mode::empty()) {
            Ok(fd) => Ok(Self { fd, path: path.to_owned() }),
            Err(e) => Err(DirectoryError { doing: Doing::Open, path: path.to_owned(), source: e.into() }),
        }
    }

    /// The path by which it was opened.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// An error about one name in it.
    pub(super) fn failed(
        &self,
        doing: Doing,
        name: &OsStr,
    ) -> impl FnOnce(rustix::io::Errno) -> DirectoryError {
        let path = self.path.join(name);
        move |error| DirectoryError { doing, path, source: error.into() }
    }

    /// The number of the device that it lies on (`st_dev`).
    ///
    /// # Errors
    /// When the kernel does not tell.
    pub fn device(&self) -> Result<u64, DirectoryError> {
        fs::fstat(&self.fd).map(|stat| stat.st_dev).map_err(self.failed(Doing::LookAt, OsStr::new(".")))
    }

    /// Which file a name is; a symlink is itself.
    ///
    /// # Errors
    /// When there is no such name.
    pub fn file_id(&self, name: &OsStr) -> Result<FileId, DirectoryError> {
        fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW)
            .map(|stat| id_of(&stat))
            .map_err(self.failed(Doing::LookAt, name))
    }

    /// Makes a new file that nobody else may open yet; an existing name, also a symlink, is an error.
    ///
    /// # Errors
    /// When the name is taken or the directory cannot be written.
    pub(super) fn create(&self, name: &OsStr) -> Result<File, DirectoryError> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        fs::openat(&self.fd, name, flags, Mode::RUSR | Mode::WUSR)
            .map(File::from)
            .map_err(self.failed(Doing::Create, name))
    }

    /// Puts `bytes` of an `owner`, if not ours, at a name in one step: whoever opens it sees the old file or the whole new one.
    ///
    /// The temporary file is `.NAME.changeover-write`; one left by a crash is removed first.
    ///
    /// # Errors
    /// When writing, syncing or renaming fails; nothing is left behind then.
    pub fn write_atomically(
        &self,
        name: &OsStr,
        bytes: &[u8],
        mode: u32,
        owner: Option<(u32, u32)>,
    ) -> Result<FileId, DirectoryError> {
        let temporary = beside(name, "write");
        self.unlink_if_there(&temporary)?;
        let mut file = self.create(&temporary)?;
        let written = self.fill(&mut file, &temporary, bytes, (mode, owner)).and_then(|id| {
            fs::renameat(&self.fd, &temporary, &self.fd, name).map_err(self.failed(Doing::Rename, name))?;
            Ok(id)
        });
        match written {
            Ok(id) => self.sync().map(|()| id),
            Err(error) => {
                // The first error is the one to tell; a leftover is removed by the next write.
                let _ = self.unlink_if_there(&temporary);
                Err(error)
            }
        }
    }

    fn fill(
        &self,
        file: &mut File,
        name: &OsStr,
        bytes: &[u8],
        (mode, owner): (u32, Option<(u32, u32)>),
    ) -> Result<FileId, DirectoryError> {
        file.write_all(bytes).map_err(|source| DirectoryError {
            doing: Doing::Write,
            path: self.path.join(name),
            source,
        })?;
        if let Some((user, group)) = owner {
            let (user, group) = (Uid::from_raw(user), Gid::from_raw(group));
            fs::fchown(&*file, Some(user), Some(group)).map_err(self.failed(Doing::Write, name))?;
        }
        fs::fchmod(&*file, Mode::from_raw_mode(mode)).map_err(self.failed(Doing::Write, name))?;
        fs::fsync(&*file).map_err(self.failed(Doing::Sync, name))?;
        fs::fstat(&*file).map(|stat| id_of(&stat)).map_err(self.failed(Doing::LookAt, name))
    }

    /// Gives the file at `name` a second name; an existing one is an error.
    ///
    /// # Errors
    /// When the new name is taken or the file system has no hard links.
    pub fn hard_link(&self, name: &OsStr, second: &OsStr) -> Result<(), DirectoryError> {
        fs::linkat(&self.fd, name, &self.fd, second, AtFlags::empty())
            .map_err(self.failed(Doing::Link, second))
    }

    /// Makes a symlink with this text; an existing name is an error.
    ///
    /// # Errors
    /// When the name is taken or the directory cannot be written.
    pub fn symlink(&self, text: &Path, name: &OsStr) -> Result<(), DirectoryError> {
        fs::symlinkat(text, &self.fd, name).map_err(self.failed(Doing::Link, name))
    }

    /// Removes a name.
    ///
    /// # Errors
    /// When there is none or the directory cannot be written.
    pub fn unlink(&self, name: &OsStr) -> Result<(), DirectoryError> {
        fs::unlinkat(&self.fd, name, AtFlags::empty()).map_err(self.failed(Doing::Unlink, name))
    }

    /// Removes a name that may be missing.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub fn unlink_if_there(&self, name: &OsStr) -> Result<(), DirectoryError> {
        match self.unlink(name) {
            Err(error) if error.source.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    /// Makes every change of names so far survive a power cut.
    ///
    /// # Errors
    /// When the kernel cannot write.
    pub fn sync(&self) -> Result<(), DirectoryError> {
        fs::fsync(&self.fd).map_err(self.failed(Doing::Sync, OsStr::new("")))
    }

    /// How many bytes this process may still write here.
    ///
    /// # Errors
    /// When the file system does not say.
    pub fn free_bytes(&self) -> Result<u64, DirectoryError> {
        let stat = fs::fstatvfs(&self.fd).map_err(self.failed(Doing::LookAt, OsStr::new("")))?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    /// The names that lie beside `name` here (see [`beside`]), each with its tag, sorted; of a directory with very
    /// many names only some.
    #[must_use]
    pub fn all_beside(&self, name: &OsStr) -> Vec<(OsString, String)> {
        let prefix = beside(name, "");
        let entries = std::fs::read_dir(&self.path).into_iter().flatten().take(MOST_ENTRIES).flatten();
        let tagged = entries.filter_map(|entry| {
            let tag = entry.file_name().to_str()?.strip_prefix(prefix.to_str()?)?.to_owned();
            Some((entry.file_name(), tag))
        });
        let mut found: Vec<_> = tagged.collect();
        found.sort();
        found
    }

    /// Whether what lies here is gone after a restart of the host: a tmpfs or ramfs.
    ///
    /// # Errors
    /// When the file system does not say.
    pub fn is_in_memory(&self) -> Result<bool, DirectoryError> {
        const IN_MEMORY: [fs::FsWord; 2] = [0x0102_1994, 0x8584_58f6];
        Ok(IN_MEMORY.contains(&self.kind()?))
    }

    /// Of which kind the file system is (`linux/magic.h`).
    pub(super) fn kind(&self) -> Result<fs::FsWord, DirectoryError> {
        fs::fstatfs(&self.fd).map(|stat| stat.f_type).map_err(self.failed(Doing::LookAt, OsStr::new("")))
    }

    /// Whether files here cannot be executed (mounted `noexec`).
    ///
    /// # Errors
    /// When the file system does not say.
    pub fn is_noexec(&self) -> Result<bool, DirectoryError> {
        let stat = fs::fstatvfs(&self.fd).map_err(self.failed(Doing::LookAt, OsStr::new("")))?;
        Ok(stat.f_flag.contains(StatVfsMountFlags::NOEXEC))
    }
}

/// The name of a file that lies beside `name`: `.NAME.changeover-TAG`, with the run's id as the tag.
#[must_use]
pub fn beside(name: &OsStr, tag: &str) -> OsString {
    let mut made = OsString::from(".");
    made.push(OsStr::from_bytes(name.as_bytes()));
    made.push(".changeover-");
    made.push(tag);
    made
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use super::{super::scratch::Scratch, *};

    #[test]
    fn an_atomic_write_replaces_the_file_and_leaves_nothing_else() {
        let scratch = Scratch::new();
        let old = scratch.write("nginx.pid", b"1\n");
        scratch.write(".nginx.pid.changeover-write", b"left by a crash");
        let before = old.metadata().unwrap().ino();
        let directory = Directory::open(scratch.path()).unwrap();
        let id = directory.write_atomically(OsStr::new("nginx.pid"), b"4242\n", 0o644, None).unwrap();
        assert_eq!(std::fs::read(&old).unwrap(), b"4242\n");
        assert_eq!(old.metadata().unwrap().permissions().mode() & 0o7777, 0o644);
        assert_ne!(id.ino, before);
        assert_eq!(scratch.names(), ["nginx.pid"]);
    }

    #[test]
    fn a_write_never_goes_through_a_symlink() {
        let scratch = Scratch::new();
        let victim = scratch.write("victim", b"precious");
        symlink(&victim, scratch.path().join(".a.changeover-write")).unwrap();
        symlink(&victim, scratch.path().join("a")).unwrap();
        let directory = Directory::open(scratch.path()).unwrap();
        directory.write_atomically(OsStr::new("a"), b"new", 0o644, None).unwrap();
        assert_eq!(std::fs::read(&victim).unwrap(), b"precious");
        assert!(directory.create(OsStr::new("victim")).is_err());
    }

    #[test]
    fn names_are_relative_to_what_was_opened() {
        let scratch = Scratch::new();
        scratch.write("a", b"");
        let directory = Directory::open(scratch.path()).unwrap();
        directory.hard_link(OsStr::new("a"), OsStr::new("b")).unwrap();
        let (a, b) = (OsStr::new("a"), OsStr::new("b"));
        assert_eq!(directory.file_id(a).unwrap(), directory.file_id(b).unwrap());
        directory.unlink(a).unwrap();
        assert_eq!(directory.unlink(a).unwrap_err().code(), "host/file-not-unlinked");
        directory.unlink_if_there(a).unwrap();
        assert_eq!(scratch.names(), ["b"]);
        assert!(directory.free_bytes().unwrap() > 0);
        assert!(!directory.is_noexec().unwrap());
    }

    #[test]
    fn what_lies_beside_one_name_is_found_and_nothing_of_another() {
        let scratch = Scratch::new();
        for name in ["nginx", ".nginx.changeover-b", ".nginx.changeover-a-stub", ".other.changeover-c"] {
            scratch.write(name, b"");
        }
        let directory = Directory::open(scratch.path()).unwrap();
        let tags = directory.all_beside(OsStr::new("nginx")).into_iter().map(|(_, tag)| tag);
        assert_eq!(tags.collect::<Vec<_>>(), ["a-stub", "b"]);
    }
}
