//! Configuration files that changed after the workers started.

use std::{fs, time::Duration};

use crate::{
    host::clock::started_at,
    preflight::facts::{Facts, NewerFile},
};

/// Start times are known to some hundredths of a second.
const UNSURE: Duration = Duration::from_millis(100);

/// Compares with the oldest worker that accepts: it was started by the last reload, later ones may be respawned.
pub(super) fn files(facts: &Facts) -> Vec<NewerFile> {
    let oldest =
        facts.master.as_ref().and_then(|master| master.workers.iter().map(|worker| worker.start).min());
    let (Some(started), Some(configuration)) = (oldest.and_then(started_at), facts.configuration()) else {
        return Vec::new();
    };
    let newer = |path: &String| {
        let changed = fs::metadata(path).ok()?.modified().ok()?;
        let after = changed.duration_since(started).ok().filter(|after| *after > UNSURE)?;
        Some(NewerFile { path: path.clone(), seconds: after.as_secs().max(1) })
    };
    configuration.files.iter().filter_map(|file| newer(&file.path)).collect()
}
