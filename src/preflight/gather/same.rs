//! Which file new would run, and whether that one runs already.

use std::{fs, path::Path};

use super::{offered::running, trial::Environment};
use crate::{
    engine::NewFile,
    host::files::{Symlinks, hash_file},
    plan::steps::{AdoptBinary, IfSame, ReplaceBinary},
    preflight::{
        facts::{Facts, Oldbin},
        wanted::BinaryStep,
    },
};

/// Which file new would run. Where the path holds another file than old runs and that is the one that the plan means,
/// it is taken as it is: another instance's changeover, or a package manager, has put it there.
pub(super) fn new_file(facts: &Facts) -> NewFile {
    let differs = facts.path_differs();
    match (&facts.wanted.binary, &facts.path) {
        (Some(BinaryStep::Adopt(_)), _) if differs => NewFile::Adopted,
        (Some(BinaryStep::Replace(step)), Some(path)) if differs && has_digest(&path.path, step) => {
            NewFile::Adopted
        }
        (Some(BinaryStep::Replace(_)), _) => NewFile::Staged,
        (Some(BinaryStep::Adopt(_)) | None, _) => NewFile::Same,
    }
}

/// The running file and the path are both what the plan means, and no second generation lives.
pub(super) async fn nothing_to_do(facts: &Facts) -> Option<String> {
    let step = facts.wanted.binary.as_ref().filter(|step| step.if_same() == IfSame::Done)?;
    let master = facts.master.as_ref().filter(|it| it.titled && !it.workers.is_empty())?;
    let alone = master.parent_master.is_none() && master.child_masters.is_empty();
    let path = facts.path.as_ref().filter(|path| path.place.is_ok())?;
    if !alone || matches!(facts.pid_file.oldbin, Oldbin::Live(_)) || master.exe.is_none() {
        return None;
    }
    let (id, shown) = (master.id, path.path.display());
    match step {
        BinaryStep::Replace(step) => {
            let at_path = facts.new_file == NewFile::Adopted || !facts.path_differs();
            (at_path && has_digest(&running(id), step))
                .then(|| format!("master {id} runs {shown} with the SHA-256 {} already", step.sha256))
        }
        BinaryStep::Adopt(step) if !facts.path_differs() => {
            let run = Environment::of(master, facts.access.euid)?;
            let said = what_the_plan_says(step, &running(id), &run).await?;
            Some(format!("master {id} runs the file at {shown}{said} already"))
        }
        BinaryStep::Adopt(_) => None,
    }
}

/// The version and the digest that the plan says, in words; `None` where the file has others. What the plan does not
/// say is not looked at, and nothing is run for it.
async fn what_the_plan_says(step: &AdoptBinary, exe: &Path, run: &Environment) -> Option<String> {
    let mut said = Vec::new();
    if let Some(wanted) = step.sha256.map(|wanted| wanted.to_string()) {
        let is = hash_file(exe, Symlinks::Follow).ok()?.sha256;
        said.push((is == wanted).then(|| format!(", SHA-256 {wanted},"))?);
    }
    if let Some(wanted) = &step.version {
        let is = run.build(exe).await.ok()?.version;
        said.push((is == *wanted).then(|| format!(", version {wanted},"))?);
    }
    Some(said.concat())
}

/// Files of another size than the source are not read.
fn has_digest(file: &Path, step: &ReplaceBinary) -> bool {
    let size = |path: &Path| fs::metadata(path).ok().map(|file| file.len());
    if size(&step.source).is_some_and(|source| size(file) != Some(source)) {
        return false;
    }
    hash_file(file, Symlinks::Follow).is_ok_and(|hashed| hashed.sha256 == step.sha256.to_string())
}
