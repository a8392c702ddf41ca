//! Locks: one run at a time per instance and per binary path, in a place that no option moves.

use std::{
    ffi::OsString,
    fs::File,
    io::{self, Write},
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use rustix::{
    fs::{self, Access, AtFlags, CWD, FlockOperation, Mode, OFlags, Uid},
    io::{Errno, FdFlags, fcntl_setfd},
    process::geteuid,
};

use super::{
    files::{id_of, sha256},
    held_by::HeldBy,
    place::Place,
};

/// Where all locks are.
const PLACE: &str = "/run/lock";
/// How often a lock file is opened that others make and remove meanwhile.
const TRIES: usize = 8;
const FLAGS: OFlags = OFlags::RDWR.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC).union(OFlags::NONBLOCK);

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
    #[error("{path} is locked by {by}", path = path.display())]
    Held {
        /// The path that was to be locked.
        path: PathBuf,
        /// Who holds it.
        by: HeldBy,
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

/// The locks of a run; released when dropped.
#[derive(Debug)]
pub struct Locks {
    /// Held for their descriptors.
    files: Vec<File>,
}

impl Locks {
    /// Takes the locks of an instance: its pid file, the name that is exchanged, and the file that this leads to, which
    /// another instance may exchange.
    ///
    /// # Errors
    /// As [`Locks::take`].
    pub fn of_instance(pid_file: &Path, place: Option<&Place>, holder: &Holder) -> Result<Self, LockError> {
        let place = place.map(|place| {
            // Who may not change that one has nothing to lock there.
            [Some(place.path()), Some(place.leads_to.clone()).filter(|path| may_change(path))]
        });
        let paths = place.iter().flatten().flatten().map(PathBuf::as_path);
        Self::take(&std::iter::once(pid_file).chain(paths).collect::<Vec<_>>(), holder)
    }

    /// Does this while what it starts inherits the locks: they are held until the last of both lets go.
    ///
    /// # Errors
    /// Of `start`, and where a descriptor cannot be changed.
    pub fn inherited<T>(&self, start: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        for file in &self.files {
            fcntl_setfd(file, FdFlags::empty())?;
        }
        let started = start();
        for file in &self.files {
            fcntl_setfd(file, FdFlags::CLOEXEC)?;
        }
        started
    }

    /// Takes one lock per path (the pid file, the binary path), all or none, without waiting.
    ///
    /// A lock stands for the real directory and the name in it, so two paths to one file are one lock.
    ///
    /// # Errors
    /// When another run holds one, or the place of the locks cannot be used.
    pub fn take(paths: &[&Path], holder: &Holder) -> Result<Self, LockError> {
        Self::take_in(Path::new(PLACE), paths, holder)
    }

    /// Who holds the lock of a path now, asked without taking it; `None` where nobody does.
    #[must_use]
    pub fn held(path: &Path) -> Option<HeldBy> {
        Self::held_in(Path::new(PLACE), path)
    }

    fn held_in(place: &Path, path: &Path) -> Option<HeldBy> {
        let file = place.join(Locked::of(path).ok()?.key);
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let by = HeldBy::of(&fs::open(file, flags, Mode::empty()).ok()?.into());
        (!by.processes.is_empty()).then_some(by)
    }

    fn take_in(place: &Path, paths: &[&Path], holder: &Holder) -> Result<Self, LockError> {
        let mut locked = paths.iter().map(|path| Locked::of(path)).collect::<Result<Vec<_>, LockError>>()?;
        // Sorted, so that two runs that need the same two cannot each take one.
        locked.sort_by(|a, b| a.key.cmp(&b.key));
        locked.dedup_by(|a, b| a.key == b.key);
        let files = locked.iter().map(|locked| locked.take(&place.join(&locked.key), holder));
        Ok(Self { files: files.collect::<Result<_, _>>()? })
    }
}

/// A name that is locked.
struct Locked<'a> {
    path: &'a Path,
    directory: &'a Path,
    /// The owner of its directory, who can exchange the name whatever is locked.
    owner: u32,
    /// The name of its lock file: the real directory's device and inode, and a digest of the name.
    key: OsString,
}

