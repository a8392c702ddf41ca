//! What the rules ask the past.

use std::time::Duration;

use super::ATTEMPTS;
use crate::protocol::{Generation, Identity, Move, Past, Signal, Situation};

/// A signal to the master of a generation.
pub(super) const fn signal(signal: Signal, to: Generation) -> Move {
    Move::Signal { signal, to }
}

/// What was done to the present master of `to`, or to no master at all, oldest first.
///
/// A move to an earlier master of that generation says nothing about this one.
fn to_present(situation: &Situation, to: Generation) -> impl DoubleEndedIterator<Item = &Past> {
    let present: Option<Identity> = situation.generation(to).id;
    situation.past.iter().filter(move |past| past.to.is_none() || past.to == present)
}

/// How long ago this move was last made, to the present master, forward or back.
pub(super) fn last(situation: &Situation, what: &Move) -> Option<Duration> {
    let made = |past: &&Past| past.sent && past.what == *what;
    match what.receiver() {
        Some(to) => to_present(situation, to).rfind(made).map(|past| past.age),
        None => situation.past.iter().rfind(made).map(|past| past.age),
    }
}

/// How often the way back made this move to the present master.
pub(super) fn attempts(situation: &Situation, what: &Move) -> usize {
    let made = |past: &&Past| past.way_back && past.what == *what;
    match what.receiver() {
        Some(to) => to_present(situation, to).filter(made).count(),
        None => situation.past.iter().filter(made).count(),
    }
}

/// Whether this move was made as often as it may be. A flush only ever follows another signal, which is counted.
pub(super) fn exhausted(situation: &Situation, what: &Move) -> bool {
    let flush = *what == signal(Signal::Usr1, Generation::Old);
    !flush && attempts(situation, what) >= ATTEMPTS
}

/// What this run last told old, and whether the way back did.
pub(super) fn last_to_old(situation: &Situation) -> Option<&Past> {
    to_present(situation, Generation::Old)
        .rfind(|past| past.sent && past.what.receiver() == Some(Generation::Old))
}

/// How often `what` was made to old by the way back since it last made `after`.
pub(super) fn made_since(situation: &Situation, what: &Move, after: &[Move]) -> usize {
    to_present(situation, Generation::Old)
        .rev()
        .filter(|past| past.way_back)
        .take_while(|past| !after.contains(&past.what))
        .filter(|past| past.what == *what)
        .count()
}

/// Whether this run executed a file through old.
pub(super) fn sent_usr2(situation: &Situation) -> bool {
    let usr2 = signal(Signal::Usr2, Generation::Old);
    to_present(situation, Generation::Old).any(|past| past.what == Move::OpenWindow || past.what == usr2)
}
