//! The observer: follows the two known masters and says what is there now.

mod resume;

use std::{collections::BTreeSet, path::PathBuf, time::Duration};

use super::{
    files::{self, Content},
    ledger::Ledger,
    memory::Known,
    strays::{self, Marks},
    tree::{Listening, Tracked, Tree, facts},
};
use crate::{
    host::{listening::listening, process},
    protocol::{
        Baseline, FileId, Generation, GenerationState, Identity, Limits, Master, Move, Past, ProcessFacts,
        Question, Situation, Strays, Title, poison_suspected, told_to_leave,
    },
};

/// The instance that is observed, as preflight found it.
#[derive(Clone, Debug)]
pub struct Instance {
    /// Its pid file.
    pub pid_file: PathBuf,
    /// The path that the running master executes on USR2.
    pub binary_path: PathBuf,
    /// The file found there when the run began.
    pub found: FileId,
    /// A copy of what old runs, where that is not the file found.
    pub kept: Option<FileId>,
    /// The master that runs now.
    pub old: Identity,
    /// The staged file, once there is one.
    pub ours: Option<FileId>,
    /// The empty file of the stub exec.
    pub stub: Option<FileId>,
    /// Unix listening paths and their sockets.
    pub unix_paths: Vec<(PathBuf, FileId)>,
    /// Whether its masters are known to hold listening sockets of streams until they leave.
    pub streams: bool,
    /// What was true before anything was touched.
    pub baseline: Baseline,
    /// The bounds of the plan.
    pub limits: Limits,
}

impl Instance {
    /// The file that new runs, where it is another than old's.
    fn new_file(&self) -> Option<FileId> {
        self.ours.or_else(|| self.kept.map(|_| self.found))
    }

    /// The file that starts old again: the one found, or the copy where the path held another file already.
    fn back(&self) -> FileId {
        self.kept.unwrap_or(self.found)
    }
}

/// Turns what the host shows into a [`Situation`], observation by observation.
///
/// It reads the known masters and their children only (about 5 small reads a process), never all of `/proc`, except
/// once after the death of a master. Times are monotonic and count from the start of the run.
#[derive(Debug)]
pub struct Observer {
    instance: Instance,
    ledger: Ledger,
    listening: Listening,
    old: Tracked,
    new: Option<Tracked>,
    reversed: bool,
    strays: Strays,
    /// Who served when the baseline probes were asked.
    seen: Seen,
}

/// What must not change while the baseline probes are asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Seen {
    old: BTreeSet<Identity>,
    new: Option<Identity>,
}

impl Observer {
    /// Begins to observe. Reads the listening sockets of the host once.
    #[must_use]
    pub fn new(instance: Instance) -> Self {
        let old = Tracked::new(instance.old, None, 0);
        let listening = Listening::new(listening(), instance.streams);
        Self {
            instance,
            ledger: Ledger::default(),
            listening,
            old,
            new: None,
            reversed: false,
            strays: Strays::default(),
            seen: Seen::default(),
        }
    }

    /// The listening sockets of both generations.
    fn listeners(&self) -> BTreeSet<u64> {
        let of_new = self.new.iter().flat_map(|new| &new.listeners);
        self.old.listeners.iter().chain(of_new).copied().collect()
    }

    /// The file that this run staged is known now.
    pub fn set_ours(&mut self, ours: FileId) {
        self.instance.ours = Some(ours);
    }

    /// What was true before anything was touched is known now.
    pub const fn set_baseline(&mut self, baseline: Baseline) {
        self.instance.baseline = baseline;
    }

    /// The empty file of the stub exec is known now.
    pub fn set_stub(&mut self, stub: FileId) {
        self.instance.stub = Some(stub);
    }

    /// Old's master, dead or alive.
    #[must_use]
    pub const fn old(&self) -> Identity {
        self.old.id
    }

    /// New's master, dead or alive, once there is one.
    #[must_use]
    pub fn new_master(&self) -> Option<Identity> {
        self.new.as_ref().map(|new| new.id)
    }

    /// A master of a generation, dead or alive, as another process would have to know it.
    #[must_use]
    pub fn known(&self, which: Generation) -> Option<Known> {
        let tracked = match which {
            Generation::Old => Some(&self.old),
            Generation::New => self.new.as_ref(),
        };
        tracked.map(|it| Known { id: it.id, exe: it.exe, start_stack: it.start_stack })
    }

