//! One run: the steps of the plan in order, then the way back or the end.

use super::{Effect, World, asked::Asked, strangers::Strangers, until::millis};
use crate::{
    engine::{Event, Expect, Fault, FaultReport, NewFile, Phase, Verdict, WaitedFor, about, next},
    plan::{Action, OnFailure, Plan},
    protocol::{FileId, Generation, Move, Situation},
};

/// The code of a move that was not made because the journal could not be written.
pub(super) const NOT_WRITTEN: &str = "journal/not-written";

/// What a run is given: the plan, and what preflight found out for it.
#[derive(Clone, Debug)]
pub struct Given {
    /// The resolved plan.
    pub plan: Plan,
    /// The run's id.
    pub run: String,
    /// The binary path.
    pub path: String,
    /// The version that new says it is.
    pub new_version: String,
    /// How many workers old had.
    pub old_workers: usize,
    /// How many workers new will have, where the configuration test told.
    pub new_workers: Option<usize>,
    /// Which file new runs.
    pub new_file: NewFile,
    /// That file.
    pub new_runs: FileId,
}

/// A run in progress.
pub struct Run<'w, W: World> {
    pub(super) world: &'w mut W,
    pub(super) given: Given,
    pub(super) phase: Phase,
    pub(super) expect: Expect,
    /// The step in hand, counted from 1.
    pub(super) step: usize,
    /// Whether anything live was touched.
    pub(super) touched: bool,
    /// An event did not fit the phase: a bug, said in the verdict.
    pub(super) illegal: Option<String>,
    /// How often a person asked the run to stop.
    pub(super) asked: Asked,
    /// A person asked again on the way back: it stops where it is.
    pub(super) stopping: bool,
    /// What others did and the run went on from.
    pub(super) strangers: Strangers,
    /// The number of workers that was told last, so that only changes are told.
    told: Vec<WaitedFor>,
    /// The pids of old's and new's master, as seen last.
    masters: [Option<i32>; 2],
}

/// How the way forward ended.
pub(super) enum Way {
    /// All steps are done.
    Done {
        /// Whether old's master is gone.
        old_gone: bool,
    },
    /// The last step is `rollback`.
    Drill,
    /// A step failed.
    Failed(Box<FaultReport>, OnFailure, Fault),
}

impl<'w, W: World> Run<'w, W> {
    /// A run that has passed preflight.
    pub fn new(world: &'w mut W, given: Given) -> Self {
        Self {
            world,
            expect: Expect {
                new_workers: given.new_workers,
                new_runs: Some(given.new_runs),
                ..Expect::default()
            },
            given,
            phase: Phase::Preflight,
            step: 0,
            touched: false,
            illegal: None,
            asked: Asked::default(),
            stopping: false,
            strangers: Strangers::default(),
            told: Vec::new(),
            masters: [None; 2],
        }
    }

    /// Goes forward, and back where something fails, and tells how it ended.
    pub async fn execute(mut self) -> Verdict {
        self.tell(Event::ForwardStarted);
        let way = self.forward().await;
        let verdict = self.end(way).await;
        self.tell(Event::Verdict(verdict.clone()));
        verdict
    }

    async fn forward(&mut self) -> Way {
        let mut old_gone = false;
        for step in self.given.plan.steps.clone() {
            self.step += 1;
            let began = self.world.now();
            let timeout = step.longest(&self.given.plan.defaults);
            self.tell(Event::StepStarted {
                step: self.step,
                action: step.action.kind().to_owned(),
                about: about(&step.action),
                timeout: millis(timeout),
            });
            // A step that is due after the time for all of them is over does not begin: least of all the commit.
            let in_time = self.check_budget(began);
            let passed = match &step.action {
                _ if in_time.is_err() => in_time.map(|()| String::new()),
                Action::ReplaceBinary(_) | Action::AdoptBinary(_) => self.new_file_is_proven(),
                Action::Signal(signal) => self.signal(signal, timeout).await,
                Action::WaitForWorkers(wait) => self.wait_for_workers(wait, timeout).await,
                Action::HttpProbe(probe) => self.http_probe(probe, timeout).await,
                Action::Soak(_) => {
                    self.hold_until(began + timeout).await.map(|()| "nothing failed".to_owned())
                }
                Action::Confirm(confirm) => self.confirm(confirm, timeout).await,
                Action::Commit(commit) => self.commit(commit).await.map(|(gone, seen)| {
                    old_gone = gone;
                    seen
                }),
                Action::Rollback(_) => return Way::Drill,
            };
            match passed {
                Ok(seen) => {
                    let took = millis(self.world.now().saturating_sub(began));
                    self.tell(Event::StepPassed { step: self.step, seen, took });
                }
                Err(fault) => {
                    let report = self.report(&fault);
                    self.tell(Event::StepFailed { step: self.step, fault: report.clone() });
                    return Way::Failed(Box::new(report), step.common.on_failure, fault);
                }
            }
        }
        Way::Done { old_gone }
    }

