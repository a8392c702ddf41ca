//! The simulated host: nginx's own signal machine with a clock and a disk, behind the same seam as the live one. The shipped
//! engine, journal and way back run on it unchanged, and every place where they can be killed is looked at.

mod cases;
mod disk;
mod judge;

use std::{path::PathBuf, time::Duration};

use self::disk::Disk;
use super::{Effect, Given, MoveError, OldBinary, Wake, World};
use crate::{
    engine::{Event, Goes},
    journal::{Confirmation, Entry, Journal, keeps},
    observe::Known,
    plan::steps::Answerer,
    probe::{Answer, AnsweredBy, Outcome},
    protocol::{
        Generation, Identity, Move, Question, Signal, Situation,
        nginx::{NewBinary, Simulated},
    },
};

/// No run takes more waits and moves than these: each of its own waits is bounded.
const MOST: usize = 3_000;
/// Between two looks of a run that waits for nothing that the model knows of.
const PAUSE: Duration = Duration::from_millis(20);

/// What the environment does, at one place of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Trouble {
    /// New's master exits.
    NewExits,
    /// It is killed, and its workers accept on.
    NewIsKilled,
    /// New's workers exit, and nothing starts them again.
    NewGivesUp,
    /// Old's master is killed.
    OldIsKilled,
    /// Somebody tells this to a master.
    Tells(Generation, Signal),
    /// The pid file is removed.
    LosesPidFile,
    /// Connections of old do not end.
    NeverDrains,
    /// The disk of the journal is full from here on.
    DiskIsFull,
}

/// A place at which a run can be killed: the host as it is then, and how much of the journal is written and synced.
#[derive(Clone, Debug)]
struct Instant {
    host: Simulated,
    now: Duration,
    written: usize,
    synced: usize,
    /// What is in flight was sent by a run that had not looked since the environment did something.
    unseen: bool,
}

/// What a move broke that must hold at any time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Broken {
    /// There was a moment in which nobody accepted, and the run had brought it about.
    NobodyAccepts,
    /// A power cut would have lost its intent, and the disk was not full.
    Unsynced,
}

/// The world of a simulated run.
struct SimulatedWorld {
    sim: Simulated,
    disk: Disk,
    journal: Journal<Disk>,
    now: Duration,
    /// What happens before which of its moves and waits.
    troubles: Vec<(usize, Trouble)>,
    /// How many moves and waits there were.
    turns: usize,
    /// Every place at which the run can be killed.
    instants: Vec<Instant>,
    /// What the first wrong one of its moves broke.
    broken: Option<Broken>,
    /// Where whoever goes on has said that it goes.
    goes: Option<Goes>,
    /// The run has not looked since the environment did something: what it does now it cannot know better.
    unseen: bool,
    /// The same of what was in flight when this run took over.
    inherited: bool,
}

impl SimulatedWorld {
    /// `left`: where another one was killed, whose run this is.
    fn new(
        sim: Simulated,
        disk: Disk,
        journal: Journal<Disk>,
        troubles: &[(usize, Trouble)],
        left: Option<&Instant>,
    ) -> Self {
        let mut world = Self {
            sim,
            disk,
            journal,
            now: left.map_or(Duration::ZERO, |left| left.now),
            troubles: troubles.to_vec(),
            turns: 0,
            instants: Vec::new(),
            broken: None,
            goes: None,
            unseen: false,
            inherited: left.is_some_and(|left| left.unseen),
        };
        world.notes();
        world
    }

    /// The run can be killed here.
    fn notes(&mut self) {
        self.notes_with(self.sim.clone());
    }

    fn notes_with(&mut self, host: Simulated) {
        let disk = self.disk.0.borrow();
        let state = (disk.bytes.len(), disk.synced);
        drop(disk);
        self.can_be_killed(host, state);
    }

    fn can_be_killed(&mut self, host: Simulated, (written, synced): (usize, usize)) {
        let unseen = self.unseen || self.inherited;
        self.instants.push(Instant { host, now: self.now, written, synced, unseen });
    }

    /// The moves that were made so far, by whoever.
    fn made(&self) -> Vec<String> {
        self.sim.made().map(|what| crate::report::words::movement(what, None)).collect()
    }

