//! Reading files of others: bounded, without waiting for a pipe, never through a symlink unless asked to.

use std::{
    fmt::Write as _,
    fs::File,
    io::{self, Read, Write as _},
    os::fd::AsFd,
    path::{Path, PathBuf},
};

use rustix::fs::{self, Mode, OFlags, Stat};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::protocol::FileId;

/// How much is read or copied at once.
pub(super) const BLOCK: usize = 1 << 20;

/// Whether a symlink as the last part of a path is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Symlinks {
    /// The file that it names is meant.
    Follow,
    /// A symlink is refused.
    Refuse,
}

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It is a symlink and none was expected.
    #[error("{path} is a symlink, expected a file", path = path.display())]
    Symlink {
        /// The path that was opened.
        path: PathBuf,
    },
    /// It cannot be opened or looked at.
    #[error("{path} cannot be opened: {source}", path = path.display())]
    Open {
        /// The path that was opened.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// It is a directory, a pipe, a socket or a device.
    #[error("{path} is not a regular file", path = path.display())]
    NotRegular {
        /// The path that was opened.
        path: PathBuf,
    },
    /// Reading failed.
    #[error("{path} cannot be read: {source}", path = path.display())]
    Read {
        /// The path that was read.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
}

impl FileError {
    /// The one name of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Symlink { .. } => "host/file-is-symlink",
            Self::Open { .. } => "host/file-not-opened",
            Self::NotRegular { .. } => "host/file-not-regular",
            Self::Read { .. } => "host/file-not-read",
        }
    }

    /// Whether there is no such file.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Open { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

/// Bytes that were read up to a limit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bounded {
    /// At most as many as the limit said.
    pub bytes: Vec<u8>,
    /// Whether there was more.
    pub cut: bool,
}

/// What a file holds, without its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hashed {
    /// Which file it is.
    pub id: FileId,
    /// Its SHA-256 in lowercase hexadecimal digits.
    pub sha256: String,
    /// Its size in bytes.
    pub size: u64,
}

/// Device and inode of what the kernel described.
#[must_use]
pub(super) fn id_of(stat: &Stat) -> FileId {
    FileId { dev: stat.st_dev, ino: stat.st_ino }
}

/// Which file a path names.
///
/// # Errors
/// [`FileError::Open`] when there is none or it cannot be looked at.
pub fn file_id(path: &Path, symlinks: Symlinks) -> Result<FileId, FileError> {
    let found = match symlinks {
        Symlinks::Follow => fs::stat(path),
        Symlinks::Refuse => fs::lstat(path),
    };
    found.map(|stat| id_of(&stat)).map_err(|e| FileError::Open { path: path.to_owned(), source: e.into() })
}

/// Opens a regular file for reading; a pipe or a device is refused instead of waited for.
///
/// # Errors
/// When it is missing, refused, a symlink that was not to be followed, or no regular file.
pub fn open(path: &Path, symlinks: Symlinks) -> Result<File, FileError> {
    let nofollow = if symlinks == Symlinks::Refuse { OFlags::NOFOLLOW } else { OFlags::empty() };
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY | nofollow;
    let file = fs::open(path, flags, Mode::empty()).map_err(|error| match error {
        rustix::io::Errno::LOOP if symlinks == Symlinks::Refuse => {
            FileError::Symlink { path: path.to_owned() }
        }
        error => FileError::Open { path: path.to_owned(), source: error.into() },
    })?;
    let stat = fs::fstat(&file).map_err(|e| FileError::Open { path: path.to_owned(), source: e.into() })?;
    if fs::FileType::from_raw_mode(stat.st_mode) != fs::FileType::RegularFile {
        return Err(FileError::NotRegular { path: path.to_owned() });
    }
    Ok(file.into())
}

/// Reads a regular file from its beginning, at most `limit` bytes.
///
/// # Errors
/// As [`open`], or when reading fails.
pub fn read_bounded(path: &Path, limit: usize, symlinks: Symlinks) -> Result<Bounded, FileError> {
    let file = open(path, symlinks)?;
    up_to(file, limit).map_err(|source| FileError::Read { path: path.to_owned(), source })
}

