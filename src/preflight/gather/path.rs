//! The path that the master executes, and its directory.

use std::{fs, path::Path};

use super::offered::running;
use crate::{
    engine::NewFile,
    host::{Exchanges, directory::Directory, place::Place},
    preflight::{
        Input,
        facts::{BinaryPath, Facts, Space},
        wanted::BinaryStep,
    },
};

/// Room for the stub, the pid file and what a file system takes for itself.
const MARGIN: u64 = 256 * 1024;

/// Looks at the path. In a preview nothing is written, so the exchange is not tried: the kind of the file system is looked at.
pub(super) fn read(path: &Path, input: &Input<'_>) -> BinaryPath {
    let place = Place::of(path);
    let name = place.as_ref().map_or(path.file_name(), |place| Some(&*place.name));
    let directory = match &place {
        Ok(place) => Directory::open(&place.directory),
        Err(_) => Directory::open(path.parent().unwrap_or(path)),
    };
    let free = directory.as_ref().ok().and_then(|directory| directory.free_bytes().ok());
    let exchange = match (&directory, name) {
        (Ok(directory), Some(name)) if input.stage => {
            directory.exchanges(name, input.run).map(Some).map_err(|error| error.to_string())
        }
        (Ok(directory), _) => {
            let known = directory.is_known_to_exchange().unwrap_or(false);
            Ok(known.then_some(Exchanges::InOneStep))
        }
        (Err(error), _) => Err(error.to_string()),
    };
    BinaryPath {
        path: path.to_owned(),
        space: free.map(|free| Space { free, needed: MARGIN }),
        noexec: directory.is_ok_and(|directory| directory.is_noexec().unwrap_or(false)),
        exchange,
        place,
    }
}

/// What is laid beside the path needs room: the new file, or a copy of what old runs.
pub(super) fn see_space(facts: &mut Facts) {
    let copied = match (&facts.wanted.binary, facts.new_file, &facts.master) {
        (Some(BinaryStep::Replace(step)), NewFile::Staged, _) => Some(step.source.clone()),
        (_, NewFile::Adopted, Some(master)) => Some(running(master.id)),
        _ => None,
    };
    let size = copied.map_or(0, |copied| fs::metadata(copied).map_or(0, |file| file.len()));
    if let Some(space) = facts.path.as_mut().and_then(|path| path.space.as_mut()) {
        space.needed += size;
    }
}

/// How many processors are online, as nginx counts them for `worker_processes auto` (`_SC_NPROCESSORS_ONLN`).
pub(super) fn processors() -> usize {
    let online = nix::unistd::sysconf(nix::unistd::SysconfVar::_NPROCESSORS_ONLN);
    online
        .ok()
        .flatten()
        .and_then(|number| usize::try_from(number).ok())
        .filter(|number| *number > 0)
        .unwrap_or(1)
}
