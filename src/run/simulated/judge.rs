//! What must be true when a simulated run has ended, whoever has ended it.

use super::{Broken, SimulatedWorld, Trouble};
use crate::{
    engine::{Ending, Goes, Verdict},
    journal::{self, Committed},
    protocol::{Generation, Signal, nginx::Simulated},
};

/// What is wrong with how it ended; each text is the name of a property.
pub(super) fn judge(
    verdict: &Verdict,
    world: &SimulatedWorld,
    trouble: Option<Trouble>,
) -> Result<(), &'static str> {
    ended_as_it_says(verdict, &world.sim, trouble)?;
    somebody_always_accepts(world)?;
    what_is_made_is_on_the_disk(world)?;
    whoever_goes_on_ends_where_it_said(verdict, world)?;
    one_verdict_is_the_last_word(verdict, world, trouble)
}

/// Old alone from the old file, or new alone from the new one; anything else only where the trouble leaves no other way.
fn ended_as_it_says(
    verdict: &Verdict,
    sim: &Simulated,
    trouble: Option<Trouble>,
) -> Result<(), &'static str> {
    let lives = |which| sim.master(which).is_some();
    let ok = match (verdict.verdict, verdict.exit) {
        (Ending::RolledBack | Ending::Refused, _) => sim.is_as_before(),
        (Ending::Committed, 0) => sim.is_committed(),
        (Ending::Committed, _) => ends_new(trouble),
        (Ending::Draining, _) => trouble == Some(Trouble::NeverDrains) && lives(Generation::New),
        (Ending::Stuck, _) => ends_old(trouble) || !lives(Generation::Old),
        _ => false,
    };
    if ok { Ok(()) } else { Err("it did not end as it says") }
}

/// Once QUIT is sent nobody else serves.
fn ends_new(trouble: Option<Trouble>) -> bool {
    let winch = Trouble::Tells(Generation::New, Signal::Winch);
    let ends = [Trouble::NewExits, Trouble::NewIsKilled, Trouble::NewGivesUp, winch];
    trouble.is_some_and(|trouble| ends.contains(&trouble))
}

fn ends_old(trouble: Option<Trouble>) -> bool {
    matches!(trouble, Some(Trouble::OldIsKilled))
}

/// No move of a run takes the last one away who accepts, also one that is taken only after its sender was killed.
fn somebody_always_accepts(world: &SimulatedWorld) -> Result<(), &'static str> {
    let gap = world.broken == Some(Broken::NobodyAccepts);
    if gap { Err("a move left nobody accepting") } else { Ok(()) }
}

/// What is about to be done is known after a power cut too.
fn what_is_made_is_on_the_disk(world: &SimulatedWorld) -> Result<(), &'static str> {
    let unsynced = world.broken == Some(Broken::Unsynced);
    if unsynced { Err("a move was made before its intent was on the disk") } else { Ok(()) }
}

/// Nothing happens to a recovery, so what it has seen first decides: forward where new accepts, else back.
fn whoever_goes_on_ends_where_it_said(verdict: &Verdict, world: &SimulatedWorld) -> Result<(), &'static str> {
    let forward = matches!(verdict.verdict, Ending::Committed | Ending::Draining);
    match world.goes {
        Some(goes) if forward != (goes == Goes::Forward) => Err("a recovery ended where it did not go to"),
        _ => Ok(()),
    }
}

/// Its journal can be read, and ends with this verdict; unless the disk was full.
fn one_verdict_is_the_last_word(
    verdict: &Verdict,
    world: &SimulatedWorld,
    trouble: Option<Trouble>,
) -> Result<(), &'static str> {
    let disk = world.disk.0.borrow();
    let Ok(replay) = journal::parse(&super::path(), &disk.bytes, super::cases::RUN) else {
        return Err("its journal cannot be read");
    };
    if trouble == Some(Trouble::DiskIsFull) {
        return Ok(());
    }
    let last = replay.verdict.as_ref().map(|last| (last.verdict, last.exit));
    if last != Some((verdict.verdict, verdict.exit)) {
        return Err("its verdict is not the last word");
    }
    let back = matches!(verdict.verdict, Ending::RolledBack | Ending::Refused);
    if back && replay.committed == Committed::OldIsTold {
        return Err("it went back after QUIT was recorded");
    }
    Ok(())
}
