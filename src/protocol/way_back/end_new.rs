//! Rule 6: new leaves, gently where it can. QUIT, TERM and KILL are separate moves.

use std::time::Duration;

use super::{
    KERNEL_ACTS, NEW_STARTS, TERM_WORKS,
    gone::settling,
    history::{last, signal},
};
use crate::protocol::{Generation, Master, Move, Next, Question, Signal, Situation, Waiting};

const QUIT: Move = signal(Signal::Quit, Generation::New);
const TERM: Move = signal(Signal::Term, Generation::New);

/// Rule 6. New is waited for while it starts, then told QUIT when well and TERM when not, then killed.
pub(super) fn new_leaves(situation: &Situation) -> Option<Next> {
    if !situation.new.master.lives() {
        return None;
    }
    let told = |what: &Move| last(situation, what);
    Some(match (told(&Move::FreezeNew), told(&TERM), told(&QUIT)) {
        (Some(frozen), _, _) => kill(situation, frozen),
        (None, Some(age), _) => unless_leaving(age, TERM_WORKS, Move::FreezeNew),
        (None, None, Some(age)) => {
            let harder = if situation.baseline.term_unlinks { Move::FreezeNew } else { TERM };
            unless_leaving(age, situation.limits.quit_timeout, harder)
        }
        (None, None, None) => tell(situation),
    })
}

/// The first word to new. Its signals are blocked while it starts: it would not read one.
fn tell(situation: &Situation) -> Next {
    let new = &situation.new;
    let starts = NEW_STARTS.checked_sub(new.unsettled_for).filter(|left| !left.is_zero());
    match (new.master, starts) {
        (Master::Starting, Some(bound)) => return Next::Wait { waiting: Waiting::NewStarts, bound },
        // Somebody else told it to leave: QUIT changes nothing for its clients and starts our clock.
        (Master::Leaving, _) => return Next::Move(QUIT),
        _ => {}
    }
    if let Some(wait) = settling(situation) {
        return wait;
    }
    let well = if new.looks_well() { situation.answers.new_answers_well } else { Some(false) };
    match well {
        None => Next::Ask(Question::NewHealth),
        Some(true) => Next::Move(QUIT),
        // A TERM to it would remove old's unix sockets, which no signal brings back (nginx-facts 27).
        Some(false) if situation.baseline.term_unlinks => Next::Move(QUIT),
        Some(false) => Next::Move(TERM),
    }
}

/// Waits until `bound` after it was told, then takes the next step.
fn unless_leaving(told: Duration, bound: Duration, then: Move) -> Next {
    match bound.checked_sub(told) {
        Some(left) if !left.is_zero() => Next::Wait { waiting: Waiting::NewLeaves, bound: left },
        _ => Next::Move(then),
    }
}

/// The master is stopped first so that it replaces nobody, then its children end, then itself: a killed master
/// leaves orphans that go on accepting (nginx-facts 13).
fn kill(situation: &Situation, frozen: Duration) -> Next {
    let new = &situation.new;
    if new.master != Master::Stopped {
        return unless_leaving(frozen, KERNEL_ACTS, Move::FreezeNew);
    }
    let what = if new.workers.total() > 0 { Move::KillNewWorkers } else { Move::KillNewMaster };
    match last(situation, &what) {
        Some(age) => unless_leaving(age, KERNEL_ACTS, what),
        None => Next::Move(what),
    }
}