impl<'a> Locked<'a> {
    fn of(path: &'a Path) -> Result<Self, LockError> {
        let failed = |source: io::Error| LockError::Unnamed { path: path.to_owned(), source };
        let name = path.file_name().ok_or_else(|| failed(io::ErrorKind::InvalidInput.into()))?;
        let directory = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let stat = fs::stat(directory).map_err(|error| failed(error.into()))?;
        let id = id_of(&stat);
        let digest = sha256(name.as_bytes());
        let digest = digest.get(..16).unwrap_or_default();
        let key = format!("changeover-{:x}-{:x}-{digest}.lock", id.dev, id.ino).into();
        Ok(Self { path, directory, owner: stat.st_uid, key })
    }

    fn take(&self, file: &Path, holder: &Holder) -> Result<File, LockError> {
        let failed = |source: io::Error| LockError::Place { file: file.to_owned(), source };
        let mut lock = self.open(file)?;
        match fs::flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => {
                return Err(LockError::Held { path: self.path.to_owned(), by: HeldBy::of(&lock) });
            }
            Err(error) => return Err(failed(error.into())),
        }
        fs::ftruncate(&lock, 0).map_err(|e| failed(e.into()))?;
        writeln!(lock, "{} {} {}", holder.pid, holder.run, self.path.display()).map_err(failed)?;
        Ok(lock)
    }

    /// Opens the lock file, or makes it. It is never unlinked where it can be believed: a lock on a name that is gone
    /// locks nobody out.
    fn open(&self, file: &Path) -> Result<File, LockError> {
        let failed = |error: Errno| LockError::Place { file: file.to_owned(), source: error.into() };
        let me = geteuid().as_raw();
        for _ in 0..TRIES {
            // Without O_CREAT: in a directory that everybody may write, the kernel else refuses even root the file of
            // another user (`fs.protected_regular`).
            let lock = match fs::open(file, FLAGS, Mode::empty()) {
                Err(Errno::NOENT) => match self.make(file, me) {
                    Err(Errno::EXIST) => continue,
                    made => return made.map_err(failed),
                },
                opened => File::from(opened.map_err(failed)?),
            };
            let uid = fs::fstat(&lock).map_err(failed)?.st_uid;
            if [0, me, self.owner].contains(&uid) {
                return Ok(lock);
            }
            // Somebody else could take it away at any time. Only root can mend that.
            if me != 0 {
                return Err(LockError::Foreign { file: file.to_owned(), uid });
            }
            fs::unlink(file).map_err(failed)?;
        }
        Err(failed(Errno::EXIST))
    }

    fn make(&self, file: &Path, me: u32) -> Result<File, Errno> {
        // Who may not change the name has nothing to lock, and would leave a file that root must not believe.
        fs::accessat(CWD, self.directory, Access::WRITE_OK, AtFlags::EACCESS)?;
        let mode = Mode::RUSR | Mode::WUSR | Mode::RGRP | Mode::ROTH;
        let lock = fs::open(file, FLAGS | OFlags::CREATE | OFlags::EXCL, mode)?;
        if me == 0 && self.owner != 0 {
            // So that the owner's own runs can take it as well.
            fs::fchown(&lock, Some(Uid::from_raw(self.owner)), None)?;
        }
        Ok(lock.into())
    }
}

