//! Writing a journal: made with room, line by line, durable where it must be.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::{
    fs::{FallocateFlags, FlockOperation, OFlags, fallocate, flock},
    io::Errno,
};

use super::{entry::Entry, line::Chain, replay::Replay};
use crate::host::clock;

/// The name of the file in the run's directory.
pub const NAME: &str = "journal.jsonl";
/// Room that is kept for a journal: a full disk is found before anything is touched.
const ROOM: u64 = 256 << 10;

/// What a journal is written on.
pub trait Medium {
    /// Adds these bytes to the end.
    ///
    /// # Errors
    /// What the system said.
    fn add(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// All that was added is on the disk when this returns.
    ///
    /// # Errors
    /// What the system said: what is on the disk is not known then.
    fn sync(&mut self) -> io::Result<()>;
}

impl Medium for File {
    fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}

/// A journal that is written. After a failed write or sync nothing more is: what the disk holds is not known any more.
#[derive(Debug)]
pub struct Journal<M = File> {
    path: PathBuf,
    medium: Option<M>,
    chain: Chain,
}

/// An entry that was not recorded.
#[derive(Debug, thiserror::Error)]
#[error("the journal {path} cannot be written: {source}", path = path.display())]
pub struct NotRecorded {
    /// The journal.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

impl NotRecorded {
    /// The one name of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "journal/not-written"
    }
}

impl Journal {
    /// Makes the journal of a run, with room for all that the run will write, and its first line: the run began at this
    /// time of the kernel's monotonic clock.
    ///
    /// # Errors
    /// [`NotRecorded`] when the disk is full or the file cannot be made durable.
    pub fn create(directory: &Path, run: &str, began: Duration, first: &Entry) -> Result<Self, NotRecorded> {
        let path = directory.join(NAME);
        let failed = |source| NotRecorded { path: path.clone(), source };
        let mut options = OpenOptions::new();
        let file = options.append(true).create_new(true).mode(0o600).open(&path).map_err(failed)?;
        flock(&file, FlockOperation::NonBlockingLockExclusive).map_err(|error| failed(error.into()))?;
        match fallocate(&file, FallocateFlags::KEEP_SIZE, 0, ROOM) {
            // Not every file system can.
            Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS) => {}
            Err(error) => return Err(failed(error.into())),
        }
        let journal = Self::begin(path.clone(), file, run, began, first)?;
        // The names of the file and of the directories above it: else a power cut takes them away.
        for directory in directory.ancestors().take(3) {
            File::open(directory).and_then(|directory| directory.sync_all()).map_err(failed)?;
        }
        Ok(journal)
    }

    /// Opens a journal that was read back, cuts a torn last line, and goes on behind the last whole one.
    ///
    /// # Errors
    /// [`NotRecorded`] when another process writes it, or it cannot be opened.
    pub fn reopen(directory: &Path, replay: &Replay) -> Result<Self, NotRecorded> {
        let path = directory.join(NAME);
        let failed = |source| NotRecorded { path: path.clone(), source };
        let file = untrusted().append(true).open(&path).map_err(failed)?;
        flock(&file, FlockOperation::NonBlockingLockExclusive).map_err(|error| failed(error.into()))?;
        if replay.torn {
            file.set_len(replay.length).and_then(|()| file.sync_all()).map_err(failed)?;
        }
        Ok(Self::go_on(path.clone(), file, replay))
    }
}

impl<M: Medium> Journal<M> {
    /// Begins with the first line on an empty medium.
    ///
    /// # Errors
    /// [`NotRecorded`].
    pub fn begin(
        path: PathBuf,
        medium: M,
        run: &str,
        began: Duration,
        first: &Entry,
    ) -> Result<Self, NotRecorded> {
        let mut journal = Self { path, medium: Some(medium), chain: Chain::of(run) };
        journal.append(began, first)?;
        Ok(journal)
    }

    /// Goes on behind what was read back, which the medium ends with.
    pub fn go_on(path: PathBuf, medium: M, replay: &Replay) -> Self {
        Self { path, medium: Some(medium), chain: replay.chain.clone() }
    }

    /// Writes an entry, now by the kernel's monotonic clock; it is on the disk when this returns, where it must be.
    ///
    /// # Errors
    /// [`NotRecorded`]: for this entry, and for every later one.
    pub fn append(&mut self, now: Duration, entry: &Entry) -> Result<(), NotRecorded> {
        let written = self.write(now, entry);
        if written.is_err() {
            // Never tried again: the kernel forgets what it could not write (fsync(2)), and a second sync would say well.
            self.medium = None;
        }
        written.map_err(|source| NotRecorded { path: self.path.clone(), source })
    }

    fn write(&mut self, now: Duration, entry: &Entry) -> io::Result<()> {
        let closed = || io::Error::other("an earlier write failed");
        let medium = self.medium.as_mut().ok_or_else(closed)?;
        let now = u64::try_from(now.as_micros()).unwrap_or(u64::MAX);
        let line = self.chain.write(now, clock::wall_time(), entry)?;
        medium.add(&line)?;
        if entry.durable() { medium.sync() } else { Ok(()) }
    }
}

/// Options that follow no symlink and wait for no pipe.
pub(super) fn untrusted() -> OpenOptions {
    let mut options = OpenOptions::new();
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
    options.custom_flags(i32::try_from(flags).unwrap_or_default());
    options
}
