//! Rule 2: old's master is gone, or as good as gone: new starts the old binary, the changeover in reverse.

use super::{
    NEW_SETTLES, OLD_SETTLES, TERM_WORKS,
    history::{attempts, last, signal},
    restore_or_skip, wait,
};
use crate::protocol::{
    Generation, GenerationState, Master, Move, Next, PathHolds, PidFile, Question, Signal, Situation, Stuck,
    Waiting,
};

/// How often new is told HUP to accept, and USR2 to start the old binary.
const TRIES: usize = 2;
const TERM: Move = signal(Signal::Term, Generation::Old);
const HUP: Move = signal(Signal::Hup, Generation::New);

/// Rule 2. Old cannot come back by itself: new keeps serving and starts the old binary, or nobody can.
///
/// (a) Whoever runs the file as found is old already where the situation was observed.
pub(super) fn old_is_gone(situation: &Situation) -> Option<Next> {
    if !matches!(situation.old.master, Master::Absent | Master::Dead | Master::Leaving) {
        return None;
    }
    let new = &situation.new;
    Some(match new.master {
        // (b)
        Master::Absent | Master::Dead | Master::Leaving => Next::Stuck(Stuck::NoMaster),
        Master::Busy if crashes(new) => through_new(situation),
        Master::Starting | Master::Busy | Master::Stopped => {
            wait(Waiting::NewSettles, OLD_SETTLES, new.unsettled_for, Stuck::OldGoneNewUnsettled)
        }
        Master::Settled => through_new(situation),
    })
}

/// A master whose workers die again and again may never settle; where nothing waits for it, it can still be told.
const fn crashes(new: &GenerationState) -> bool {
    new.stability.crashes > 0 && new.pending.is_empty()
}

/// (c) New accepts and the pid files are right, then (d) the old binary is started again.
fn through_new(situation: &Situation) -> Next {
    let before: [fn(&Situation) -> Option<Next>; 4] = [new_accepts, new_is_named, old_leaves, no_oldbin];
    before.iter().find_map(|step| step(situation)).unwrap_or_else(|| start_old(situation))
}

/// Workers that somebody drained come again; those that died for good do not, and old's are all the more wanted.
fn new_accepts(situation: &Situation) -> Option<Next> {
    let nobody = situation.new.accepting() == Some(0) && attempts(situation, &HUP) < TRIES;
    nobody.then_some(Next::Move(HUP))
}

/// USR2 with a wrong pid file would poison new (nginx-facts 2).
fn new_is_named(situation: &Situation) -> Option<Next> {
    let names = Generation::New;
    let right = situation.pid_file == PidFile::Names(names);
    (!right).then(|| restore_or_skip(situation, Move::WritePidFile { names })).flatten()
}

/// USR2 to new is ignored while the master that started it lives (nginx-facts 30). One that drains has as long as new would have.
fn old_leaves(situation: &Situation) -> Option<Next> {
    if situation.old.master != Master::Leaving {
        return None;
    }
    let waiting = Waiting::OldLeaves;
    if let Some(age) = last(situation, &TERM) {
        return Some(wait(waiting, TERM_WORKS, age, Stuck::OldNotStarted));
    }
    let left = situation.limits.quit_timeout.checked_sub(situation.old.unsettled_for);
    Some(match left.filter(|left| !left.is_zero()) {
        Some(bound) => Next::Wait { waiting, bound },
        None => Next::Move(TERM),
    })
}

/// What a killed old left: as long as it is there, nobody can tell whether new has handled USR2.
fn no_oldbin(situation: &Situation) -> Option<Next> {
    situation.oldbin.then(|| restore_or_skip(situation, Move::UnlinkOldbin)).flatten()
}

/// (d) The changeover in reverse, where the path holds what was found and the configuration test of old's binary passes.
fn start_old(situation: &Situation) -> Next {
    let reverse = Move::Reverse { file: situation.baseline.old_file };
    if situation.path != PathHolds::Found || attempts(situation, &reverse) >= TRIES {
        return Next::Stuck(Stuck::OldNotStarted);
    }
    match situation.answers.configuration_passes {
        None => Next::Ask(Question::ConfigurationTest),
        Some(true) => Next::Move(reverse),
        Some(false) => Next::Stuck(Stuck::OldNotStarted),
    }
}

/// How long new is still given to settle before it is judged, where it does.
pub(super) fn settling(situation: &Situation) -> Option<Next> {
    let new = &situation.new;
    let left = NEW_SETTLES.checked_sub(new.unsettled_for).filter(|left| !left.is_zero())?;
    let may_settle = new.master == Master::Busy && new.stability.crashes == 0;
    may_settle.then_some(Next::Wait { waiting: Waiting::NewSettles, bound: left })
}