    /// Whose master a move goes to now.
    #[must_use]
    pub fn goes_to(&self, what: &Move) -> Option<Identity> {
        match what.receiver()? {
            Generation::Old => Some(self.old.id),
            Generation::New => self.new_master(),
        }
    }

    /// This run is about to make a move, or has made it. Every answer is forgotten.
    ///
    /// `to` is the master that it goes to; without one, the present master of the generation that it is for.
    pub fn record(&mut self, what: Move, to: Option<Identity>, now: Duration, way_back: bool) {
        let to = to.or_else(|| self.goes_to(&what));
        self.ledger.record(what, to, now, way_back);
    }

    /// The world refused the move that was recorded last: it counts as an attempt, and as nothing that was sent.
    pub fn refused(&mut self) {
        self.ledger.refused();
    }

    /// A question of `way_back` was answered. Baseline probes hold only if nobody came or went meanwhile: that
    /// is checked at the next observation.
    pub fn answer(&mut self, question: Question, yes: bool, now: Duration) {
        self.ledger.answer(question, yes, now);
    }

    /// A master was seen to execute `child`, which may outlive it, or die, before anything else is seen of it.
    pub fn executed(&mut self, by: Generation, child: &ProcessFacts) {
        let (id, seen) = (child.id, || Tracked::new(child.id, child.exe, child.start_stack));
        match by {
            Generation::Old if self.new_master() != Some(id) => {
                self.retire_new();
                self.new = Some(seen());
            }
            Generation::New if self.old.id != id => {
                self.old = seen();
                self.reversed = true;
            }
            Generation::Old | Generation::New => {}
        }
    }

    /// What is there now.
    pub fn observe(&mut self, now: Duration) -> Situation {
        let past = self.ledger.past(now);
        let (old_tree, new_tree) = self.read_both();
        let Self { listening, old, new, .. } = self;
        let mut old = state(old, old_tree.as_ref(), now, listening, &past);
        let new = match new {
            Some(new) => state(new, new_tree.as_ref(), now, listening, &past),
            None => GenerationState::absent(),
        };
        old.poison_suspected = poison_suspected(&past, self.old.id, self.new.is_some());
        self.follow_strays(&old, &new);
        let seen = Seen { old: old.workers.titled.clone(), new: new.id.filter(|_| new.master.lives()) };
        if self.seen != seen {
            self.ledger.changed_meanwhile(now);
            self.seen = seen;
        }
        self.situation(now, old, new, past)
    }

    /// The child before its parent, and the pid file after both: what is seen dead here has told its parent by
    /// SIGCHLD, so that a parent seen quiet afterwards has renamed its pid file back already (nginx-facts 33).
    fn read_both(&mut self) -> (Option<Tree>, Option<Tree>) {
        // A back-master whose new is gone is an old like any other: whom it executes is new.
        self.reversed &= self.new.as_ref().is_some_and(|new| !new.dead);
        if self.reversed || self.old.dead {
            self.new = self.new.take().or_else(|| self.new_by_pid_file());
            let old = self.living_old();
            let new = self.living_new();
            return (old.or_else(|| self.follow_successor(new.as_ref())), new);
        }
        let known = self.new.as_ref().map(|new| new.id);
        let new = self.living_new();
        let old = self.living_old();
        self.follow_new(old.as_ref());
        let same = self.new.as_ref().map(|new| new.id) == known;
        (old, if same { new } else { self.living_new() })
    }

    fn living_old(&self) -> Option<Tree> {
        (!self.old.dead).then(|| Tree::read(self.old.id)).flatten()
    }

    fn living_new(&self) -> Option<Tree> {
        self.new.as_ref().filter(|new| !new.dead).and_then(|new| Tree::read(new.id))
    }

    fn situation(
        &mut self,
        now: Duration,
        old: GenerationState,
        new: GenerationState,
        past: Vec<Past>,
    ) -> Situation {
        let instance = &self.instance;
        let gone = |(path, socket): &&(PathBuf, FileId)| files::file_id(path) != Some(*socket);
        Situation {
            path: files::path_holds(
                &instance.binary_path,
                instance.found,
                instance.ours.or(instance.kept),
                instance.stub,
            ),
            reversed: self.reversed,
            pid_file: files::names(&instance.pid_file, old.id, new.id),
            oldbin: files::oldbin(&instance.pid_file).symlink_metadata().is_ok(),
            unix_paths_gone: instance.unix_paths.iter().filter(gone).map(|(path, _)| path.clone()).collect(),
            strays: self.strays.clone(),
            past,
            answers: self.ledger.answers(now),
            baseline: instance.baseline,
            limits: instance.limits,
            old,
            new,
        }
    }