/// Whether names beside this path can be changed by us.
fn may_change(path: &Path) -> bool {
    path.parent()
        .is_some_and(|directory| fs::accessat(CWD, directory, Access::WRITE_OK, AtFlags::EACCESS).is_ok())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::{super::scratch::Scratch, *};

    fn holder(pid: i32) -> Holder {
        Holder { pid, run: format!("run-{pid}") }
    }

    /// Takes what was let go a moment ago: what another test is starting just then holds a copy until it executes.
    fn take(place: &Path, paths: &[&Path]) -> Locks {
        let mut again = (0..1_000_000).map(|_| Locks::take_in(place, paths, &holder(3)));
        again.find_map(Result::ok).expect("let go")
    }

    #[test]
    fn a_second_run_is_told_who_holds_the_lock_whatever_path_it_names() {
        let (place, scratch) = (Scratch::new(), Scratch::new());
        let pid_file = scratch.path().join("nginx.pid");
        let link = place.path().join("link");
        symlink(scratch.path(), &link).unwrap();
        let me = i32::try_from(std::process::id()).unwrap();
        let first = Locks::take_in(place.path(), &[&pid_file], &holder(me)).unwrap();
        let refused = Locks::take_in(place.path(), &[&link.join("nginx.pid")], &holder(2)).unwrap_err();
        assert_eq!(refused.code(), "host/locked");
        let told = format!("is locked by process {me} (run run-{me})");
        assert!(refused.to_string().ends_with(&told), "{refused}");
        drop(first);
        take(place.path(), &[&link.join("nginx.pid")]);
    }

    #[test]
    fn who_holds_a_lock_is_told_without_taking_it_and_whether_that_one_is_stopped() {
        let (place, scratch) = (Scratch::new(), Scratch::new());
        let path = scratch.path().join("nginx.pid");
        let held = || Locks::held_in(place.path(), &path);
        let me = i32::try_from(std::process::id()).unwrap();
        assert_eq!(held(), None, "there is no lock file yet");
        let locks = Locks::take_in(place.path(), &[&path], &holder(me)).unwrap();
        // As its input: what other tests start at this moment inherits nothing.
        let shared = locks.files[0].try_clone().unwrap();
        let mut child = std::process::Command::new("sleep").arg("60").stdin(shared).spawn().unwrap();
        let other = i32::try_from(child.id()).unwrap();
        let both = held().unwrap();
        assert_eq!(
            (both.taker().map(|it| it.pid), both.guardian().map(|it| it.pid)),
            (Some(me), Some(other))
        );
        assert_eq!(both.to_string(), format!("process {me} (run run-{me})"));
        drop(locks);
        let text = || held().map(|by| by.to_string());
        let guardian = format!("process {other}, the guardian of run run-{me}");
        assert_eq!(text(), Some(guardian.clone()));
        let signal = |signal| nix::sys::signal::kill(nix::unistd::Pid::from_raw(other), signal).unwrap();
        signal(nix::sys::signal::SIGSTOP);
        let stopped = Some(format!("{guardian}, which is stopped: kill -CONT {other}"));
        // It stops at the end of what it is doing.
        while text() != stopped {
            assert!(held().is_some());
        }
        child.kill().and_then(|()| child.wait()).unwrap();
        assert_eq!(held(), None);
        take(place.path(), &[&path]);
    }

    #[test]
    fn a_refused_run_holds_nothing() {
        let (place, scratch) = (Scratch::new(), Scratch::new());
        let [a, b] = [scratch.path().join("a"), scratch.path().join("b")];
        for (held, other) in [(&a, &b), (&b, &a)] {
            let first = take(place.path(), &[held]);
            assert!(Locks::take_in(place.path(), &[&a, &b], &holder(2)).is_err());
            take(place.path(), &[other]);
            drop(first);
        }
        let both = take(place.path(), &[&b, &a, &a]);
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
        symlink(&victim, place.path().join(Locked::of(&path).unwrap().key)).unwrap();
        let refused = Locks::take_in(place.path(), &[&path], &holder(1)).unwrap_err();
        assert_eq!(refused.code(), "host/lock-place");
        assert_eq!(std::fs::read(&victim).unwrap(), b"precious");
        assert_eq!(
            Locks::take_in(place.path(), &[Path::new("/")], &holder(1)).unwrap_err().code(),
            "host/lock-unnamed"
        );
    }

    /// Whose the lock file of a path is; `give` makes it another's.
    fn owner(place: &Path, path: &Path, give: Option<u32>) -> u32 {
        let file = place.join(Locked::of(path).unwrap().key);
        if let Some(user) = give {
            fs::chown(&file, Some(Uid::from_raw(user)), None).unwrap();
        }
        fs::stat(&file).unwrap().st_uid
    }

    #[test]
    fn root_makes_the_lock_of_another_s_directory_that_other_s_and_believes_no_stranger() {
        if !geteuid().is_root() {
            return;
        }
        let (place, scratch) = (Scratch::new(), Scratch::new());
        let path = scratch.path().join("nginx.pid");
        fs::chown(scratch.path(), Some(Uid::from_raw(33)), None).unwrap();
        let take = || drop(take(place.path(), &[&path]));
        take();
        assert_eq!(owner(place.path(), &path, None), 33);
        take();
        // A planted one is replaced; it does not lock root out, held or not.
        assert_eq!(owner(place.path(), &path, Some(4000)), 4000);
        take();
        assert_eq!(owner(place.path(), &path, None), 33);
    }
}
