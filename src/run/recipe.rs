//! What a person does by hand where the way back ends: the commands, in order.

use std::path::Path;

use super::OldBinary;
use crate::{
    engine::{NewFile, Serving},
    protocol::{Generation, Identity, Master, Move, PidFile, Situation, Stuck},
};

/// The commands, in order.
pub(super) fn by_hand(why: Stuck, situation: &Situation, path: &str, beside: &OldBinary) -> Vec<String> {
    let old = situation.old.id.filter(|_| situation.old.master.lives());
    let new = situation.new.id.filter(|_| situation.new.master.lives());
    let mut next: Vec<String> = put_back(path, beside).into_iter().collect();
    match why {
        Stuck::NoMaster => {
            let strays = situation.strays.old.iter().chain(&situation.strays.new);
            let pids: Vec<String> = strays.map(ToString::to_string).collect();
            if !pids.is_empty() {
                next.push(format!("kill -QUIT {}   # workers that still hold the sockets", pids.join(" ")));
            }
            let before = beside.kept.as_ref().filter(|_| beside.found.is_none());
            next.extend(before.map(|kept| format!("mv -T {kept} {path}   # to start what ran before")));
            next.push(format!("{path} -t && start nginx as usual"));
        }
        Stuck::OldNotStarted => {
            next.push("new stays: look at it before anything else".to_owned());
            if situation.past.iter().any(|past| matches!(past.what, Move::Reverse { .. })) {
                next.push(format!("to go back: {path} -t, then stop and start nginx (an interruption)"));
            } else {
                next.push(format!("{path} -t   # says what keeps the old binary from starting"));
                next.extend(new.map(|id| kill("USR2", id, "to go back, once that passes")));
                next.extend(new.map(|id| kill("QUIT", id, "once the workers of its child accept")));
            }
        }
        Stuck::OldDoesNotSettle => next.extend(old.map(look_at)),
        Stuck::OldGoneNewUnsettled => next.extend(new.map(look_at)),
        _ => {
            let whole = situation.old.accepting() == Some(situation.baseline.accepting);
            next.extend(
                old.filter(|_| !whole).map(|id| kill("HUP", id, "old: workers from the configuration")),
            );
            next.extend(new.map(|id| kill("TERM", id, "new: once old accepts as before")));
            next.push("look at the error log of nginx".to_owned());
        }
    }
    next
}

/// How the path gets back what was found, where it leads to something else.
pub(super) fn put_back(path: &str, beside: &OldBinary) -> Option<String> {
    let found = beside.found.as_ref()?;
    Some(format!("mv -T {found} {path}   # what was found, before anything restarts nginx"))
}

/// The commands after a deliberate stop, in order: what it would take to go back.
pub(super) fn stopped(pid_file: &Path, situation: &Situation) -> Vec<String> {
    let old = situation.old.id.filter(|_| situation.old.master.lives());
    let new = situation.new.id.filter(|_| situation.new.master.lives());
    let mut next = Vec::new();
    if situation.old.workers.titled.is_empty() {
        next.extend(old.map(|id| kill("HUP", id, "to go back: old's workers first")));
    }
    if let Some(new) = new {
        next.push(match situation.new.master {
            // The way back had stopped it, to end its workers one by one.
            Master::Stopped => {
                let workers = &situation.new.workers;
                let workers = workers.titled.iter().chain(&workers.draining).chain(&workers.untitled);
                let all: Vec<String> = workers.chain([&new]).map(ToString::to_string).collect();
                format!("kill -KILL {}   # to go back: new is stopped, once old accepts", all.join(" "))
            }
            Master::Leaving => format!("ps -p {new}   # new was told to leave: wait until it is gone"),
            _ => kill("QUIT", new, "to go back: new leaves, once old accepts"),
        });
    } else if let Some(old) = old.filter(|_| situation.pid_file != PidFile::Names(Generation::Old)) {
        next.push(format!("echo {old} > {}   # nothing else writes it again", pid_file.display()));
    }
    next.push(status(pid_file));
    next
}

/// What follows when a check after the commit failed: the path holds the new file for good.
pub(super) fn committed(pid_file: &Path, path: &str, serving: Serving) -> Vec<String> {
    match serving {
        Serving::None => vec![format!("{path} -t && start nginx as usual"), status(pid_file)],
        _ => vec![status(pid_file)],
    }
}

/// What takes a commit back, where another file ran before.
pub(super) fn rollback(run: &str, new_file: NewFile, old_gone: bool) -> Option<String> {
    let when = if old_gone { "" } else { ", once old is gone" };
    (new_file != NewFile::Same).then(|| format!("changeover rollback {run}   # to what ran before{when}"))
}

/// What is left after a commit when nobody waits for old's last connections.
pub(super) fn draining(pid_file: &Path, situation: &Situation) -> Vec<String> {
    let old = situation.old.id.filter(|_| situation.old.master.lives());
    let mut next =
        vec!["new is committed, and old leaves with its last connection: nothing has to be done".to_owned()];
    next.extend(old.map(|id| kill("TERM", id, "old leaves now, and cuts its last connections")));
    next.push(status(pid_file));
    next
}

fn status(pid_file: &Path) -> String {
    format!("changeover status --pid-file {}", pid_file.display())
}

fn look_at(id: Identity) -> String {
    format!("grep State /proc/{id}/status   # T: kill -CONT {id}; D: see its disk")
}

fn kill(signal: &str, id: Identity, then: &str) -> String {
    format!("kill -{signal} {id}   # {then}")
}