    /// The new file was proven in preflight; here it is looked at once more, and nothing live changes.
    fn new_file_is_proven(&mut self) -> Result<String, Fault> {
        let seen = match self.given.new_file {
            NewFile::Staged => "sha256 ok",
            NewFile::Adopted => "at the path, sha256 ok",
            NewFile::Same => "old runs it",
        };
        match self.world.new_file_is_proven() {
            Ok(()) => Ok(format!("{seen}, {}, configuration ok", self.given.new_version)),
            Err(text) => Err(Fault::NewFileChanged { file: self.given.path.clone(), text }),
        }
    }

    /// Makes a move and its record.
    pub(super) async fn perform(&mut self, what: Move, way_back: bool) -> Result<Effect, Fault> {
        let made = self.world.perform(&what, way_back).await;
        self.touched |= !made.as_ref().is_err_and(|error| error.code == NOT_WRITTEN);
        match made {
            Ok(effect) => {
                let pid = match &what {
                    Move::Signal { to, .. } => self.master(*to),
                    Move::Reverse { .. } => self.master(Generation::New),
                    _ => None,
                };
                self.tell(Event::MoveMade { what, pid, way_back });
                Ok(effect)
            }
            Err(error) => Err(Fault::Move { code: error.code, text: error.text }),
        }
    }

    /// Makes an event known, and follows the phase that it leads to.
    pub(super) fn tell(&mut self, event: Event) {
        self.follow(&event);
        // What must not be lost is recorded; the rest is found again before the next move.
        let _ = self.world.append(event);
    }

    /// The same for what must not be lost.
    pub(super) fn record(&mut self, event: Event) -> Result<(), Fault> {
        self.follow(&event);
        self.world.append(event).map_err(|error| Fault::Move { code: error.code, text: error.text })
    }

    fn follow(&mut self, event: &Event) {
        match next(self.phase, event) {
            Ok(phase) => self.phase = phase,
            Err(illegal) => {
                self.illegal.get_or_insert(illegal.to_string());
            }
        }
    }

    /// What is there now; told where a number of workers has changed.
    pub(super) fn look(&mut self) -> Situation {
        let situation = self.world.observe();
        self.masters = [&situation.old, &situation.new].map(|state| state.id.map(|master| master.pid));
        self.note_workers(&situation);
        situation
    }

    /// The pid of a generation's master, as seen last.
    pub(super) fn master(&self, of: Generation) -> Option<i32> {
        let [old, new] = self.masters;
        match of {
            Generation::Old => old,
            Generation::New => new,
        }
    }

    fn note_workers(&mut self, situation: &Situation) {
        for generation in [Generation::Old, Generation::New] {
            let state = situation.generation(generation);
            let expected = match generation {
                Generation::Old => Some(self.given.old_workers),
                Generation::New => self.given.new_workers,
            };
            let now = WaitedFor {
                generation,
                accepting: state.workers.titled.len(),
                draining: state.workers.draining.len(),
                expected,
            };
            let last = self.told.iter().position(|told| told.generation == generation);
            match last {
                Some(last) if self.told.get(last) == Some(&now) => continue,
                Some(last) => drop(self.told.remove(last)),
                None => {}
            }
            self.told.push(now.clone());
            if state.id.is_some() {
                self.tell(Event::Workers(now));
            }
        }
    }

    /// Whether a fault may still lead back: until QUIT is sent to old.
    pub(super) fn can_go_back(&self) -> bool {
        matches!(self.phase, Phase::Forward { .. })
    }
}
