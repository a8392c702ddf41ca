//! The way back: from any situation, the next move towards "old serves, alone, from the old binary".
//!
//! One first-match list. After every move only its barrier is waited for, then everything is observed again and the
//! list is asked again from its head. Their order matters: `docs/way-back.md`.

mod cover;
mod end_new;
mod gone;
mod history;
mod restore;
#[cfg(test)]
pub(crate) mod tests;

use std::time::Duration;

use super::{Master, Move, Next, Situation, Stuck, Waiting};

/// How long old may be busy, stopped or in an uninterruptible wait. A reload whose configuration waits for name
/// servers takes tens of seconds.
pub const OLD_SETTLES: Duration = Duration::from_secs(30);
/// How long new may take to handle what it was told before it is judged as it is.
pub const NEW_SETTLES: Duration = Duration::from_secs(1);
/// How long new may start: 2.5 s of bind retries (nginx-facts 8), or a wait for name servers.
pub const NEW_STARTS: Duration = Duration::from_secs(10);
/// How long new may take after TERM: a hung one was measured to need 3.2 s (nginx-facts 24).
pub const TERM_WORKS: Duration = Duration::from_secs(4);
/// How long the kernel may take to stop or to end a process.
pub const KERNEL_ACTS: Duration = Duration::from_secs(1);
/// How long strays may take after QUIT.
pub const STRAYS_QUIT: Duration = Duration::from_millis(500);
/// How long old is waited for where it must come by itself.
pub const OLD_ACCEPTS: Duration = Duration::from_secs(10);
/// How long after a failure the baseline probes are asked again.
pub const ASK_AGAIN: Duration = Duration::from_millis(200);
/// How often the baseline probes may fail.
pub const BASELINE_FAILURES: u32 = 5;
/// How often the way back makes the same move to the same master.
pub const ATTEMPTS: usize = 6;

/// One rule: `None` when it does not match.
type Rule = fn(&Situation) -> Option<Next>;

/// The rules in their order; the number is the one of `docs/way-back.md`.
const RULES: &[(&str, Rule)] = &[
    ("0", old_settles),
    ("1", found_is_at_the_path),
    ("2", gone::old_is_gone),
    ("3", cover::somebody_of_old_accepts),
    ("4", cover::old_is_flushed),
    ("5", cover::old_has_its_number),
    ("6", end_new::new_leaves),
    ("7", restore::pid_file_and_paths),
    ("8", restore::old_accepts_from_memory),
    ("9", restore::old_has_its_number),
    ("10", restore::poison_is_cured),
    ("11", restore::strays_leave),
    ("12", restore::old_serves_as_before),
];

/// The next thing to do; pure. The driver makes a `Move` and waits for its barrier, answers an `Ask`, or observes
/// again when something changes, and then asks again.
#[must_use]
pub fn way_back(situation: &Situation) -> Next {
    way_back_by_rule(situation).1
}

/// As [`way_back`], with the number of the rule of `docs/way-back.md` that decided: for events and reports.
#[must_use]
pub fn way_back_by_rule(situation: &Situation) -> (&'static str, Next) {
    let first = RULES.iter().find_map(|(number, rule)| Some((*number, rule(situation)?)));
    let (number, next) = first.unwrap_or(("12", Next::Stuck(Stuck::NoProgress)));
    match next {
        Next::Move(what) if history::exhausted(situation, &what) => {
            (number, Next::Stuck(no_progress(number)))
        }
        next => (number, next),
    }
}

/// What the same move again and again without an effect means.
fn no_progress(rule: &str) -> Stuck {
    match rule {
        "3" | "8" => Stuck::OldDoesNotAccept,
        "6" => Stuck::NewDoesNotLeave,
        "9" => Stuck::WrongNumber,
        "11" => Stuck::StraysDoNotLeave,
        _ => Stuck::NoProgress,
    }
}

/// Rule 0. Nothing is judged before old has handled what it was told.
fn old_settles(situation: &Situation) -> Option<Next> {
    let old = &situation.old;
    let unsettled = matches!(old.master, Master::Starting | Master::Busy | Master::Stopped);
    unsettled.then(|| wait(Waiting::OldSettles, OLD_SETTLES, old.unsettled_for, Stuck::OldDoesNotSettle))
}

/// Rule 1. What was found comes back to the path. A foreign file or no file is nothing this run did: left alone.
fn found_is_at_the_path(situation: &Situation) -> Option<Next> {
    situation.path.is_ours().then(|| restore_or_skip(situation, Move::ExchangeBack)).flatten()
}

/// A repair of files: where it fails again and again the processes still come back, and the end is stuck.
fn restore_or_skip(situation: &Situation, what: Move) -> Option<Next> {
    (!history::exhausted(situation, &what)).then_some(Next::Move(what))
}

/// Waits while `so_far` is below `bound`, then is stuck.
fn wait(waiting: Waiting, bound: Duration, so_far: Duration, stuck: Stuck) -> Next {
    match bound.checked_sub(so_far) {
        Some(left) if !left.is_zero() => Next::Wait { waiting, bound: left },
        _ => Next::Stuck(stuck),
    }
}
