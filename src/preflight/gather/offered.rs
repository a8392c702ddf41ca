//! The plan's binary: staged by a run, looked at in place by a preview, then tried.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::trial::Environment;
use crate::{
    host::{
        directory::{Directory, beside},
        files::{Symlinks, hash_file},
        place::Place,
        staged::{Staging, is_executable},
    },
    plan::steps::{IfSame, ReplaceBinary},
    preflight::{
        Input, Staged,
        facts::{Digest, Facts, Offered, Oldbin},
    },
};

/// No larger binary is staged.
const MOST_BYTES: u64 = 1 << 30;

/// Stages and tries it; `None` where the plan has none or there is no path to stand in for.
pub(super) async fn examine(
    facts: &Facts,
    run: Option<&Environment>,
    input: &Input<'_>,
) -> Option<(Offered, Option<Staged>)> {
    let replace = facts.wanted.replace.clone()?;
    let place = facts.path.as_ref()?.place.clone().ok()?;
    let executable = is_executable(&replace.source, Symlinks::Refuse).unwrap_or(true);
    let name = input.stage.then(|| input.run.to_owned());
    let source = replace.source.clone();
    let taken = tokio::task::spawn_blocking(move || match name {
        Some(run) => stage(&source, &place, &run)
            .map(|staged| (staged.path.clone(), staged.file.sha256.clone(), Some(staged))),
        None => hash_file(&source, Symlinks::Refuse)
            .map(|hashed| (source, hashed.sha256, None))
            .map_err(|error| error.to_string()),
    });
    let taken = taken.await.unwrap_or_else(|error| Err(error.to_string()));
    let (file, digest, staged) = match taken {
        Ok((file, digest, staged)) => (file, Digest::Is(digest), staged),
        Err(error) => (replace.source.clone(), Digest::Failed(error), None),
    };
    let right = matches!(&digest, Digest::Is(digest) if *digest == replace.sha256.to_string());
    // A file that nobody checked is never executed.
    let trial = match run {
        Some(run) if right && executable => Some(run.trial(&file).await),
        _ => None,
    };
    Some((Offered { file, digest, executable, trial }, staged))
}

/// Beside the name that will be exchanged: what is laid there is this run's alone, by its lock.
fn stage(source: &Path, place: &Place, run: &str) -> Result<Staged, String> {
    let directory = Directory::open(&place.directory).map_err(|error| error.to_string())?;
    let name = beside(&place.name, run);
    let what = Staging { source, name: &name, stands_in_for: &place.name, limit: MOST_BYTES };
    let file = directory.stage(what).map_err(|error| error.to_string())?;
    Ok(Staged { path: place.directory.join(&name), name, file })
}

/// The running file and the path both have the wanted digest, and no second generation lives.
pub(super) fn nothing_to_do(facts: &Facts) -> Option<String> {
    let replace = facts.wanted.replace.as_ref().filter(|replace| replace.if_same == IfSame::Done)?;
    let master = facts.master.as_ref().filter(|it| it.titled && !it.workers.is_empty())?;
    let alone = master.parent_master.is_none() && master.child_masters.is_empty();
    let path = facts.path.as_ref()?;
    if !alone
        || matches!(facts.pid_file.oldbin, Oldbin::Live(_))
        || path.file().is_none()
        || path.file() != master.exe
    {
        return None;
    }
    let running = PathBuf::from(format!("/proc/{}/exe", master.id.pid));
    has_digest(&running, replace).then(|| {
        format!(
            "master {} runs {} with the SHA-256 {} already",
            master.id,
            path.path.display(),
            replace.sha256
        )
    })
}

/// Files of another size than the source are not read.
fn has_digest(running: &Path, replace: &ReplaceBinary) -> bool {
    let size = |path: &Path| fs::metadata(path).ok().map(|file| file.len());
    if size(&replace.source).is_some_and(|source| size(running) != Some(source)) {
        return false;
    }
    hash_file(running, Symlinks::Follow).is_ok_and(|hashed| hashed.sha256 == replace.sha256.to_string())
}
