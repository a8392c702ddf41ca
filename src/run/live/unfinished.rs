//! An earlier run of the instance that has not come to its end: nothing begins before that one is looked after.

use std::path::Path;

use super::refusal::Refusal;
use crate::{
    engine::Phase,
    journal::{self, Damage, Replay},
};

/// Refuses where a run of this instance is open.
pub(super) fn check(instance: &Path) -> Result<(), Refusal> {
    let Some(run) = journal::open_run(instance) else { return Ok(()) };
    match journal::read(&instance.join(&run), &run) {
        Ok(replay) if replay.unfinished() => {
            Err(Refusal::Unfinished { would: would(&replay), run, pid: replay.begun.pid })
        }
        // It was stopped, or is stuck: what it has left, the checks of the host find.
        Ok(_) => Ok(()),
        // The mark comes after the journal: this one was taken away, and says nothing any more.
        Err(Damage::Unreadable { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(damage) => Err(damage.into()),
    }
}

/// What `recover` would do with it, in words.
fn would(replay: &Replay) -> &'static str {
    match replay.phase {
        Phase::Committed => "finish the commit where new accepts, else go back to old",
        Phase::Finishing => "wait for old to finish its connections",
        _ => "go back to old",
    }
}
