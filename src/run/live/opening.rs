//! The way to a run that may begin: locks, checks, files, the baseline. Whatever stops it, nothing live was touched.

use std::{future::Future, io, path::PathBuf, rc::Rc, time::Duration};

use super::{
    Live, QUICK,
    asker::Asker,
    guardian::Guardian,
    prepared::{self, Files, Prepared},
    recorder::Recorder,
    refusal::Refusal,
    signals::{Caught, Signals},
    unfinished,
};
use crate::{
    engine::{Event, Level},
    host::{
        exits::Exits,
        files::sha256,
        locks::{Holder, LockError, Locks},
        place::Place,
        timer,
        world_id::WorldId,
    },
    journal::{self, Begun, FORMAT, RunDirectory},
    observe::{self, Observer},
    plan::{Plan, ResolvedInput, steps::Answerer},
    preflight::{self, Ready, Report, Seal, TRIAL_BOUND},
    protocol::Generation,
    run::{Given, NoRollback, Rollback, patience::Patience, steps::probed, until::millis},
};

/// How long old may start or reload before its workers are counted.
const SETTLES: Duration = Duration::from_secs(10);

/// A run that is being opened.
pub(super) struct Opening {
    pub(super) plan: Plan,
    pub(super) file: String,
    pub(super) text: String,
    pub(super) inputs: Vec<ResolvedInput>,
    pub(super) state: PathBuf,
    pub(super) sealed: Option<Seal>,
    pub(super) rollback: Option<Result<Rollback, NoRollback>>,
    pub(super) run: String,
    pub(super) guarded: bool,
    pub(super) recorder: Recorder,
}

impl Opening {
    /// Opens it, and cleans up after itself where it is refused.
    pub(super) async fn open(
        mut self,
        signals: io::Result<Signals>,
    ) -> Result<(Live, Given), (Refusal, Recorder)> {
        let mut signals = match signals {
            Ok(signals) => signals,
            Err(error) => return Err((Refusal::Signals(error), self.recorder)),
        };
        let (opened, signal) = {
            let prepare = self.prepare();
            tokio::pin!(prepare);
            let mut signal = None;
            // What is being staged or run is finished first, then removed: nothing is left half made. Who suspends the
            // run waits for the end of the checks too: old and its children are not judged by a run that slept.
            loop {
                tokio::select! {
                    opened = &mut prepare => break (opened, signal),
                    caught = signals.next_in_hand() => match caught {
                        Caught::Stop(name) => signal = Some(name),
                        Caught::Suspend | Caught::Continued => {}
                    },
                }
            }
        };
        match (opened, signal) {
            (Ok(prepared), None) => {
                let watches = self.plan.watches.clone();
                Ok(prepared.live(self.recorder, signals, (self.run, self.plan), &watches))
            }
            (Ok(_), Some(signal)) => Err((Refusal::Interrupted(signal), self.recorder)),
            (Err(refusal), _) => Err((refusal, self.recorder)),
        }
    }

