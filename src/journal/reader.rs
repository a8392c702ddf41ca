//! Reading a journal back: nothing of it is trusted until it was checked, and nothing is changed.

use std::{
    io::{self, Read as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use rustix::{io::Errno, process::geteuid};

use super::{
    entry::FORMAT,
    line::{Chain, LineError},
    replay::{IllegalEntry, Replay},
    writer::{NAME, untrusted},
};

/// No larger journal is read.
const LARGEST: u64 = 16 << 20;

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

    /// Whether there is no journal: the run has not begun, or was taken away.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Unreadable { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

/// Reads the journal of a run back. Nothing is changed.
///
/// # Errors
/// [`Damage`]; a torn last line is none.
pub fn read(directory: &Path, run: &str) -> Result<Replay, Damage> {
    let path = directory.join(NAME);
    parse(&path, &trusted(&path)?, run)
}

/// The same of what a file holds.
///
/// # Errors
/// [`Damage`]; a torn last line is none.
pub fn parse(path: &Path, bytes: &[u8], run: &str) -> Result<Replay, Damage> {
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
    let (lines, torn) = bytes.split_at(whole);
    let mut chain = Chain::of(run);
    let mut replay: Option<Replay> = None;
    let lines = lines.strip_suffix(b"\n").unwrap_or(lines);
    for (number, text) in (1..).zip(lines.split(|byte| *byte == b'\n')) {
        let damaged = |why: String| Damage::Line { path: path.to_owned(), line: number, why };
        if number == 1 {
            newer(path, text)?;
        }
        let line = chain.read(text).map_err(|error: LineError| damaged(error.to_string()))?;
        let followed: Result<(), IllegalEntry> = match &mut replay {
            None => Replay::begins(line, chain.clone()).map(|begun| replay = Some(begun)),
            Some(replay) => replay.follows(line),
        };
        followed.map_err(|error| damaged(error.to_string()))?;
    }
    let begins = || Damage::Line { path: path.to_owned(), line: 1, why: "it is not there".to_owned() };
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

/// The bytes of a file that only its owner could have written, who is this user.
fn trusted(path: &Path) -> Result<Vec<u8>, Damage> {
    let unreadable = |source| Damage::Unreadable { path: path.to_owned(), source };
    let refused = |why: String| Err(Damage::Untrusted { path: path.to_owned(), why });
    let file = match untrusted().read(true).open(path) {
        Err(error) if error.raw_os_error() == Some(Errno::LOOP.raw_os_error()) => {
            return refused("is a symlink".to_owned());
        }
        opened => opened.map_err(unreadable)?,
    };
    let metadata = file.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        return refused("is no regular file".to_owned());
    }
    if metadata.uid() != geteuid().as_raw() {
        return refused(format!("belongs to another user (uid {})", metadata.uid()));
    }
    if metadata.mode() & 0o022 != 0 {
        return refused("may be written by others".to_owned());
    }
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > LARGEST {
        return Err(unreadable(io::Error::other("it is larger than 16 MiB")));
    }
    Ok(bytes)
}
