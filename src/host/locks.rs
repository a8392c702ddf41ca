//! Locks: one run at a time per instance and per binary path, in a place that no option moves.

use std::{
    ffi::OsString,
    fs::File,
    io::{self, Read, Write},
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use rustix::{
    fs::{self, FlockOperation, Mode, OFlags},
    io::Errno,
};
use sha2::{Digest, Sha256};

use super::files::{hex, id_of};

/// Where all locks are.
const PLACE: &str = "/run/lock";

/// Who holds a lock, as its file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The process.
    pub pid: i32,
    /// Its run.
    pub run: String,
}

/// Why the locks were not taken; none is held.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// The path to lock has no directory or no name.
    #[error("{path} cannot be locked: {source}", path = path.display())]
    Unnamed {
        /// The path.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// The place of the locks is missing or not writable.
    #[error("the lock file {file} cannot be opened: {source}", file = file.display())]
    Place {
        /// The lock file.
        file: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// The lock file was made by another user, who could take it away.
    #[error("the lock file {file} belongs to another user (uid {uid})", file = file.display())]
    Foreign {
        /// The lock file.
        file: PathBuf,
        /// Its owner.
        uid: u32,
    },
    /// Another run holds it.
    #[error("{path} is locked by {}", held_by(holder.as_ref()), path = path.display())]
    Held {
        /// The path that was to be locked.
        path: PathBuf,
        /// Who holds it, when its file says so.
        holder: Option<Holder>,
    },
}

impl LockError {
    /// The one name of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unnamed { .. } => "host/lock-unnamed",
            Self::Place { .. } => "host/lock-place",
            Self::Foreign { .. } => "host/lock-foreign",
            Self::Held { .. } => "host/locked",
        }
    }
}

fn held_by(holder: Option<&Holder>) -> String {
    holder.map_or_else(|| "another process".to_owned(), |it| format!("process {} (run {})", it.pid, it.run))
}

/// The locks of a run; released when dropped.
#[derive(Debug)]
pub struct Locks {
    /// Held for their descriptors.
    _files: Vec<File>,
}

impl Locks {
    /// Takes one lock per path (the pid file, the binary path), all or none, without waiting.
    ///
    /// A lock stands for the real directory and the name in it, so two paths to one file are one lock.
    ///
    /// # Errors
    /// When another run holds one, or the place of the locks cannot be used.
    pub fn take(paths: &[&Path], holder: &Holder) -> Result<Self, LockError> {
        Self::take_in(Path::new(PLACE), paths, holder)
    }

    fn take_in(place: &Path, paths: &[&Path], holder: &Holder) -> Result<Self, LockError> {
        let mut keys =
            paths.iter().map(|path| Ok((key(path)?, *path))).collect::<Result<Vec<_>, LockError>>()?;
        // Sorted, so that two runs that need the same two cannot each take one.
        keys.sort();
        keys.dedup_by(|a, b| a.0 == b.0);
        let files = keys.into_iter().map(|(key, path)| take_one(&place.join(key), path, holder));
        Ok(Self { _files: files.collect::<Result<_, _>>()? })
    }
}

/// The name of the lock file of a path: its real directory's device and inode, and a digest of its name.
fn key(path: &Path) -> Result<OsString, LockError> {
    let failed = |source: io::Error| LockError::Unnamed { path: path.to_owned(), source };
    let name = path.file_name().ok_or_else(|| failed(io::ErrorKind::InvalidInput.into()))?;
    let directory = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let id = fs::stat(directory).map(|stat| id_of(&stat)).map_err(|error| failed(error.into()))?;
    let digest = hex(&Sha256::digest(name.as_bytes()));
    let digest = digest.get(..16).unwrap_or_default();
    Ok(format!("changeover-{:x}-{:x}-{digest}.lock", id.dev, id.ino).into())
}

