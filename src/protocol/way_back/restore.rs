//! Rules 7 to 12: new is gone; old is made whole, alone and proven.

use super::{
    BASELINE_FAILURES, KERNEL_ACTS, STRAYS_QUIT,
    history::{attempts, last, last_to_old, made_since, sent_usr2, signal},
    restore_or_skip,
};
use crate::protocol::{
    Generation, Move, Next, PathHolds, PidFile, Question, Signal, Situation, Stuck, Waiting,
};

const HUP: Move = signal(Signal::Hup, Generation::Old);
const WINCH: Move = signal(Signal::Winch, Generation::Old);
const USR1: Move = signal(Signal::Usr1, Generation::Old);

/// How often old is restarted from memory, or reloaded, before the next means.
const TRIES: usize = 2;

/// Rule 7. The pid file names old again (the next USR2 would poison it otherwise, nginx-facts 26), `.oldbin` goes, unix
/// paths are linked back.
pub(super) fn pid_file_and_paths(situation: &Situation) -> Option<Next> {
    let names = Generation::Old;
    let right = situation.pid_file == PidFile::Names(names);
    let pid_file = (!right).then_some(Move::WritePidFile { names });
    let oldbin = situation.oldbin.then_some(Move::UnlinkOldbin);
    let paths = situation.unix_paths_gone.iter().map(|path| Move::LinkUnixPath { path: path.clone() });
    pid_file.into_iter().chain(oldbin).chain(paths).find_map(|what| restore_or_skip(situation, what))
}

/// Rule 8. Nobody of old accepts: an exec that fails makes it start its workers from memory (nginx-facts 23), then the
/// disk may help. Where somebody does: flushed since the last signal to it, so that no latched WINCH waits.
pub(super) fn old_accepts_from_memory(situation: &Situation) -> Option<Next> {
    if situation.old.accepting() == Some(0) {
        return Some(restart(situation));
    }
    let flushed = last_to_old(situation).is_none_or(|past| past.what == USR1);
    (!flushed).then_some(Next::Move(USR1))
}

fn restart(situation: &Situation) -> Next {
    let tried = made_since(situation, &Move::StubExec, &[WINCH]);
    if tried < TRIES && stub_possible(situation) {
        return Next::Move(Move::StubExec);
    }
    if made_since(situation, &HUP, &[WINCH, Move::StubExec]) > 0 {
        return Next::Stuck(Stuck::OldDoesNotAccept);
    }
    match situation.answers.configuration_passes {
        None => Next::Ask(Question::ConfigurationTest),
        Some(true) => Next::Move(HUP),
        Some(false) => Next::Stuck(Stuck::OldDoesNotAccept),
    }
}

/// A stub exec exchanges the file at the path: only what was found may be moved aside.
fn stub_possible(situation: &Situation) -> bool {
    situation.path == PathHolds::Found
}

/// Rule 9. A wrong number of workers: from disk where that passes, else none and then rule 8 from memory.
pub(super) fn old_has_its_number(situation: &Situation) -> Option<Next> {
    if situation.old.accepting() == Some(situation.baseline.accepting) {
        return None;
    }
    let again = |what: Move, restarts: &[Move]| {
        let tried = made_since(situation, &what, restarts);
        if tried < TRIES { Next::Move(what) } else { Next::Stuck(Stuck::WrongNumber) }
    };
    Some(match situation.answers.configuration_passes {
        None => Next::Ask(Question::ConfigurationTest),
        // A poisoned master adds workers at every HUP and reads nothing from disk (nginx-facts 2).
        Some(true) => poison_is_cured(situation).unwrap_or_else(|| again(HUP, &[WINCH, Move::StubExec])),
        // Without the stub exec nothing would start the workers again.
        Some(false) if stub_possible(situation) && attempts(situation, &WINCH) <= TRIES => Next::Move(WINCH),
        Some(false) => Next::Stuck(Stuck::WrongNumber),
    })
}

/// Rule 10. Poison is suspected and this run sent USR2: a stub exec has no effect on a healthy master and cures a
/// poisoned one.
pub(super) fn poison_is_cured(situation: &Situation) -> Option<Next> {
    let cure = situation.old.poison_suspected && sent_usr2(situation) && stub_possible(situation);
    cure.then_some(Next::Move(Move::StubExec))
}

/// Rule 11. Strays leave once old has its number: QUIT, then KILL.
pub(super) fn strays_leave(situation: &Situation) -> Option<Next> {
    if situation.strays.old.is_empty() && situation.strays.new.is_empty() {
        return None;
    }
    let wait = |age: std::time::Duration, bound: std::time::Duration| {
        let left = bound.checked_sub(age).filter(|left| !left.is_zero())?;
        Some(Next::Wait { waiting: Waiting::StraysLeave, bound: left })
    };
    let quit = last(situation, &Move::QuitStrays);
    let killed = last(situation, &Move::KillStrays);
    Some(match (quit, killed) {
        (_, Some(age)) => wait(age, KERNEL_ACTS).unwrap_or(Next::Move(Move::KillStrays)),
        (Some(age), None) => wait(age, STRAYS_QUIT).unwrap_or(Next::Move(Move::KillStrays)),
        (None, None) => Next::Move(Move::QuitStrays),
    })
}

/// Rule 12. Old answers as before the run: rolled back. A file that could not be put back is not.
#[expect(clippy::unnecessary_wraps, reason = "a rule like the others; the last one always matches")]
pub(super) fn old_serves_as_before(situation: &Situation) -> Option<Next> {
    Some(match situation.answers.baseline_holds {
        None => Next::Ask(Question::BaselineProbes),
        Some(true) if file_left(situation) => Next::Stuck(Stuck::NoProgress),
        Some(true) => Next::RolledBack,
        Some(false) if situation.answers.baseline_failures >= BASELINE_FAILURES => {
            Next::Stuck(Stuck::BaselineLost)
        }
        Some(false) => Next::Wait { waiting: Waiting::OldAnswers, bound: super::ASK_AGAIN },
    })
}

/// Whether rule 1 or 7 was given up: it would have matched before this rule.
fn file_left(situation: &Situation) -> bool {
    matches!(situation.path, PathHolds::Ours | PathHolds::Stub)
        || situation.pid_file != PidFile::Names(Generation::Old)
        || situation.oldbin
        || !situation.unix_paths_gone.is_empty()
}
