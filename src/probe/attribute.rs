//! From connections to the workers that have accepted them, before anything is sent.

use std::time::Duration;

use super::{answer::AnsweredBy, crew::Crew};
use crate::host::{
    clock::Clock,
    held_sockets::owners,
    sock_diag::{ClientEnd, ServerEnd, SockDiag, SockDiagError},
    timer,
};

/// How long a socket may be nobody's: `accept` makes the socket a moment before the descriptor, and a worker
/// that was started meanwhile is in the next reading of the crew.
const UNKNOWN_FOR: Duration = Duration::from_millis(300);
/// How often is looked without a pause: a worker accepts within a fraction of a millisecond.
const EAGER: u32 = 16;
const PAUSE: Duration = Duration::from_millis(1);

/// What is known of the server's end of one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Accepted {
    /// This worker has it.
    By(AnsweredBy),
    /// Somebody has it whose descriptors may not be read.
    Denied,
    /// Somebody has it who belongs to neither generation.
    Unknown,
    /// Nobody has accepted it.
    Queued,
    /// The listener waits for data before it lets anybody accept.
    Deferred,
    /// It is not there.
    Gone,
}

/// What was found out about one connection, and when it was accepted, counted from the first look.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub(super) accepted: Accepted,
    pub(super) after: Duration,
}

/// Finds out who has accepted each connection; waits at most `within` for those that nobody has accepted yet.
pub(super) async fn attribute(
    diag: &SockDiag,
    ends: &[ClientEnd],
    crew: &impl Fn() -> Crew,
    within: Duration,
) -> Result<Vec<Found>, SockDiagError> {
    let clock = Clock::start();
    let mut found = vec![Found { accepted: Accepted::Queued, after: Duration::ZERO }; ends.len()];
    let mut known = crew();
    let mut looks = 0;
    loop {
        look(diag, ends, &known, &clock, &mut found)?;
        let waits = |it: &Found| match it.accepted {
            Accepted::Queued => clock.elapsed() < within,
            Accepted::Unknown => clock.elapsed() < it.after + UNKNOWN_FOR,
            _ => false,
        };
        if !found.iter().any(waits) {
            return Ok(found);
        }
        pause(looks).await;
        looks += 1;
        if found.iter().any(|it| it.accepted == Accepted::Unknown) {
            known = crew();
        }
    }
}

/// One look at every connection whose worker is not known yet, with one pass over the descriptors.
fn look(
    diag: &SockDiag,
    ends: &[ClientEnd],
    crew: &Crew,
    clock: &Clock,
    found: &mut [Found],
) -> Result<(), SockDiagError> {
    let mut inodes = Vec::new();
    for (place, our_end) in ends.iter().enumerate() {
        let Some(it) = found.get_mut(place) else { continue };
        if !matches!(it.accepted, Accepted::Queued | Accepted::Unknown) {
            continue;
        }
        let end = diag.server_end(*our_end)?;
        if let ServerEnd::Accepted(inode) = end {
            inodes.push((place, inode));
            if it.accepted == Accepted::Queued {
                it.after = clock.elapsed();
            }
        }
        it.accepted = match end {
            ServerEnd::Accepted(_) => Accepted::Unknown,
            ServerEnd::Queued => Accepted::Queued,
            ServerEnd::Deferred => Accepted::Deferred,
            ServerEnd::Gone => Accepted::Gone,
        };
    }
    if inodes.is_empty() {
        return Ok(());
    }
    let wanted: Vec<u64> = inodes.iter().map(|(_, inode)| *inode).collect();
    let owners = owners(crew.pids(), &wanted);
    for (place, inode) in inodes {
        let pid = owners.pids.get(&inode).copied();
        let by = pid.and_then(|pid| Some(AnsweredBy { pid, generation: crew.generation_of(pid)? }));
        let Some(it) = found.get_mut(place) else { continue };
        match by {
            Some(by) => it.accepted = Accepted::By(by),
            None if owners.denied => it.accepted = Accepted::Denied,
            None => {}
        }
    }
    Ok(())
}

/// Lets the worker and the other futures run.
async fn pause(looks: u32) {
    if looks < EAGER {
        std::thread::yield_now();
        tokio::task::yield_now().await;
    } else {
        timer::after(PAUSE).await;
    }
}