    async fn prepare(&mut self) -> Result<Prepared, Refusal> {
        let locks = self.lock();
        if let Err(held @ LockError::Held { .. }) = locks {
            return Err(held.into());
        }
        let instance = self.instance_directory();
        unfinished::check(&instance)?;
        if let Some(rollback) = &self.rollback {
            rollback.as_ref().map_err(Clone::clone)?.stands(&self.plan.service.pid_file)?;
        }
        let began = self.recorder.now();
        // Before anything is laid beside the path: whose it is, a later run knows by the names of the directories.
        let create = || RunDirectory::create(&instance, &self.run, &self.text, &self.inputs);
        let directory = locks.is_ok().then(create).transpose()?;
        // Without its locks a run stages nothing: the checks say why, where they know it.
        let input = preflight::Input {
            plan: &self.plan,
            run: &self.run,
            state: Some(&self.state),
            stage: locks.is_ok(),
        };
        let report = {
            let checks = Box::pin(preflight::run(&input));
            told(&mut self.recorder, "the binaries to test the configuration", TRIAL_BOUND, checks).await
        };
        let took = millis(self.recorder.now().saturating_sub(began));
        let judged = self.judge(report, took);
        if let (Err(_), Some(directory)) = (&judged, &directory) {
            directory.discard();
        }
        let (mut ready, locks) = (judged?, locks?);
        let runs = directory.as_ref().map(RunDirectory::runs).unwrap_or_default();
        // From here on a refusal is kept too: whoever looks at the run later reads why it did not begin.
        if let Some(directory) = directory {
            self.recorder.keep_in(directory);
        }
        // First of all: what was staged is removed with it, whatever refuses from here on.
        let mut files = Files::make(&ready, &self.run)?;
        files.binary.runs = runs;
        let mut guardian = self.guarded.then(|| Guardian::start(&instance, &self.run, &locks)).transpose()?;
        self.is_as_sealed(&ready)?;
        let mut observer = Observer::new(prepared::instance(&self.plan, &ready, &files));
        ready.baseline.accepting = self.settled_workers(&mut observer).await?;
        observer.set_baseline(ready.baseline);
        self.found(&ready);
        let asker = Rc::new(Asker::new(&self.plan, ready.old));
        self.baseline(&asker).await?;
        let notify = prepared::notify(&ready, &files)?;
        let exits = Exits::new().map_err(Refusal::Exits)?;
        self.journal(&ready, &files, &observer, &asker)?;
        if let Some(guardian) = &mut guardian {
            guardian.watches().await?;
        }
        Ok(Prepared { ready, files, observer, asker, notify, exits, guardian, locks: Some(locks) })
    }

    /// How many workers old has once it is settled: while it starts or reloads any number may be there for a moment,
    /// and a way back would bring that one back.
    async fn settled_workers(&mut self, observer: &mut Observer) -> Result<usize, Refusal> {
        let mut patience = Patience::new("old's master to be quiet", SETTLES, self.recorder.now());
        loop {
            let now = self.recorder.now();
            if let Some(slow) = patience.slow(None, now) {
                self.recorder.tell(slow);
            }
            let old = observer.observe(now).old;
            if let Some(accepting) = old.accepting().filter(|accepting| *accepting > 0) {
                return Ok(accepting);
            }
            if now >= patience.deadline() || !old.master.lives() {
                return Err(Refusal::Unsettled(old.master.in_words()));
            }
            timer::after(QUICK).await;
        }
    }

    /// The instance and its binary, where the master tells it; without one the checks explain.
    fn lock(&self) -> Result<Locks, LockError> {
        let pid_file = self.plan.service.pid_file.as_path();
        let executes = observe::find(pid_file).ok().and_then(|found| found.old.executes());
        let place = executes.and_then(|path| Place::of(&path).ok());
        let pid = i32::try_from(std::process::id()).unwrap_or_default();
        Locks::of_instance(pid_file, place.as_ref(), &Holder { pid, run: self.run.clone() })
    }

    /// Tells what the checks found; goes on only where none refuses and there is something to do.
    fn judge(&mut self, report: Report, took: f64) -> Result<Ready, Refusal> {
        if let Some(reason) = report.nothing_to_do {
            return Err(Refusal::NothingToDo(reason));
        }
        for finding in &report.findings {
            self.recorder.tell(finding.event());
        }
        self.recorder.tell(Event::PreflightDone {
            checks: report.checks,
            warnings: report.count(Level::Warn),
            refusals: report.count(Level::Refuse),
            took,
        });
        match (report.ready, report.findings) {
            (Some(ready), _) => Ok(ready),
            // The master died between two checks.
            (None, findings) if preflight::fault(&findings).is_none() => Err(Refusal::Unsettled("gone")),
            (None, findings) => Err(Refusal::Checks(findings)),
        }
    }