    /// New is the child that old exec'ed. It is remembered when old dies, and replaced when it died and old
    /// exec'ed another one.
    fn follow_new(&mut self, old: Option<&Tree>) {
        let known = self.new.as_ref().filter(|new| !new.dead).map(|new| new.id);
        let Some(old) = old else { return };
        let same = old.execed().any(|child| Some(child.id) == known);
        if same || self.reversed {
            return;
        }
        let ours = |child: &&ProcessFacts| child.exe.is_some() && child.exe == self.instance.ours;
        let newest = old.execed().max_by_key(|child| child.id.start);
        if let Some(child) = old.execed().find(ours).or(newest) {
            self.retire_new();
            self.new = Some(Tracked::new(child.id, child.exe, child.start_stack));
        }
    }

    /// A new master that is replaced before its death was seen may have left strays too.
    fn retire_new(&mut self) {
        if let Some(earlier) = self.new.take().filter(|earlier| !earlier.dead) {
            let by =
                Marks { masters: &[self.old.id], listeners: &self.old.listeners, ours: self.instance.ours };
            self.strays.new.extend(strays::discover(&earlier, &by));
        }
    }

    /// Old was seen dead, and somebody runs what old ran: that is old now (rule 2a of `docs/way-back.md`). A
    /// back-master first, then the master that the pid file names: a service manager may have started one.
    fn follow_successor(&mut self, new: Option<&Tree>) -> Option<Tree> {
        if !self.old.dead {
            return None;
        }
        let olds = self.instance.back();
        let back = new.and_then(|new| new.execed().find(|child| child.back_master(&new.master, olds)));
        let successor = match back {
            Some(back) => back.clone(),
            None => self.named_master(self.instance.back())?,
        };
        let tree = Tree::read(successor.id)?;
        self.reversed = back.is_some();
        self.old = Tracked::new(successor.id, successor.exe, successor.start_stack);
        Some(tree)
    }

    /// A master that runs this file and that the pid file names.
    fn named_master(&self, runs: FileId) -> Option<ProcessFacts> {
        let Content::Pid(pid) = files::pid_file(&self.instance.pid_file) else { return None };
        let named = facts(pid)?;
        let new = self.new.as_ref().is_some_and(|new| new.id == named.id);
        let master = named.title == Title::Master && named.exe == Some(runs);
        (master && !new).then_some(named)
    }

    /// The death of a master is followed by one scan; afterwards only the strays found are looked at.
    fn follow_strays(&mut self, old: &GenerationState, new: &GenerationState) {
        let living = [old, new].into_iter().filter(|state| state.master.lives()).filter_map(|state| state.id);
        let masters: Vec<Identity> = living.collect();
        let listeners = self.listeners();
        let by = Marks { masters: &masters, listeners: &listeners, ours: self.instance.ours };
        let found = [
            (&mut self.strays.old, Some(&mut self.old), old),
            (&mut self.strays.new, self.new.as_mut(), new),
        ];
        for (strays, tracked, state) in found {
            strays::still_living(strays);
            if let Some(tracked) = tracked.filter(|tracked| !tracked.dead && state.master == Master::Dead) {
                tracked.dead = true;
                strays.extend(strays::discover(tracked, &by));
            }
        }
        self.strays.titled = strays::titled(self.strays.old.union(&self.strays.new));
    }
}

/// What a master does now; dead when it could not be read.
pub(super) fn state(
    tracked: &mut Tracked,
    tree: Option<&Tree>,
    now: Duration,
    listening: &mut Listening,
    past: &[Past],
) -> GenerationState {
    let Some(tree) = tree else { return tracked.dead() };
    let state = tracked.observe(now, tree, listening, told_to_leave(past, tracked.id));
    // Its sockets were read last: one that died meanwhile has none, which is not what leaving means.
    if state.master == Master::Leaving && process::switches(tracked.id).is_none() {
        return tracked.dead();
    }
    state
}
