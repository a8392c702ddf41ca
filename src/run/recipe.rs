//! What a person does by hand where the way back ends: why it ended, and the commands in order.

use crate::protocol::{Identity, Situation, Stuck};

/// Why the way back ended, in words.
pub(super) const fn why(why: Stuck) -> &'static str {
    match why {
        Stuck::OldDoesNotSettle => "old's master takes no signals",
        Stuck::NoMaster => "no master lives",
        Stuck::OldGoneNewServes => "old's master is gone and new serves",
        Stuck::OldGoneNewUnsettled => "old's master is gone and new takes no signals",
        Stuck::OldDoesNotAccept => "old starts no workers",
        Stuck::WrongNumber => "old has another number of workers than before",
        Stuck::NewDoesNotLeave => "new does not leave",
        Stuck::StraysDoNotLeave => "workers without a master do not leave",
        Stuck::BaselineLost => "old serves, but its probes do not pass as before",
        Stuck::NoProgress => "the same move was made again and again without progress",
    }
}

/// The commands, in order.
pub(super) fn by_hand(why: Stuck, situation: &Situation, path: &str) -> Vec<String> {
    let old = situation.old.id.filter(|_| situation.old.master.lives());
    let new = situation.new.id.filter(|_| situation.new.master.lives());
    let mut next = Vec::new();
    match why {
        Stuck::NoMaster => {
            let strays = situation.strays.old.iter().chain(&situation.strays.new);
            let pids: Vec<String> = strays.map(ToString::to_string).collect();
            if !pids.is_empty() {
                next.push(format!("kill -QUIT {}   # workers that still hold the sockets", pids.join(" ")));
            }
            next.push(format!("{path} -t && start nginx as usual"));
        }
        Stuck::OldGoneNewServes | Stuck::OldGoneNewUnsettled => {
            next.push("new serves and may stay: look at it before anything else".to_owned());
            next.push(format!("to go back: {path} -t, then stop and start nginx (an interruption)"));
        }
        Stuck::OldDoesNotSettle => {
            next.extend(
                old.map(|id| format!("grep State /proc/{id}/status   # T: kill -CONT {id}; D: see its disk")),
            );
        }
        _ => {
            next.extend(old.map(|id| kill("HUP", id, "old: workers from the configuration")));
            next.extend(new.map(|id| kill("TERM", id, "new: once old accepts")));
            next.push("look at the error log of nginx".to_owned());
        }
    }
    next
}

/// The commands after a deliberate stop, in order: what it would take to go back.
pub(super) fn stopped(situation: &Situation) -> Vec<String> {
    let old = situation.old.id.filter(|_| situation.old.master.lives());
    let new = situation.new.id.filter(|_| situation.new.master.lives());
    let mut next = Vec::new();
    if let Some(new) = new {
        if situation.old.workers.titled.is_empty() {
            next.extend(old.map(|id| kill("HUP", id, "to go back: old's workers first")));
        }
        next.push(kill("QUIT", new, "to go back: new leaves, once old accepts"));
    }
    next
}

fn kill(signal: &str, id: Identity, then: &str) -> String {
    format!("kill -{signal} {id}   # {then}")
}
