//! What a dead master leaves behind.

use std::collections::BTreeSet;

use super::tree::{Tracked, facts};
use crate::{
    host::{
        held_sockets,
        listening::listening,
        process::{self, Process},
    },
    protocol::{FileId, Identity, ProcessFacts, Title},
};

/// By what the strays of a dead master are told from other processes.
pub(super) struct Marks<'a> {
    /// The living masters of this run. The children of any other living master are another instance's.
    pub(super) masters: &'a [Identity],
    /// Those of both generations: new inherits old's, and may die before anything was seen of it.
    pub(super) listeners: &'a BTreeSet<u64>,
    /// The file that this run has made: nobody else executes it.
    pub(super) ours: Option<FileId>,
}

/// The one discovery scan after the death of a master: its living children, by memory, by descent, by what they hold, and
/// where their descent cannot be known by the file that only they can run.
pub(super) fn discover(dead: &Tracked, by: &Marks<'_>) -> BTreeSet<Identity> {
    process::all_pids().into_iter().filter_map(|pid| stray(pid, dead, by)).collect()
}

fn stray(pid: i32, dead: &Tracked, by: &Marks<'_>) -> Option<Identity> {
    let Marks { masters, listeners, ours } = *by;
    // Most processes of a host run another file: one cheap look tells.
    dead.exe.filter(|exe| process::exe(pid) == Some(*exe))?;
    let process = facts(pid)?;
    if masters.contains(&process.id) {
        return None;
    }
    let remembered =
        dead.orphans.contains(&process.id) || dead.workers.all().any(|child| child == process.id);
    // A fork has its parent's stack and an exec chooses another: so who was forked is known even before it has a title
    // of its own, and when it holds no listening socket, as the cache processes.
    let forked = dead.start_stack != 0 && process.start_stack == dead.start_stack;
    let parent_is_master = masters.iter().any(|master| master.pid == process.parent)
        || facts(process.parent).is_some_and(|parent| parent.title == Title::Master);
    let known = remembered || forked;
    // A master that was killed in the middle of its exec, or before anybody looked at it.
    let only_its = dead.start_stack == 0 && dead.exe == ours;
    let theirs = || only_its || !held_sockets::of(pid).is_disjoint(listeners);
    process.stray(dead.exe, parent_is_master, known, known || theirs()).then_some(process.id)
}

/// Workers without a master that hold a listening socket of one of these masters, or any where there is no master: one scan.
#[must_use]
pub fn left_behind(masters: &[Identity]) -> Vec<ProcessFacts> {
    let listening: BTreeSet<u64> = listening().into_iter().collect();
    let of_masters = masters.iter().flat_map(|master| held_sockets::of(master.pid));
    let theirs: BTreeSet<u64> = of_masters.filter(|socket| listening.contains(socket)).collect();
    let shared = if masters.is_empty() { &listening } else { &theirs };
    let has_none = |parent| facts(parent).is_none_or(|parent| parent.title != Title::Master);
    let all = process::all_pids().into_iter().filter_map(facts).filter(|it| it.title == Title::Worker);
    all.filter(|it| has_none(it.parent) && !held_sockets::of(it.id.pid).is_disjoint(shared)).collect()
}

/// Those of them that have the title of a worker.
pub(super) fn titled<'a>(strays: impl Iterator<Item = &'a Identity>) -> BTreeSet<Identity> {
    let accepts = |id: &&Identity| facts(id.pid).is_some_and(|it| it.id == **id && it.title == Title::Worker);
    strays.filter(accepts).copied().collect()
}

/// Those of them that still live.
pub(super) fn still_living(strays: &mut BTreeSet<Identity>) {
    strays.retain(|id| Process::again(*id).is_some());
}

#[cfg(test)]
mod tests {
    use std::{
        io::{BufRead, BufReader},
        process::{Command, Stdio},
    };

    use super::*;
    use crate::host::{pidfd::Pidfd, scratch::Scratch};

    #[test]
    fn who_was_forked_by_a_dead_master_is_its_stray_without_title_memory_or_listener() {
        let scratch = Scratch::new();
        let fifo = scratch.path().join("fifo");
        nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
        // The subshell is a fork that executes nothing; both wait for somebody who writes.
        let script = format!("(read -r _ <{0}; :) & echo $!; read -r _ <{0}; :", fifo.display());
        let mut parent = Command::new("bash").args(["-c", &script]).stdout(Stdio::piped()).spawn().unwrap();
        let mut pid = String::new();
        BufReader::new(parent.stdout.take().unwrap()).read_line(&mut pid).unwrap();
        let child = facts(pid.trim().parse().unwrap()).unwrap().id;
        let dead = facts(i32::try_from(parent.id()).unwrap()).unwrap();
        parent.kill().unwrap();
        parent.wait().unwrap();
        let none = BTreeSet::new();
        let found = |stack, ours| {
            discover(&Tracked::new(dead.id, dead.exe, stack), &Marks { masters: &[], listeners: &none, ours })
        };
        assert_eq!(found(dead.start_stack, None), BTreeSet::from([child]));
        assert!(found(0, None).is_empty(), "where the stack is not known it is nobody's");
        assert!(found(0, dead.exe).contains(&child), "or its, where nobody else runs that file");
        Pidfd::open(child).unwrap().kill().unwrap();
    }
}
