//! The observer: follows the two known masters and says what is there now.

use std::{collections::BTreeSet, path::PathBuf, time::Duration};

use super::{
    files::{self, Content},
    ledger::Ledger,
    strays,
    tree::{Listening, Tracked, Tree},
};
use crate::{
    host::listening::listening,
    protocol::{
        Baseline, FileId, Generation, GenerationState, Identity, Limits, Master, Move, Past, PidFile,
        Question, Situation, Strays, poison_suspected, told_to_leave,
    },
};

/// The instance that is observed, as preflight found it.
#[derive(Clone, Debug)]
pub struct Instance {
    /// Its pid file.
    pub pid_file: PathBuf,
    /// The path that the running master executes on USR2.
    pub binary_path: PathBuf,
    /// The file found there.
    pub found: FileId,
    /// The master that runs now.
    pub old: Identity,
    /// The staged file, once there is one.
    pub ours: Option<FileId>,
    /// The empty file of the stub exec.
    pub stub: Option<FileId>,
    /// Unix listening paths and their sockets.
    pub unix_paths: Vec<(PathBuf, FileId)>,
    /// What was true before anything was touched.
    pub baseline: Baseline,
    /// The bounds of the plan.
    pub limits: Limits,
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
        let old = Tracked::new(instance.old, None);
        Self {
            instance,
            ledger: Ledger::default(),
            listening: Listening::new(listening()),
            old,
            new: None,
            reversed: false,
            strays: Strays::default(),
            seen: Seen::default(),
        }
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

    /// This run is about to make a move, or has made it. Every answer is forgotten.
    ///
    /// `to` is the master that it goes to; without one, the present master of the generation that it is for.
    pub fn record(&mut self, what: Move, to: Option<Identity>, now: Duration, way_back: bool) {
        let to = to.or_else(|| match what.receiver()? {
            Generation::Old => Some(self.old.id),
            Generation::New => self.new.as_ref().map(|new| new.id),
        });
        self.ledger.record(what, to, now, way_back);
    }

    /// A question of `way_back` was answered. Baseline probes hold only if nobody came or went meanwhile: that
    /// is checked at the next observation.
    pub fn answer(&mut self, question: Question, yes: bool, now: Duration) {
        self.ledger.answer(question, yes, now);
    }

    /// What is there now.
    pub fn observe(&mut self, now: Duration) -> Situation {
        let past = self.ledger.past(now);
        // New before old, and the pid file last: what is seen dead here has told old by SIGCHLD, so that an old seen
        // quiet afterwards has renamed its pid file back already (nginx-facts 33).
        let known = self.new.as_ref().map(|new| new.id);
        let new_tree = self.living_new();
        let old_tree = (!self.old.dead).then(|| Tree::read(self.old.id)).flatten();
        self.follow_new(old_tree.as_ref());
        let same = self.new.as_ref().map(|new| new.id) == known;
        let new_tree = if same { new_tree } else { self.living_new() };
        let old_tree = self.follow_back_master(old_tree, new_tree.as_ref());
        let Self { listening, old, new, .. } = self;
        let mut old = state(old, old_tree.as_ref(), now, listening, &past);
        let new = match new {
            Some(new) => state(new, new_tree.as_ref(), now, listening, &past),
            None => GenerationState::absent(),
        };
        old.poison_suspected = poison_suspected(&past, self.old.id);
        self.follow_strays(&old, &new);
        let seen = Seen { old: old.workers.titled.clone(), new: new.id.filter(|_| new.master.lives()) };
        if self.seen != seen {
            self.ledger.changed_meanwhile(now);
            self.seen = seen;
        }
        self.situation(now, old, new, past)
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
            path: files::path_holds(&instance.binary_path, instance.found, instance.ours, instance.stub),
            reversed: self.reversed,
            pid_file: match files::pid_file(&instance.pid_file) {
                Content::Pid(pid) if old.id.is_some_and(|old| old.pid == pid) => {
                    PidFile::Names(Generation::Old)
                }
                Content::Pid(pid) if new.id.is_some_and(|new| new.pid == pid) => {
                    PidFile::Names(Generation::New)
                }
                Content::Pid(pid) => PidFile::Foreign(pid),
                Content::Unreadable => PidFile::Unreadable,
                Content::Missing => PidFile::Missing,
            },
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
        let ours =
            |child: &&crate::protocol::ProcessFacts| child.exe.is_some() && child.exe == self.instance.ours;
        let newest = old.execed().max_by_key(|child| child.id.start);
        if let Some(child) = old.execed().find(ours).or(newest) {
            self.retire_new();
            self.new = Some(Tracked::new(child.id, child.exe));
        }
    }

    /// A new master that is replaced before its death was seen may have left strays too.
    fn retire_new(&mut self) {
        if let Some(earlier) = self.new.take().filter(|earlier| !earlier.dead) {
            self.strays.new.extend(strays::discover(&earlier, &[self.old.id]));
        }
    }

    /// Old is gone and new has exec'ed the file as found: that is old now (rule 2a of `docs/way-back.md`).
    fn follow_back_master(&mut self, old: Option<Tree>, new: Option<&Tree>) -> Option<Tree> {
        if old.is_some() {
            return old;
        }
        let new = new?;
        let back = new.execed().find(|child| child.back_master(&new.master, self.instance.found))?;
        let tree = Tree::read(back.id)?;
        self.follow_old_strays();
        self.old = Tracked::new(back.id, back.exe);
        self.reversed = true;
        Some(tree)
    }

    fn follow_old_strays(&mut self) {
        if !self.old.dead {
            let masters: Vec<Identity> = self.new.iter().map(|new| new.id).collect();
            self.strays.old.extend(strays::discover(&self.old, &masters));
            self.old.dead = true;
        }
    }

    /// The death of a master is followed by one scan; afterwards only the strays found are looked at.
    fn follow_strays(&mut self, old: &GenerationState, new: &GenerationState) {
        let living = [old, new].into_iter().filter(|state| state.master.lives()).filter_map(|state| state.id);
        let masters: Vec<Identity> = living.collect();
        let found = [
            (&mut self.strays.old, Some(&mut self.old), old),
            (&mut self.strays.new, self.new.as_mut(), new),
        ];
        for (strays, tracked, state) in found {
            strays::still_living(strays);
            if let Some(tracked) = tracked.filter(|tracked| !tracked.dead && state.master == Master::Dead) {
                tracked.dead = true;
                strays.extend(strays::discover(tracked, &masters));
            }
        }
    }
}

/// What a master does now; dead when it could not be read.
fn state(
    tracked: &mut Tracked,
    tree: Option<&Tree>,
    now: Duration,
    listening: &mut Listening,
    past: &[Past],
) -> GenerationState {
    match tree {
        Some(tree) => tracked.observe(now, tree, listening, told_to_leave(past, tracked.id)),
        None => tracked.dead(),
    }
}
