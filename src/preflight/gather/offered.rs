//! The plan's binary: staged by a run, looked at in place by a preview and where the path holds it already, then tried.

use std::path::{Path, PathBuf};

use super::trial::Environment;
use crate::{
    engine::NewFile,
    host::{
        directory::{Directory, beside},
        files::{Hashed, Symlinks, hash_file},
        place::Place,
        process::Process,
        staged::{Staging, is_executable},
    },
    preflight::{
        Input, Staged,
        facts::{Digest, Facts, Offered},
        master::Master,
        wanted::BinaryStep,
    },
    protocol::Identity,
};

/// No larger binary is staged.
const MOST_BYTES: u64 = 1 << 30;

/// Stages and tries it; `None` where the plan has none or there is no path to stand in for.
pub(super) async fn examine(
    facts: &Facts,
    run: Option<&Environment>,
    input: &Input<'_>,
) -> Option<(Offered, Option<Staged>)> {
    let step = facts.wanted.binary.as_ref()?;
    let path = facts.path.as_ref()?;
    let place = path.place.clone().ok()?;
    let (source, symlinks) = match (step, facts.new_file) {
        (BinaryStep::Replace(step), NewFile::Staged) => (step.source.clone(), Symlinks::Refuse),
        _ => (path.path.clone(), Symlinks::Follow),
    };
    let executable = is_executable(&source, symlinks).unwrap_or(true);
    let (file, hashed, staged) = match take((&source, symlinks), place, facts.new_file, input).await {
        Ok(taken) => taken,
        Err(error) => {
            let digest = Digest::Failed(error);
            return Some((Offered { file: source, digest, executable, trial: None }, None));
        }
    };
    // A file that nobody checked is never executed.
    let trial = match run {
        Some(run) if step.means(&hashed.sha256) && executable => Some(run.trial(&file).await),
        _ => None,
    };
    Some((Offered { file, digest: Digest::Is(hashed), executable, trial }, staged))
}

type Taken = (PathBuf, Hashed, Option<Staged>);

/// Reads the file, and stages it where that is to be done.
async fn take(
    (source, symlinks): (&Path, Symlinks),
    place: Place,
    new_file: NewFile,
    input: &Input<'_>,
) -> Result<Taken, String> {
    let source = source.to_owned();
    let as_run = (new_file == NewFile::Staged && input.stage).then(|| input.run.to_owned());
    let taken = tokio::task::spawn_blocking(move || {
        if let Some(run) = as_run {
            let staged = stage((&source, symlinks), &place, None, &run)?;
            return Ok((staged.path.clone(), staged.file.clone(), Some(staged)));
        }
        let hashed = hash_file(&source, symlinks).map_err(|error| error.to_string())?;
        if new_file != NewFile::Staged && hashed.id != place.file {
            return Err(format!("{} was changed while it was looked at", source.display()));
        }
        Ok((source, hashed, None))
    });
    taken.await.unwrap_or_else(|error| Err(error.to_string()))
}

/// What the path is found to hold, where that is not what is offered: a person who takes it back later wants to know that it
/// is the same.
pub(super) async fn found(facts: &Facts) -> Option<Hashed> {
    let place = facts.path.as_ref().filter(|_| facts.new_file != NewFile::Adopted)?.place.clone().ok()?;
    let hash = move || hash_file(&place.leads_to, Symlinks::Refuse).ok().filter(|it| it.id == place.file);
    tokio::task::spawn_blocking(hash).await.ok()?
}

/// Keeps what old runs beside the path, whose file is another one: nothing else can bring it back once old is gone.
pub(super) async fn keep(master: &Master, place: &Place, run: &str) -> Result<Staged, String> {
    let (id, place, run) = (master.id, place.clone(), run.to_owned());
    let kept = tokio::task::spawn_blocking(move || {
        let exe = running(id);
        let staged = stage((&exe, Symlinks::Follow), &place, Some(&exe), &run)?;
        // As long as that process lives, nobody else has its number.
        if Process::again(id).is_none() {
            staged.discard();
            return Err(format!("master {id} is gone"));
        }
        Ok(staged)
    });
    kept.await.unwrap_or_else(|error| Err(error.to_string()))
}

/// What a process executes, also where no path names it any more.
pub(super) fn running(master: Identity) -> PathBuf {
    PathBuf::from(format!("/proc/{}/exe", master.pid))
}

/// Copies a file beside the name that would be exchanged, with the looks of the file there or of another. What is laid
/// there is this run's alone, by its lock.
fn stage(
    (source, symlinks): (&Path, Symlinks),
    place: &Place,
    looks: Option<&Path>,
    run: &str,
) -> Result<Staged, String> {
    let directory = Directory::open(&place.directory).map_err(|error| error.to_string())?;
    let name = beside(&place.name, run);
    let stands_in_for = looks.map_or(&*place.name, Path::as_os_str);
    let what = Staging { source, symlinks, name: &name, stands_in_for, limit: MOST_BYTES };
    let file = directory.stage(what).map_err(|error| error.to_string())?;
    Ok(Staged { path: place.directory.join(&name), name, file })
}
