//! What was appended to a log since a moment, across rotation: evidence, never a decision.

use std::{
    fs::File,
    os::unix::fs::{FileExt, MetadataExt},
    path::{Path, PathBuf},
};

use super::files::{self, Bounded, FileError, Symlinks};

/// The most that is kept of what was appended: the end of it.
pub const MOST: u64 = 64 * 1024;

/// A moment in a log.
#[derive(Debug)]
pub struct Tail {
    path: PathBuf,
    /// The file as it was then, and its length; none when there was no regular file.
    then: Option<(File, u64)>,
}

impl Tail {
    /// Remembers how long the log is now. A symlink is followed, so `/proc/PID/fd/2` may be given; what is no
    /// regular file (a terminal, a pipe, the journal) yields nothing later.
    #[must_use]
    pub fn mark(path: &Path) -> Self {
        let then = files::open(path, Symlinks::Follow).ok();
        let then = then.and_then(|file| file.metadata().ok().map(|it| (file, it.len())));
        Self { path: path.to_owned(), then }
    }

    /// The log's path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What was appended since, at most [`MOST`] bytes: the latest. When the log was rotated by renaming, the
    /// rest of the old file comes first; when it was cut (`copytruncate`), what is in it now.
    ///
    /// # Errors
    /// When the log exists and cannot be read.
    pub fn appended(&self) -> Result<Bounded, FileError> {
        let mut appended = Bounded::default();
        let failed = |source| FileError::Read { path: self.path.clone(), source };
        let now = match files::open(&self.path, Symlinks::Follow) {
            Ok(file) => Some(file),
            Err(error) if error.is_missing() || matches!(error, FileError::NotRegular { .. }) => None,
            Err(error) => return Err(error),
        };
        let then_is = self.then.as_ref().map(|(file, _)| file.metadata()).transpose().map_err(failed)?;
        if let (Some((file, length)), Some(is)) = (&self.then, &then_is) {
            let from = if is.len() < *length { 0 } else { *length };
            push(&mut appended, file, from, is.len()).map_err(failed)?;
        }
        if let Some(file) = now {
            let is = file.metadata().map_err(failed)?;
            let same = then_is.is_some_and(|then| (then.dev(), then.ino()) == (is.dev(), is.ino()));
            if !same {
                push(&mut appended, &file, 0, is.len()).map_err(failed)?;
            }
        }
        Ok(appended)
    }
}

/// Adds the bytes `from..to` of a file and keeps the last [`MOST`] of all.
fn push(kept: &mut Bounded, file: &File, from: u64, to: u64) -> std::io::Result<()> {
    let start = from.max(to.saturating_sub(MOST));
    kept.cut |= start > from;
    let mut bytes = vec![0; usize::try_from(to.saturating_sub(start)).unwrap_or_default()];
    let mut filled = 0;
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, start + filled as u64)? {
            // It was cut meanwhile.
            0 => break,
            read => filled += read,
        }
    }
    kept.bytes.extend_from_slice(bytes.get(..filled).unwrap_or_default());
    let over = kept.bytes.len().saturating_sub(usize::try_from(MOST).unwrap_or(usize::MAX));
    kept.cut |= over > 0;
    kept.bytes.drain(..over);
    Ok(())
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests rotate the logs they look at")]
mod tests {
    use std::{fs, io::Write};

    use super::{super::scratch::Scratch, *};

    fn append(path: &Path, bytes: &[u8]) {
        fs::OpenOptions::new().append(true).create(true).open(path).unwrap().write_all(bytes).unwrap();
    }

    #[test]
    fn only_what_was_appended_is_read_also_across_a_rotation() {
        let scratch = Scratch::new();
        let log = scratch.write("error.log", b"before\n");
        let tail = Tail::mark(&log);
        assert_eq!(tail.appended().unwrap(), Bounded::default());
        append(&log, b"one\n");
        assert_eq!(tail.appended().unwrap().bytes, b"one\n");
        fs::rename(&log, scratch.path().join("error.log.1")).unwrap();
        append(&scratch.path().join("error.log.1"), b"two\n");
        append(&log, b"three\n");
        assert_eq!(tail.appended().unwrap().bytes, b"one\ntwo\nthree\n");
    }

    #[test]
    fn a_log_that_was_cut_is_read_from_its_beginning() {
        let scratch = Scratch::new();
        let log = scratch.write("error.log", b"a long line before\n");
        let tail = Tail::mark(&log);
        scratch.write("error.log", b"new\n");
        assert_eq!(tail.appended().unwrap().bytes, b"new\n");
    }

    #[test]
    fn of_too_much_the_end_is_kept() {
        let scratch = Scratch::new();
        let log = scratch.path().join("error.log");
        let tail = Tail::mark(&log);
        append(&log, &vec![b'x'; 100_000]);
        append(&log, b"last");
        let appended = tail.appended().unwrap();
        assert_eq!((appended.bytes.len() as u64, appended.cut), (MOST, true));
        assert!(appended.bytes.ends_with(b"xlast"));
    }

    #[test]
    fn a_log_that_is_no_file_yields_nothing() {
        assert_eq!(Tail::mark(Path::new("/dev/null")).appended().unwrap(), Bounded::default());
    }
}