fn take_one(file: &Path, path: &Path, holder: &Holder) -> Result<File, LockError> {
    let failed = |source: io::Error| LockError::Place { file: file.to_owned(), source };
    // Never unlinked: a lock on a name that is gone locks nobody out.
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let mode = Mode::RUSR | Mode::WUSR | Mode::RGRP | Mode::ROTH;
    let mut lock = File::from(fs::open(file, flags, mode).map_err(|e| failed(e.into()))?);
    let stat = fs::fstat(&lock).map_err(|e| failed(e.into()))?;
    // The place may be writable by everybody; a file of somebody else is not believed.
    if stat.st_uid != 0 && stat.st_uid != rustix::process::geteuid().as_raw() {
        return Err(LockError::Foreign { file: file.to_owned(), uid: stat.st_uid });
    }
    match fs::flock(&lock, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(Errno::WOULDBLOCK) => {
            return Err(LockError::Held { path: path.to_owned(), holder: read_holder(&lock) });
        }
        Err(error) => return Err(failed(error.into())),
    }
    fs::ftruncate(&lock, 0).map_err(|e| failed(e.into()))?;
    writeln!(lock, "{} {} {}", holder.pid, holder.run, path.display()).map_err(failed)?;
    Ok(lock)
}

/// What the holder wrote: its pid and its run. It may be about to write it.
fn read_holder(lock: &File) -> Option<Holder> {
    let mut text = String::new();
    lock.take(512).read_to_string(&mut text).ok()?;
    let mut words = text.split_whitespace();
    let pid = words.next()?.parse().ok()?;
    Some(Holder { pid, run: words.next()?.to_owned() })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::{super::scratch::Scratch, *};

    fn holder(pid: i32) -> Holder {
        Holder { pid, run: format!("run-{pid}") }
    }

    #[test]
    fn a_second_run_is_told_who_holds_the_lock_whatever_path_it_names() {
        let (place, scratch) = (Scratch::new(), Scratch::new());
        let pid_file = scratch.path().join("nginx.pid");
        let link = place.path().join("link");
        symlink(scratch.path(), &link).unwrap();
        let first = Locks::take_in(place.path(), &[&pid_file], &holder(1)).unwrap();
        let refused = Locks::take_in(place.path(), &[&link.join("nginx.pid")], &holder(2)).unwrap_err();
        assert_eq!(refused.code(), "host/locked");
        assert!(refused.to_string().ends_with("is locked by process 1 (run run-1)"), "{refused}");
        drop(first);
        Locks::take_in(place.path(), &[&link.join("nginx.pid")], &holder(2)).unwrap();
    }

    #[test]
    fn a_refused_run_holds_nothing() {
        let (place, scratch) = (Scratch::new(), Scratch::new());
        let [a, b] = [scratch.path().join("a"), scratch.path().join("b")];
        for (held, other) in [(&a, &b), (&b, &a)] {
            let first = Locks::take_in(place.path(), &[held], &holder(1)).unwrap();
            assert!(Locks::take_in(place.path(), &[&a, &b], &holder(2)).is_err());
            Locks::take_in(place.path(), &[other], &holder(3)).unwrap();
            drop(first);
        }
        let both = Locks::take_in(place.path(), &[&b, &a, &a], &holder(1)).unwrap();
        assert!(Locks::take_in(place.path(), &[&a], &holder(2)).is_err());
        drop(both);
    }

    #[test]
    fn a_place_that_is_missing_or_planted_is_refused() {
        let (place, scratch) = (Scratch::new(), Scratch::new());
        let path = scratch.path().join("nginx.pid");
        let refused = Locks::take_in(&place.path().join("none"), &[&path], &holder(1)).unwrap_err();
        assert_eq!(refused.code(), "host/lock-place");
        let victim = scratch.write("victim", b"precious");
        symlink(&victim, place.path().join(key(&path).unwrap())).unwrap();
        let refused = Locks::take_in(place.path(), &[&path], &holder(1)).unwrap_err();
        assert_eq!(refused.code(), "host/lock-place");
        assert_eq!(std::fs::read(&victim).unwrap(), b"precious");
        assert_eq!(
            Locks::take_in(place.path(), &[Path::new("/")], &holder(1)).unwrap_err().code(),
            "host/lock-unnamed"
        );
    }
}
