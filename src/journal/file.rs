//! The journal's file: made with room, written line by line, durable where it must be, read back and never trusted.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::{
    fs::{FallocateFlags, FlockOperation, OFlags, fallocate, flock},
    io::Errno,
    process::geteuid,
};

use super::{
    entry::{Entry, FORMAT},
    line::{Chain, LineError},
    replay::{IllegalEntry, Replay},
};
use crate::host::clock;

/// The name of the file in the run's directory.
pub const NAME: &str = "journal.jsonl";
/// Room that is kept for a journal: a full disk is found before anything is touched.
const ROOM: u64 = 256 << 10;
/// No larger journal is read.
const LARGEST: u64 = 16 << 20;

/// A journal that is written. After a failed write or sync nothing more is: what the disk holds is not known any more.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: Option<File>,
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

/// Why a journal is not used; nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum Damage {
    /// It cannot be opened or read.
    #[error("the journal {path} cannot be read: {source}", path = path.display())]
    Unreadable {
        /// The journal.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others may have written it: a symlink, another's file, or one that others may write.
    #[error("the journal {path} {why}: others may have written it", path = path.display())]
    Untrusted {
        /// The journal.
        path: PathBuf,
        /// What it is, in words.
        why: String,
    },
    /// It was cut, edited or mixed with another.
    #[error("the journal {path} is damaged at line {line}: {why}", path = path.display())]
    Line {
        /// The journal.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// A newer changeover wrote it.
    #[error("the journal {path} has format {format}, this changeover reads up to {FORMAT}", path = path.display())]
    Newer {
        /// The journal.
        path: PathBuf,
        /// Its format.
        format: u32,
    },
}

impl Damage {
    /// The one name of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "journal/unreadable",
            Self::Untrusted { .. } => "journal/untrusted",
            Self::Line { .. } => "journal/damaged",
            Self::Newer { .. } => "journal/newer-format",
        }
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
        let mut journal = Self { path: path.clone(), file: Some(file), chain: Chain::of(run) };
        journal.write(began, first).map_err(failed)?;
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
        let file = options().append(true).open(&path).map_err(failed)?;
        flock(&file, FlockOperation::NonBlockingLockExclusive).map_err(|error| failed(error.into()))?;
        if replay.torn {
            file.set_len(replay.length).and_then(|()| file.sync_all()).map_err(failed)?;
        }
        Ok(Self { path: path.clone(), file: Some(file), chain: replay.chain.clone() })
    }

    /// Writes an entry; it is on the disk when this returns, where it must be.
    ///
    /// # Errors
    /// [`NotRecorded`]: now, and for every later entry.
    pub fn append(&mut self, entry: &Entry) -> Result<(), NotRecorded> {
        let written = self.write(clock::monotonic(), entry);
        if written.is_err() {
            // Never tried again: the kernel forgets what it could not write (fsync(2)), and a second sync would say well.
            self.file = None;
        }
        written.map_err(|source| NotRecorded { path: self.path.clone(), source })
    }

    fn write(&mut self, now: Duration, entry: &Entry) -> io::Result<()> {
        let closed = || io::Error::other("an earlier write failed");
        let mut file = self.file.as_ref().ok_or_else(closed)?;
        let now = u64::try_from(now.as_micros()).unwrap_or(u64::MAX);
        let line = self.chain.write(now, clock::wall_time(), entry)?;
        file.write_all(&line)?;
        if entry.durable() { file.sync_data() } else { Ok(()) }
    }
}

/// Reads the journal of a run back. Nothing is changed.
///
/// # Errors
/// [`Damage`]; a torn last line is none.
pub fn read(directory: &Path, run: &str) -> Result<Replay, Damage> {
    let path = directory.join(NAME);
    let bytes = trusted(&path)?;
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
    let (lines, torn) = bytes.split_at(whole);
    let mut chain = Chain::of(run);
    let mut replay: Option<Replay> = None;
    let lines = lines.strip_suffix(b"\n").unwrap_or(lines);
    for (number, text) in (1..).zip(lines.split(|byte| *byte == b'\n')) {
        let damaged = |why: String| Damage::Line { path: path.clone(), line: number, why };
        if number == 1 {
            newer(&path, text)?;
        }
        let line = chain.read(text).map_err(|error: LineError| damaged(error.to_string()))?;
        let at = Duration::from_micros(line.mono_us);
        let followed: Result<(), IllegalEntry> = match &mut replay {
            None => Replay::begins(line, chain.clone()).map(|begun| replay = Some(begun)),
            Some(replay) => replay.follows(at, line.entry),
        };
        followed.map_err(|error| damaged(error.to_string()))?;
    }
    let begins = || Damage::Line { path: path.clone(), line: 1, why: "it is not there".to_owned() };
    let replay = replay.ok_or_else(begins)?;
    let length = u64::try_from(whole).unwrap_or(u64::MAX);
    Ok(Replay { torn: !torn.is_empty(), chain, length, ..replay })
}

/// Of a newer format only its number can be read.
fn newer(path: &Path, first: &[u8]) -> Result<(), Damage> {
    let value: Option<serde_json::Value> = serde_json::from_slice(first).ok();
    let format = value.and_then(|value| value.get("journal_format")?.as_u64());
    match format.and_then(|format| u32::try_from(format).ok()).filter(|format| *format > FORMAT) {
        Some(format) => Err(Damage::Newer { path: path.to_owned(), format }),
        None => Ok(()),
    }
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
    options.custom_flags(i32::try_from(flags).unwrap_or_default());
    options
}

/// The bytes of a file that only its owner could have written, who is this user.
fn trusted(path: &Path) -> Result<Vec<u8>, Damage> {
    let unreadable = |source| Damage::Unreadable { path: path.to_owned(), source };
    let untrusted = |why: String| Err(Damage::Untrusted { path: path.to_owned(), why });
    let file = match options().read(true).open(path) {
        Err(error) if error.raw_os_error() == Some(Errno::LOOP.raw_os_error()) => {
            return untrusted("is a symlink".to_owned());
        }
        opened => opened.map_err(unreadable)?,
    };
    let metadata = file.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        return untrusted("is no regular file".to_owned());
    }
    if metadata.uid() != geteuid().as_raw() {
        return untrusted(format!("belongs to another user (uid {})", metadata.uid()));
    }
    if metadata.mode() & 0o022 != 0 {
        return untrusted("may be written by others".to_owned());
    }
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > LARGEST {
        return Err(unreadable(io::Error::other("it is larger than 16 MiB")));
    }
    Ok(bytes)
}
