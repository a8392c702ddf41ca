//! One master and its children, read at one moment, with the memory that `settled` and stability need.

use std::{
    collections::{BTreeSet, HashSet},
    time::Duration,
};

use super::memory::Known;
use crate::{
    host::{
        held_sockets,
        process::{Opened, Process},
    },
    nginx,
    protocol::{
        FileId, GenerationState, Identity, Master, ProcessFacts, Settling, SignalSet, Stability, Workers,
    },
};

/// Reads one process; `None` when it has gone.
#[must_use]
pub fn facts(pid: i32) -> Option<ProcessFacts> {
    Process::read(pid).as_ref().map(titled)
}

fn titled(process: &Process) -> ProcessFacts {
    ProcessFacts {
        id: process.id,
        parent: process.parent,
        activity: process.activity,
        title: nginx::title(&process.command),
        exe: process.exe,
        start_stack: process.start_stack,
    }
}

/// A living master and its living children.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) master: ProcessFacts,
    pub(super) children: Vec<ProcessFacts>,
    /// The master did nothing while the children were read.
    rested: bool,
}

impl Tree {
    pub(super) fn read(id: Identity) -> Option<Self> {
        let opened = Opened::new(id.pid)?;
        let master = titled(&opened.read().filter(|master| master.id == id)?);
        let children = opened.children().into_iter().filter_map(facts);
        let children = children.filter(|child| child.parent == id.pid).collect();
        let rested = master.rested(|| opened.activity());
        Some(Self { master, children, rested })
    }

    /// The children that were exec'ed: other masters, or what was to become one.
    pub(super) fn execed(&self) -> impl Iterator<Item = &ProcessFacts> {
        self.children.iter().filter(|child| child.execed_by(&self.master))
    }
}

/// The listening sockets of the host as they were last read, and read again when a master holds none of them.
#[derive(Debug)]
pub(super) struct Listening {
    known: HashSet<u64>,
    /// Whether masters are known to hold one until they leave.
    streams: bool,
    /// Held by a master when the listeners were last read: they are not read again for the same.
    looked_for: BTreeSet<u64>,
}

impl Listening {
    pub(super) fn new(known: HashSet<u64>, streams: bool) -> Self {
        Self { known, streams, looked_for: BTreeSet::new() }
    }

    /// Those of `held` that listen.
    fn of(&mut self, held: BTreeSet<u64>) -> BTreeSet<u64> {
        let known = |set: &HashSet<u64>| -> BTreeSet<u64> {
            held.iter().copied().filter(|inode| set.contains(inode)).collect()
        };
        let listens = known(&self.known);
        if !listens.is_empty() || held.is_empty() || held == self.looked_for {
            return listens;
        }
        self.known.extend(crate::host::listening::listening());
        let listens = known(&self.known);
        self.looked_for = held;
        listens
    }
}

/// A master that is followed from observation to observation, also after its death.
#[derive(Debug)]
pub(super) struct Tracked {
    pub(super) id: Identity,
    pub(super) exe: Option<FileId>,
    /// Where its stack begins, 0 where that is not known.
    pub(super) start_stack: u64,
    /// Its children, as they were seen last.
    pub(super) workers: Workers,
    /// Those that were its children, and lived on when they were none any more: it was dying.
    pub(super) orphans: BTreeSet<Identity>,
    /// The listening sockets that it was last seen with.
    pub(super) listeners: BTreeSet<u64>,
    /// The descriptor by which it holds one of them: while it does, no other is looked at.
    listener: Option<(i32, u64)>,
    /// Its death was seen.
    pub(super) dead: bool,
    /// Workers that were seen to hold one of them: looked at once each.
    hearing: BTreeSet<Identity>,
    settling: Settling,
    stability: Stability,
    unsettled_since: Option<Duration>,
    observed_at: Option<Duration>,
}

impl Tracked {
    pub(super) fn new(id: Identity, exe: Option<FileId>, start_stack: u64) -> Self {
        Self {
            id,
            exe,
            start_stack,
            workers: Workers::default(),
            orphans: BTreeSet::new(),
            listeners: BTreeSet::new(),
            listener: None,
            dead: false,
            hearing: BTreeSet::new(),
            settling: Settling::default(),
            stability: Stability::default(),
            unsettled_since: None,
            observed_at: None,
        }
    }

    /// One that another process has seen.
    pub(super) fn known(known: &Known) -> Self {
        Self::new(known.id, known.exe, known.start_stack)
    }

    /// The listening sockets that it holds now, whatever it does.
    pub(super) fn learn_listeners(&mut self, listening: &mut Listening) {
        self.listeners = listening.of(held_sockets::of(self.id.pid));
    }

    /// Takes in what was read of it: what it does now.
    pub(super) fn observe(
        &mut self,
        now: Duration,
        tree: &Tree,
        listening: &mut Listening,
        told_to_leave: bool,
    ) -> GenerationState {
        let (master, children) = (&tree.master, &tree.children);
        self.exe = master.exe.or(self.exe);
        // A master that is dying has neither any more.
        if master.start_stack != 0 {
            self.start_stack = master.start_stack;
        }
        let settled = self.settling.observe(now, master, children, tree.rested);
        let workers = Workers::sort(master, children);
        if let Some(before) = self.observed_at {
            self.stability.observe(&self.workers, &workers, now.saturating_sub(before), tree.rested);
        } else {
            self.stability.observe(&workers, &workers, Duration::ZERO, tree.rested);
        }
        self.observed_at = Some(now);
        self.remember(workers);
        let listens = !master.quiet() || self.listens(listening);
        let state = master.master(settled, listens, told_to_leave);
        self.unsettled_since = match state {
            Master::Settled => None,
            _ => Some(self.unsettled_since.unwrap_or(now)),
        };
        GenerationState {
            master: state,
            id: Some(self.id),
            exe: self.exe,
            unsettled_for: self.unsettled_since.map_or(Duration::ZERO, |since| now.saturating_sub(since)),
            pending: master.activity.pending,
            switches: master.activity.switches,
            listens,
            poison_suspected: false,
            workers: self.hearing_workers(),
            stability: self.stability.clone(),
        }
    }

