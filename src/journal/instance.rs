//! `STATE/INSTANCE/`: the runs of one nginx, by the real path of its pid file.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

/// No more instances are looked at.
const MOST_INSTANCES: usize = 10_000;
/// No more runs of one instance are listed.
const MOST_RUNS: usize = 100_000;

/// The directory of the runs of the nginx with this pid file. The state directory may be relative; this is not.
#[must_use]
pub fn instance_directory(state: &Path, pid_file: &Path) -> PathBuf {
    // By its real directory: `/var/run` and `/run` are one instance.
    let directory = pid_file.parent().and_then(|directory| directory.canonicalize().ok());
    let name = pid_file.file_name().unwrap_or_default();
    let path = directory.map_or_else(|| pid_file.to_owned(), |directory| directory.join(name));
    // The guardian does not work in this directory.
    let state = std::path::absolute(state).unwrap_or_else(|_| state.to_owned());
    state.join(path.display().to_string().trim_start_matches('/').replace('/', "_"))
}

/// The directories of all instances that have had a run, sorted by name.
///
/// # Errors
/// When the state directory cannot be read; one that is not there has none.
pub fn instances(state: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(state) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let paths = entries.take(MOST_INSTANCES).flatten().map(|entry| entry.path());
    let mut found: Vec<PathBuf> = paths.filter(|path| path.is_dir()).collect();
    found.sort();
    Ok(found)
}

/// The ids of the runs that an instance has had; they sort by time.
#[must_use]
pub fn runs(instance: &Path) -> BTreeSet<String> {
    let entries = instance.read_dir().into_iter().flatten().take(MOST_RUNS).flatten();
    let directories = entries.filter(|entry| entry.file_type().is_ok_and(|it| it.is_dir()));
    directories.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}
