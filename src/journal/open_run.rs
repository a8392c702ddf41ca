//! `STATE/INSTANCE/open`: a symlink to the run that has not come to an end yet, or that a person must look at.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

/// The name of the symlink.
const NAME: &str = "open";

/// The mark that a run of an instance is open.
#[derive(Debug)]
pub struct OpenRun {
    instance: PathBuf,
}

impl OpenRun {
    /// Marks `run` as the open one of this instance, durably, in the place of one that has ended.
    ///
    /// # Errors
    /// What the system said.
    pub fn mark(instance: &Path, run: &str) -> io::Result<Self> {
        let mark = Self { instance: instance.to_owned() };
        mark.close()?;
        symlink(run, instance.join(NAME))?;
        File::open(instance)?.sync_all()?;
        Ok(mark)
    }

    /// Of a run that is taken over.
    #[must_use]
    pub fn of(instance: &Path) -> Self {
        Self { instance: instance.to_owned() }
    }

    /// The run has come to an end.
    ///
    /// # Errors
    /// What the system said; the run's own verdict still says that it has ended.
    pub fn close(&self) -> io::Result<()> {
        #[expect(clippy::disallowed_methods, reason = "journal/ writes files")]
        match fs::remove_file(self.instance.join(NAME)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// The id of the run that is marked open.
#[must_use]
pub fn open_run(instance: &Path) -> Option<String> {
    let run = fs::read_link(instance.join(NAME)).ok()?.into_os_string().into_string().ok()?;
    // A name beside it, and nothing else: who edits the link leads nowhere.
    (!run.is_empty() && !run.contains('/') && !run.starts_with('.')).then_some(run)
}