    /// The children as they are now, and those of before that somebody else has taken over.
    fn remember(&mut self, now: Workers) {
        let before = std::mem::replace(&mut self.workers, now);
        let now = self.workers.all().collect::<BTreeSet<_>>();
        let missing = before.all().filter(|id| !now.contains(id));
        self.orphans.extend(missing.filter(|id| Process::again(*id).is_some()));
    }

    /// The workers as they count: one that has its title but holds none of the master's listening sockets accepts
    /// nobody, so it counts as draining.
    fn hearing_workers(&mut self) -> Workers {
        let mut workers = self.workers.clone();
        self.hearing.retain(|id| workers.titled.contains(id));
        if self.listeners.is_empty() {
            return workers;
        }
        for id in self.workers.titled.difference(&self.hearing.clone()) {
            if held_sockets::of(id.pid).is_disjoint(&self.listeners) {
                workers.titled.remove(id);
                workers.draining.insert(*id);
            } else {
                self.hearing.insert(*id);
            }
        }
        workers
    }

    /// Whether a quiet master holds a listening socket. One of which nobody knows that it ever held a stream listener (only
    /// UDP) cannot be judged by that and counts as listening.
    fn listens(&mut self, listening: &mut Listening) -> bool {
        let holds = |(descriptor, inode)| held_sockets::behind(self.id.pid, descriptor) == Some(inode);
        if self.listener.is_some_and(holds) {
            return true;
        }
        let now = listening.of(held_sockets::of(self.id.pid));
        self.listener = held_sockets::descriptor_of(self.id.pid, &now);
        if now.is_empty() {
            return !listening.streams && self.listeners.is_empty();
        }
        self.listeners = now;
        true
    }

    /// What remains of it after its death.
    pub(super) fn dead(&self) -> GenerationState {
        GenerationState {
            master: Master::Dead,
            id: Some(self.id),
            exe: self.exe,
            pending: SignalSet::default(),
            stability: self.stability.clone(),
            ..GenerationState::absent()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{self, RecvTimeoutError};

    use super::*;

    #[test]
    fn a_titled_worker_without_the_masters_listeners_does_not_count_as_accepting() {
        let me = i32::try_from(std::process::id()).unwrap();
        let me = Process::read(me).unwrap().id;
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let inode = rustix::fs::fstat(&listener).unwrap().st_ino;
        let mut tracked = Tracked::new(me, None, 0);
        tracked.workers.titled.insert(me);
        assert!(tracked.hearing_workers().titled.contains(&me), "nothing is known of the listeners");

        tracked.listeners.insert(inode);
        assert!(tracked.hearing_workers().titled.contains(&me), "it holds one");

        let mut deaf = Tracked::new(me, None, 0);
        deaf.workers.titled.insert(me);
        deaf.listeners.insert(u64::MAX);
        let workers = deaf.hearing_workers();
        assert!(workers.titled.is_empty() && workers.draining.contains(&me), "it holds none");
    }

    /// A thread that handles USR2 stands in for a master that has nothing in flight.
    #[test]
    fn a_master_that_runs_while_its_children_are_read_has_not_rested() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        let _entered = runtime.enter();
        let _caught = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::user_defined2()).unwrap();
        let (tell, told) = mpsc::channel();
        let (pause, paused) = mpsc::channel::<()>();
        let master = std::thread::spawn(move || {
            tell.send(rustix::thread::gettid().as_raw_nonzero().get()).unwrap();
            while paused.recv_timeout(Duration::from_micros(20)) == Err(RecvTimeoutError::Timeout) {}
            let _ = tell.send(0);
            paused.recv()
        });
        let id = Process::read(told.recv().unwrap()).unwrap().id;
        let is_seen = |rested| {
            let seen = |tree: Tree| tree.master.quiet() && tree.rested == rested;
            (0..100_000).any(|_| seen(Tree::read(id).unwrap()))
        };
        assert!(is_seen(false));
        pause.send(()).unwrap();
        told.recv().unwrap();
        assert!(is_seen(true));
        drop(pause);
        master.join().unwrap().unwrap_err();
    }

    #[test]
    fn of_a_dying_master_the_stack_and_the_children_are_remembered() {
        let me = i32::try_from(std::process::id()).unwrap();
        let mut tree = Tree::read(Process::read(me).unwrap().id).unwrap();
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let orphan = Process::read(i32::try_from(child.id()).unwrap()).unwrap().id;
        let (mut tracked, mut listening) =
            (Tracked::new(tree.master.id, None, 0), Listening::new(HashSet::new(), false));
        let stack = tree.master.start_stack;
        assert_ne!(stack, 0);
        tracked.observe(Duration::ZERO, &tree, &mut listening, false);
        tracked.workers.cache.insert(orphan);
        (tree.master.start_stack, tree.children) = (0, Vec::new());
        tracked.observe(Duration::ZERO, &tree, &mut listening, false);
        assert_eq!((tracked.start_stack, tracked.orphans.contains(&orphan)), (stack, true));
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
