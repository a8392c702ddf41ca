//! Rules 3 to 5: while new lives and can cover for it, old is brought back to full strength.

use std::time::Duration;

use super::{
    OLD_ACCEPTS,
    history::{attempts, last, last_to_old, signal},
};
use crate::protocol::{Generation, Next, Past, Question, Signal, Situation, Stuck, Waiting};

/// How often a back-master is reloaded that does not accept.
const RELOADS: usize = 2;

/// Rule 3. Nobody of old accepts: HUP starts its workers from memory, whatever new is (nginx-facts 3, 24).
pub(super) fn somebody_of_old_accepts(situation: &Situation) -> Option<Next> {
    let nobody = situation.old.accepting() == Some(0);
    if !situation.new.master.lives() || !nobody {
        return None;
    }
    let hup = signal(Signal::Hup, Generation::Old);
    let told_quit = last(situation, &signal(Signal::Quit, Generation::New)).is_some();
    if !situation.reversed || told_quit {
        return Some(Next::Move(hup));
    }
    // It starts its workers by itself, unless somebody has told it WINCH: then a reload does.
    Some(still_coming(situation).unwrap_or_else(|| {
        let tried = attempts(situation, &hup) >= RELOADS;
        if tried { Next::Stuck(Stuck::OldDoesNotAccept) } else { Next::Move(hup) }
    }))
}

/// Rule 4. USR1 fires a WINCH that is latched in old while new still covers for it (nginx-facts 17), and reopens logs.
pub(super) fn old_is_flushed(situation: &Situation) -> Option<Next> {
    let usr1 = signal(Signal::Usr1, Generation::Old);
    let flushed = last_to_old(situation).is_some_and(|past| past.way_back && past.what == usr1);
    (situation.new.master.lives() && !situation.reversed && !flushed).then_some(Next::Move(usr1))
}

/// Rule 5. Old has a wrong number of workers and new is well: WINCH, and rule 3 starts them from memory without a gap.
/// Once: where memory itself has another number, rule 9 asks the disk.
pub(super) fn old_has_its_number(situation: &Situation) -> Option<Next> {
    let wrong = situation.old.accepting().is_some_and(|now| now != 0 && now != situation.baseline.accepting);
    let winch = signal(Signal::Winch, Generation::Old);
    if !situation.new.master.lives() || !wrong || !situation.new.looks_well() {
        return None;
    }
    if situation.reversed {
        // It has read the disk. Where that has another number, new leaves all the same, and rule 9 has the last word.
        return still_coming(situation);
    }
    if attempts(situation, &winch) > 0 {
        return None;
    }
    match situation.answers.new_answers_well {
        None => Some(Next::Ask(Question::NewHealth)),
        Some(true) => Some(Next::Move(winch)),
        Some(false) => None,
    }
}

/// A back-master is started by new and starts its own workers: it is only waited for, and not for ever.
fn still_coming(situation: &Situation) -> Option<Next> {
    let so_far = situation.past.last().map_or(Duration::ZERO, |past: &Past| past.age);
    let left = OLD_ACCEPTS.checked_sub(so_far).filter(|left| !left.is_zero());
    left.map(|bound| Next::Wait { waiting: Waiting::OldAccepts, bound })
}