    /// Writes an entry: the run can be killed behind the write, and behind the sync.
    fn writes(&mut self, entry: &Entry) -> Result<(), MoveError> {
        let before = self.disk.0.borrow().states.len();
        let written = self.journal.append(self.now, entry);
        let states = self.disk.0.borrow().states.get(before..).map(<[_]>::to_vec).unwrap_or_default();
        for state in states {
            self.can_be_killed(self.sim.clone(), state);
        }
        written.map_err(|error| MoveError { code: error.code(), text: error.to_string() })
    }

    /// One more move or wait: whatever is due happens first.
    fn turn(&mut self) {
        self.turns += 1;
        assert!(self.turns < MOST, "the run does not end: {:?}", self.sim);
        let due = self.troubles.extract_if(.., |(turn, _)| *turn == self.turns).collect::<Vec<_>>();
        for (_, trouble) in due {
            self.strikes(trouble);
            self.unseen = true;
            self.sim.notices();
            self.notes();
        }
    }

    fn strikes(&mut self, trouble: Trouble) {
        let [old, new] = [Generation::Old, Generation::New].map(|which| self.sim.master(which));
        let host = &mut self.sim.host;
        match trouble {
            Trouble::NewExits => new.into_iter().for_each(|new| host.tell(new, Signal::Term)),
            Trouble::NewIsKilled => new.into_iter().for_each(|new| host.kill(new)),
            Trouble::NewGivesUp => new.into_iter().for_each(|new| host.workers_give_up(new)),
            Trouble::OldIsKilled => old.into_iter().for_each(|old| host.kill(old)),
            Trouble::Tells(which, signal) => {
                let who = if which == Generation::Old { old } else { new };
                if let Some(who) = who {
                    host.tell(who, signal);
                }
            }
            Trouble::LosesPidFile => host.pid_file = None,
            Trouble::NeverDrains => host.idle = false,
            Trouble::DiskIsFull => self.disk.0.borrow_mut().full_after = Some(0),
        }
    }

    /// The move itself, with the instants inside it.
    fn makes(&mut self, what: &Move, way_back: bool) -> Effect {
        if self.disk.0.borrow().loses_something() {
            self.broken.get_or_insert(Broken::Unsynced);
        }
        for (_, inside) in self.sim.inside(what, way_back) {
            self.notes_with(inside);
        }
        let accepted = self.sim.host.accepts();
        let known = [Generation::Old, Generation::New].map(|which| self.sim.identity(which));
        self.sim.makes(what, way_back);
        self.accepts_still(accepted);
        self.notes();
        let [old, new] = [Generation::Old, Generation::New].map(|which| self.sim.identity(which));
        let executed = |before: Option<Identity>, after: Option<Identity>| after.filter(|_| before != after);
        match what {
            Move::OpenWindow | Move::Signal { signal: Signal::Usr2, to: Generation::Old } => {
                match executed(known[1], new) {
                    Some(child) => Effect::Executed { child },
                    None if self.is_poisoned() => Effect::NotRenamed,
                    None => Effect::ExecFailed,
                }
            }
            Move::Reverse { .. } => {
                executed(known[0], old).map_or(Effect::ExecFailed, |child| Effect::Executed { child })
            }
            _ => Effect::Made,
        }
    }

    /// Nobody accepts any more, and the run has brought it about.
    fn accepts_still(&mut self, accepted: bool) {
        if accepted && !self.sim.host.accepts() && !self.unseen {
            self.broken.get_or_insert(Broken::NobodyAccepts);
        }
    }

    fn is_poisoned(&self) -> bool {
        let old = self.sim.master(Generation::Old).and_then(|old| self.sim.host.master(old));
        old.is_some_and(|old| old.new_binary == NewBinary::Poisoned)
    }

    /// Whose workers could answer.
    fn answers(&self, wanted: Answerer) -> Option<Generation> {
        let accepts = |which: &Generation| {
            let who = self.sim.master(*which);
            who.and_then(|who| self.sim.host.master(who)).is_some_and(|master| master.accepting > 0)
        };
        let asked: &[Generation] = match wanted {
            Answerer::Old => &[Generation::Old],
            Answerer::New => &[Generation::New],
            Answerer::Any => &[Generation::New, Generation::Old],
        };
        asked.iter().copied().find(accepts)
    }

    fn passes(&mut self, time: Duration) {
        self.now = self.now.saturating_add(time);
        self.sim.waits(time);
    }
}

