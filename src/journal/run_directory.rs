//! `STATE/INSTANCE/RUN/`: `events.jsonl`, one record a line; `plan.toml`, the text that was run; `inputs.json`, with what.

use std::{
    collections::BTreeSet,
    fs::{DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use thiserror::Error;

use crate::{engine::Record, plan::ResolvedInput};

/// No more runs of one instance are listed.
const MOST_RUNS: usize = 100_000;

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
    /// Makes `STATE/INSTANCE/RUN`, for its owner alone, with the plan and the values of its inputs in it.
    ///
    /// # Errors
    /// [`StateError`] when one of them cannot be made; nothing live was touched then.
    pub fn create(
        state: &Path,
        instance: &str,
        run: &str,
        plan: &str,
        inputs: &[ResolvedInput],
    ) -> Result<Self, StateError> {
        let path = state.join(instance).join(run);
        let failed = |source| StateError { path: path.clone(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(&path).map_err(failed)?;
        let new =
            |name: &str| OpenOptions::new().write(true).create_new(true).mode(0o600).open(path.join(name));
        new("plan.toml").and_then(|mut file| file.write_all(plan.as_bytes())).map_err(failed)?;
        let inputs = serde_json::to_vec_pretty(inputs).map_err(io::Error::from).map_err(failed)?;
        new("inputs.json").and_then(|mut file| file.write_all(&inputs)).map_err(failed)?;
        let events = new("events.jsonl").map_err(failed)?;
        Ok(Self { path, events: Some(events), failed: None })
    }

    /// The ids of the runs that this instance has had, this one included.
    #[must_use]
    pub fn runs(&self) -> BTreeSet<String> {
        let names = self.path.parent().and_then(|instance| instance.read_dir().ok());
        let names = names.into_iter().flatten().take(MOST_RUNS).flatten();
        names.filter_map(|entry| entry.file_name().into_string().ok()).collect()
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