/// Makes a file that is not there yet, for everybody to read, with these bytes.
///
/// # Errors
/// When there is something of that name already, or it cannot be written.
pub fn create_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::options().write(true).create_new(true).open(path)?;
    file.write_all(bytes)
}

/// Reads at most `limit` bytes and says whether there were more.
pub(super) fn up_to(from: impl Read, limit: usize) -> io::Result<Bounded> {
    let mut bytes = Vec::new();
    from.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    let cut = bytes.len() > limit;
    bytes.truncate(limit);
    Ok(Bounded { bytes, cut })
}

/// The digest of a regular file, for example `/proc/PID/exe` (there a symlink must be followed).
///
/// # Errors
/// As [`open`], or when reading fails.
pub fn hash_file(path: &Path, symlinks: Symlinks) -> Result<Hashed, FileError> {
    let failed = |source| FileError::Read { path: path.to_owned(), source };
    let mut file = open(path, symlinks)?;
    let id = fs::fstat(file.as_fd()).map(|stat| id_of(&stat)).map_err(|e| failed(e.into()))?;
    let mut digest = Sha256::new();
    let mut size = 0;
    let mut block = vec![0; BLOCK];
    loop {
        let read = file.read(&mut block).map_err(failed)?;
        let Some(bytes) = block.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
        digest.update(bytes);
        size += read as u64;
    }
    Ok(Hashed { id, sha256: hex(&digest.finalize()), size })
}

/// The digest of some bytes, as `sha256sum` prints it.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Lowercase hexadecimal digits.
#[must_use]
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::{super::scratch::Scratch, *};

    #[test]
    fn a_file_longer_than_the_limit_is_cut_and_says_so() {
        let dir = Scratch::new();
        let path = dir.write("log", b"0123456789");
        let whole = read_bounded(&path, 10, Symlinks::Refuse).unwrap();
        assert_eq!((whole.bytes.as_slice(), whole.cut), (&b"0123456789"[..], false));
        let part = read_bounded(&path, 9, Symlinks::Refuse).unwrap();
        assert_eq!((part.bytes.as_slice(), part.cut), (&b"012345678"[..], true));
    }

    #[test]
    fn a_symlink_is_refused_unless_it_is_asked_for() {
        let dir = Scratch::new();
        let path = dir.write("file", b"x");
        let link = dir.path().join("link");
        symlink(&path, &link).unwrap();
        let refused = read_bounded(&link, 10, Symlinks::Refuse).unwrap_err();
        assert_eq!(refused.code(), "host/file-is-symlink");
        assert_eq!(read_bounded(&link, 10, Symlinks::Follow).unwrap().bytes, b"x");
        assert_eq!(file_id(&link, Symlinks::Follow).unwrap(), file_id(&path, Symlinks::Refuse).unwrap());
        assert_ne!(file_id(&link, Symlinks::Refuse).unwrap(), file_id(&path, Symlinks::Refuse).unwrap());
    }

    #[test]
    fn a_pipe_or_a_directory_is_refused_at_once() {
        let dir = Scratch::new();
        let pipe = dir.path().join("pipe");
        fs::mkfifoat(fs::CWD, &pipe, Mode::RUSR | Mode::WUSR).unwrap();
        for path in [&pipe, &dir.path().to_owned()] {
            assert_eq!(open(path, Symlinks::Refuse).unwrap_err().code(), "host/file-not-regular");
        }
        assert!(open(&dir.path().join("none"), Symlinks::Refuse).unwrap_err().is_missing());
    }

    #[test]
    fn the_digest_is_the_one_that_sha256sum_prints() {
        let dir = Scratch::new();
        let hashed = hash_file(&dir.write("abc", b"abc"), Symlinks::Refuse).unwrap();
        assert_eq!(hashed.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(hashed.size, 3);
    }
}
