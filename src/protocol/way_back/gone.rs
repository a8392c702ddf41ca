//! Rule 2: old's master is gone, or as good as gone.

use super::{NEW_SETTLES, OLD_SETTLES, history::signal, restore_or_skip, wait};
use crate::protocol::{Generation, Master, Move, Next, PidFile, Signal, Situation, Stuck, Waiting};

/// Rule 2. Old cannot come back: keep new serving, or say that nobody can.
///
/// (a) A back-master is old already where the situation was observed (`reversed`). (d) The changeover in reverse is
/// not built yet: new serves and a person decides.
pub(super) fn old_is_gone(situation: &Situation) -> Option<Next> {
    if !matches!(situation.old.master, Master::Absent | Master::Dead | Master::Leaving) {
        return None;
    }
    let new = &situation.new;
    Some(match new.master {
        Master::Absent | Master::Dead | Master::Leaving => Next::Stuck(Stuck::NoMaster),
        Master::Starting | Master::Busy | Master::Stopped => {
            wait(Waiting::NewSettles, OLD_SETTLES, new.unsettled_for, Stuck::OldGoneNewUnsettled)
        }
        Master::Settled => keep_new(situation),
    })
}

fn keep_new(situation: &Situation) -> Next {
    if situation.new.workers.titled.is_empty() {
        return Next::Move(signal(Signal::Hup, Generation::New));
    }
    let names = Generation::New;
    let right = situation.pid_file == PidFile::Names(names);
    let write = (!right).then(|| restore_or_skip(situation, Move::WritePidFile { names })).flatten();
    write.unwrap_or(Next::Stuck(Stuck::OldGoneNewServes))
}

/// How long new is still given to settle before it is judged, where it does.
pub(super) fn settling(situation: &Situation) -> Option<Next> {
    let new = &situation.new;
    let left = NEW_SETTLES.checked_sub(new.unsettled_for).filter(|left| !left.is_zero())?;
    let may_settle = new.master == Master::Busy && new.stability.crashes == 0;
    may_settle.then_some(Next::Wait { waiting: Waiting::NewSettles, bound: left })
}