impl World for SimulatedWorld {
    fn now(&self) -> Duration {
        self.now
    }

    fn since_boot(&self) -> Duration {
        self.now
    }

    fn confirmation(&mut self) -> Option<Confirmation> {
        Some(Confirmation { token: None })
    }

    fn observe(&mut self) -> Situation {
        self.unseen = false;
        self.sim.looks()
    }

    async fn perform(&mut self, what: &Move, way_back: bool) -> Result<Effect, MoveError> {
        self.turn();
        let to = what.receiver().and_then(|to| self.sim.identity(to));
        let intent = Entry::Intent { what: what.clone(), to, way_back };
        self.writes(&intent).or_else(|error| if way_back { Ok(()) } else { Err(error) })?;
        let gone = what.receiver().is_some_and(|to| self.sim.master(to).is_none());
        let made = if gone {
            Err(MoveError { code: "host/process-gone", text: "it has exited".to_owned() })
        } else {
            Ok(self.makes(what, way_back))
        };
        let started = match &made {
            Ok(Effect::Executed { child }) => Some(Known { id: *child, exe: None, start_stack: 0 }),
            _ => None,
        };
        let _ = self.writes(&Entry::Witness { made: made.is_ok(), started });
        made
    }

    async fn wait(&mut self, deadline: Duration) -> Wake {
        self.turn();
        // Who was busy takes what it was told meanwhile, where somebody waits at all; else time passes.
        let accepted = self.sim.host.accepts();
        let went_on = deadline > self.now && self.sim.goes_on();
        self.accepts_still(accepted && !self.inherited);
        self.inherited &= !went_on;
        if !went_on {
            let left = deadline.saturating_sub(self.now);
            self.passes(left.max(Duration::from_micros(1)));
        }
        self.notes();
        Wake::Look
    }

    async fn probe(&mut self, _name: &str, wanted: Answerer, deadline: Duration) -> Result<Answer, Wake> {
        self.turn();
        if self.unseen {
            // Whoever waits for an answer is woken by a change.
            return Err(Wake::Look);
        }
        let Some(by) = self.answers(wanted) else {
            self.passes(PAUSE.min(deadline.saturating_sub(self.now)).max(Duration::from_micros(1)));
            return Err(Wake::Look);
        };
        let pid = self.sim.identity(by).map_or(0, |id| id.pid);
        let passed = Answer::without_request(Outcome::Passed { status: 200 }, Duration::ZERO, 1);
        Ok(Answer { by: Some(AnsweredBy { pid, generation: by }), ..passed })
    }

    async fn ask(&mut self, question: Question) -> bool {
        self.sim.asks(question)
    }

    fn new_file_is_proven(&mut self) -> Result<(), String> {
        Ok(())
    }

    fn old_binary(&self) -> OldBinary {
        OldBinary::default()
    }

    fn log_lines(&mut self) -> Vec<String> {
        Vec::new()
    }

    fn tidy(&mut self, _committed: bool) {}

    fn stop_watches(&mut self) {}

    fn append(&mut self, event: Event) -> Result<(), MoveError> {
        if let Event::TakenOver { goes, .. } = &event {
            self.goes = Some(*goes);
        }
        if keeps(&event) { self.writes(&Entry::Event { event: Box::new(event) }) } else { Ok(()) }
    }
}

/// Where the journal of a simulated run would be.
fn path() -> PathBuf {
    PathBuf::from("journal.jsonl")
}

/// What a run of a plan is given on the model.
fn given(plan: crate::plan::Plan, sim: &Simulated) -> Given {
    use crate::{engine::NewFile, plan::Action, protocol::FileId};
    let adopts = plan.steps.iter().any(|step| matches!(step.action, Action::AdoptBinary(_)));
    let new_file = match (sim.stages(), adopts) {
        (true, _) => NewFile::Staged,
        (false, true) => NewFile::Adopted,
        (false, false) => NewFile::Same,
    };
    Given {
        plan,
        run: "simulated".to_owned(),
        path: "/usr/sbin/nginx".to_owned(),
        new_version: "nginx/2".to_owned(),
        old_workers: 1,
        new_workers: Some(1),
        new_file,
        new_runs: FileId { dev: 1, ino: u64::from(new_file != NewFile::Same) },
    }
}