    fn is_as_sealed(&self, ready: &Ready) -> Result<(), Refusal> {
        let Some(sealed) = &self.sealed else { return Ok(()) };
        let differs = sealed.differs(&Seal::of(&self.text, &self.inputs, ready));
        if differs.is_empty() { Ok(()) } else { Err(Refusal::Unsealed(differs)) }
    }

    /// The directory of the instance's runs.
    fn instance_directory(&self) -> PathBuf {
        journal::instance_directory(&self.state, &self.plan.service.pid_file)
    }

    fn found(&mut self, ready: &Ready) {
        self.recorder.tell(Event::Found {
            old: ready.master(),
            pid_file: ready.pid_file.display().to_string(),
            binary: ready.binary_path.display().to_string(),
            version: Some(ready.new_version.clone()),
            expected: ready.new_workers,
        });
        if let Some(staged) = &ready.staged {
            self.recorder.tell(Event::Staged {
                file: staged.path.display().to_string(),
                sha256: staged.file.sha256.clone(),
                bytes: staged.file.size,
            });
        }
        if let Some(kept) = &ready.kept {
            self.recorder.tell(Event::Kept {
                file: kept.path.display().to_string(),
                sha256: kept.file.sha256.clone(),
                bytes: kept.file.size,
            });
        }
    }

    /// From here on another process can go on with the run.
    fn journal(
        &mut self,
        ready: &Ready,
        files: &Files,
        observer: &Observer,
        asker: &Asker,
    ) -> Result<(), Refusal> {
        let begun = Begun {
            journal_format: FORMAT,
            changeover: env!("CARGO_PKG_VERSION").to_owned(),
            run: self.run.clone(),
            world: WorldId::here(),
            pid: i32::try_from(std::process::id()).unwrap_or_default(),
            file: self.file.clone(),
            plan_sha256: sha256(self.text.as_bytes()),
            inputs: self.inputs.clone(),
            ready: ready.clone(),
            old: observer.known(Generation::Old).ok_or(Refusal::Unsettled("gone"))?,
            stub: files.binary.stub.1,
            takes: files.binary.takes(),
            baseline: asker.baseline(),
        };
        self.recorder.begin_journal(&self.instance_directory(), begun)
    }

    /// Every probe is asked once of old. A failing watch refuses the run: it would be violated whatever new does. Where a run is
    /// taken back that is a reason to go on: then only answers of new count.
    async fn baseline(&mut self, asker: &Asker) -> Result<(), Refusal> {
        let longest = self.plan.probes.values().map(|probe| probe.request_timeout).max().unwrap_or_default();
        let answers = told(&mut self.recorder, "old to answer the probes", longest, asker.take_baseline());
        for (name, answer) in answers.await {
            self.recorder.tell(probed(&name, &answer, false));
            let watched =
                self.plan.watches.iter().any(|it| it.probe == name && it.answered_by != Answerer::New);
            if !watched || answer.outcome.passed() {
                continue;
            }
            if self.rollback.is_some() {
                let text = format!("watch `{name}` fails already: only the answers of new count");
                self.recorder.tell(Event::Noticed { code: "run/watch-fails-already".to_owned(), text });
            } else {
                return Err(Refusal::Watch {
                    code: answer.outcome.code(),
                    text: answer.in_words(),
                    expected: asker.expected(&name),
                    probe: name,
                });
            }
        }
        Ok(())
    }
}

/// What `future` gives; when it takes half of its bound, that is told.
async fn told<T>(recorder: &mut Recorder, what: &str, bound: Duration, future: impl Future<Output = T>) -> T {
    let mut patience = Patience::new(what, bound, recorder.now());
    tokio::pin!(future);
    if let Some(done) = timer::within(bound / 2, &mut future).await {
        return done;
    }
    if let Some(slow) = patience.slow(None, recorder.now()) {
        recorder.tell(slow);
    }
    future.await
}
