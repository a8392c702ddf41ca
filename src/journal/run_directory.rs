//! `STATE/INSTANCE/RUN/`: `events.jsonl`, one record a line; `plan.toml`, the text that was run; `inputs.json`, with what.

#![expect(clippy::disallowed_methods, reason = "journal/ writes files")]

use std::{
    collections::BTreeSet,
    fs::{DirBuilder, File, OpenOptions, remove_dir, remove_file},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use thiserror::Error;

use super::{
    events::{EVENTS, end, last_lines},
    instance::runs,
};
use crate::{engine::Record, plan::ResolvedInput};

/// The name of the plan's text.
pub const PLAN: &str = "plan.toml";
/// The name of the values of its inputs.
const INPUTS: &str = "inputs.json";

/// The files of one run. Writing to them is best effort: it never changes an outcome.
#[derive(Debug)]
pub struct RunDirectory {
    path: PathBuf,
    events: Option<File>,
    failed: Option<io::Error>,
}

/// The run's directory could not be made.
#[derive(Debug, Error)]
#[error("the run's directory {path} could not be made: {source}", path = path.display())]
pub struct StateError {
    /// Which.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

impl StateError {
    /// The one name of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "journal/directory-not-made"
    }
}

impl RunDirectory {
    /// Makes `INSTANCE/RUN`, for its owner alone, with the plan and the values of its inputs in it.
    ///
    /// # Errors
    /// [`StateError`] when one of them cannot be made; nothing live was touched then.
    pub fn create(
        instance: &Path,
        run: &str,
        plan: &str,
        inputs: &[ResolvedInput],
    ) -> Result<Self, StateError> {
        let path = instance.join(run);
        let failed = |source| StateError { path: path.clone(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(&path).map_err(failed)?;
        let mut directory = Self { path: path.clone(), events: None, failed: None };
        match directory.fill(plan, inputs) {
            Ok(events) => directory.events = Some(events),
            Err(error) => {
                // A disk that fills up leaves no half of a run behind.
                directory.discard();
                return Err(failed(error));
            }
        }
        Ok(directory)
    }

    /// Writes what the run is started with; its event file, still empty.
    fn fill(&self, plan: &str, inputs: &[ResolvedInput]) -> io::Result<File> {
        let new = |name: &str| {
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(self.path.join(name))
        };
        new(PLAN)?.write_all(plan.as_bytes())?;
        new(INPUTS)?.write_all(&serde_json::to_vec_pretty(inputs)?)?;
        new(EVENTS)
    }

    /// Opens that of a run that another process has begun.
    ///
    /// # Errors
    /// [`StateError`] when its event file cannot be opened.
    pub fn reopen(path: &Path) -> Result<Self, StateError> {
        let failed = |source| StateError { path: path.to_owned(), source };
        let file = OpenOptions::new().append(true).read(true).open(path.join(EVENTS)).map_err(failed)?;
        Ok(Self { path: path.to_owned(), events: Some(file), failed: None })
    }

    /// Removes it, where nothing came of the run.
    pub fn discard(&self) {
        for name in [PLAN, INPUTS, EVENTS] {
            // What stays is found by whoever looks into the directory; it harms nobody.
            let _ = remove_file(self.path.join(name));
        }
        let _ = remove_dir(&self.path);
    }

    /// The number of the last event that is written there; 0 where none can be read.
    #[must_use]
    pub fn last_seq(&mut self) -> u64 {
        let Some(Ok(text)) = self.events.as_mut().map(end) else { return 0 };
        let seq = |line: &[u8]| serde_json::from_slice::<serde_json::Value>(line).ok()?.get("seq")?.as_u64();
        last_lines(&text).find_map(seq).unwrap_or_default()
    }

    /// The ids of the runs that this instance has had, this one included.
    #[must_use]
    pub fn runs(&self) -> BTreeSet<String> {
        self.path.parent().map(runs).unwrap_or_default()
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a record. After a failed write no more are tried: a file with holes would tell another story.
    pub fn append(&mut self, record: &Record) {
        let Some(file) = &mut self.events else { return };
        let written = serde_json::to_vec(record).map_err(io::Error::from).and_then(|mut line| {
            line.push(b'\n');
            file.write_all(&line)
        });
        if let Err(error) = written {
            self.events = None;
            self.failed = Some(error);
        }
    }

    /// Why the file holds only the beginning of the run.
    #[must_use]
    pub const fn failure(&self) -> Option<&io::Error> {
        self.failed.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::scratch::Scratch;

    #[test]
    fn a_directory_that_cannot_be_filled_is_not_left_behind() {
        let instance = Scratch::new();
        instance.directory("run");
        instance.write("run/inputs.json", b"in the way");
        let error = RunDirectory::create(instance.path(), "run", "plan", &[]).unwrap_err();
        assert_eq!(error.code(), "journal/directory-not-made");
        assert!(instance.names().is_empty());
    }
}
