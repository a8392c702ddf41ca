//! Being told that a name in a directory has changed (inotify).

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::{OsStr, OsString},
    io,
    mem::MaybeUninit,
    os::{fd::OwnedFd, unix::ffi::OsStrExt},
    path::{Path, PathBuf},
};

use rustix::{
    fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags},
    io::Errno,
};
use tokio::io::unix::AsyncFd;

use super::wakeup;

/// How many events are taken at once; more wait in the kernel's own bounded queue.
const AT_ONCE: usize = 256;

/// Why a name cannot be watched any more.
#[derive(Debug, thiserror::Error)]
#[error("{path} cannot be watched: {source}", path = path.display())]
pub struct NotifyError {
    /// What was to be watched.
    pub path: PathBuf,
    /// What the kernel said.
    pub source: io::Error,
}

impl NotifyError {
    /// The one name of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "host/not-watched"
    }
}

/// Watched names. What changed is only a hint to look: the name may have changed again since.
#[derive(Debug)]
pub struct Notify {
    fd: AsyncFd<OwnedFd>,
    watched: BTreeMap<i32, Watched>,
}

#[derive(Debug)]
struct Watched {
    directory: PathBuf,
    names: BTreeSet<OsString>,
}

impl Notify {
    /// Watches nothing yet. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// When the kernel gives no more inotify instances.
    pub fn new() -> Result<Self, NotifyError> {
        let fd = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).map_err(io::Error::from);
        match fd.and_then(wakeup::readable) {
            Ok(fd) => Ok(Self { fd, watched: BTreeMap::new() }),
            Err(source) => Err(NotifyError { path: PathBuf::from("inotify"), source }),
        }
    }

    /// Watches one name in a directory; the name need not exist.
    ///
    /// # Errors
    /// When there is no such directory or no more can be watched.
    pub fn watch(&mut self, directory: &Path, name: &OsStr) -> Result<(), NotifyError> {
        let flags = WatchFlags::CREATE
            | WatchFlags::CLOSE_WRITE
            | WatchFlags::MOVED_FROM
            | WatchFlags::MOVED_TO
            | WatchFlags::DELETE
            | WatchFlags::ATTRIB
            | WatchFlags::DELETE_SELF
            | WatchFlags::MOVE_SELF
            | WatchFlags::ONLYDIR;
        let watch = inotify::add_watch(self.fd.get_ref(), directory, flags)
            .map_err(|e| NotifyError { path: directory.to_owned(), source: e.into() })?;
        // One directory is one watch, however many names in it are looked for.
        self.watched
            .entry(watch)
            .or_insert_with(|| Watched { directory: directory.to_owned(), names: BTreeSet::new() })
            .names
            .insert(name.to_owned());
        Ok(())
    }

    /// Waits until something happened to watched names, and says to which. When events were lost, or a
    /// directory itself went away, all names that it may concern are returned.
    ///
    /// Dropping the future loses nothing.
    ///
    /// # Errors
    /// When the kernel's queue cannot be read.
    pub async fn changed(&mut self) -> Result<BTreeSet<PathBuf>, NotifyError> {
        loop {
            let mut ready = self.fd.readable().await.map_err(unreadable)?;
            match take(self.fd.get_ref(), &self.watched) {
                Ok(changed) if changed.is_empty() => {}
                Ok(changed) => return Ok(changed),
                Err(Errno::AGAIN) => ready.clear_ready(),
                Err(error) => return Err(unreadable(error.into())),
            }
        }
    }
}

fn unreadable(source: io::Error) -> NotifyError {
    NotifyError { path: PathBuf::from("inotify"), source }
}

/// Takes what is queued. [`Errno::AGAIN`] when that was nothing at all.
fn take(fd: &OwnedFd, watched: &BTreeMap<i32, Watched>) -> Result<BTreeSet<PathBuf>, Errno> {
    let mut buffer = [MaybeUninit::uninit(); 8192];
    let mut reader = inotify::Reader::new(fd, &mut buffer);
    let mut changed = BTreeSet::new();
    for taken in 0..AT_ONCE {
        let event = match reader.next() {
            Ok(event) => event,
            Err(Errno::AGAIN) if taken > 0 => break,
            Err(error) => return Err(error),
        };
        let name = event.file_name().map(|name| OsStr::from_bytes(name.to_bytes()));
        let lost = event.events().contains(ReadFlags::QUEUE_OVERFLOW);
        for (_, it) in watched.iter().filter(|(watch, _)| lost || **watch == event.wd()) {
            let concerned = it.names.iter().filter(|watched| name.is_none_or(|name| name == *watched));
            changed.extend(concerned.map(|name| it.directory.join(name)));
        }
    }
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::{
        super::{directory::Directory, scratch::Scratch},
        *,
    };

    const SOON: Duration = Duration::from_secs(5);
    const NEVER: Duration = Duration::from_millis(50);

    fn set(paths: &[&Path]) -> BTreeSet<PathBuf> {
        paths.iter().map(|path| (*path).to_owned()).collect()
    }

    #[tokio::test(flavor = "current_thread")]
    async fn only_changes_of_watched_names_are_told() {
        let scratch = Scratch::new();
        let mut notify = Notify::new().unwrap();
        notify.watch(scratch.path(), OsStr::new("nginx.pid")).unwrap();
        notify.watch(scratch.path(), OsStr::new("nginx.pid.oldbin")).unwrap();
        scratch.write("other", b"");
        assert!(timeout(NEVER, notify.changed()).await.is_err());
        let pid_file = scratch.write("nginx.pid", b"1\n");
        assert_eq!(timeout(SOON, notify.changed()).await.unwrap().unwrap(), set(&[&pid_file]));
        let directory = Directory::open(scratch.path()).unwrap();
        directory.hard_link(OsStr::new("nginx.pid"), OsStr::new("nginx.pid.oldbin")).unwrap();
        directory.unlink(OsStr::new("nginx.pid")).unwrap();
        let oldbin = scratch.path().join("nginx.pid.oldbin");
        assert_eq!(timeout(SOON, notify.changed()).await.unwrap().unwrap(), set(&[&pid_file, &oldbin]));
        assert!(timeout(NEVER, notify.changed()).await.is_err());
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_directory_that_goes_away_concerns_all_its_names() {
        let scratch = Scratch::new();
        let mut notify = Notify::new().unwrap();
        let path = scratch.path().to_owned();
        notify.watch(&path, OsStr::new("a")).unwrap();
        notify.watch(&path, OsStr::new("b")).unwrap();
        drop(scratch);
        let all = set(&[&path.join("a"), &path.join("b")]);
        assert_eq!(timeout(SOON, notify.changed()).await.unwrap().unwrap(), all);
        assert_eq!(notify.watch(&path, OsStr::new("a")).unwrap_err().code(), "host/not-watched");
    }
}
