//! The way to a run that may begin: locks, checks, files, the baseline. Whatever stops it, nothing live was touched.

use std::{
    future::Future,
    io,
    path::{Path, PathBuf},
    rc::Rc,
    time::Duration,
};

use super::{
    Live, QUICK,
    asker::Asker,
    binary::Binary,
    files::{PidFile, UnixPath},
    questions::{self, ConfigurationTest},
    recorder::Recorder,
    refusal::Refusal,
    signals::{Caught, Signals},
    suspend::Stops,
    watches::Watches,
};
use crate::{
    engine::{Event, Level},
    host::{
        exits::Exits,
        locks::{self, Holder, LockError, Locks},
        notify::Notify,
        place::Place,
        timer,
    },
    journal::RunDirectory,
    observe::{self, Instance, Observer},
    plan::{Plan, ResolvedInput, steps::Answerer},
    preflight::{self, Ready, Report, Seal, TRIAL_BOUND},
    protocol::Limits,
    run::{Given, patience::Patience, steps::probed, until::millis},
};

/// How long old may start or reload before its workers are counted.
const SETTLES: Duration = Duration::from_secs(10);

/// A run that is being opened.
pub(super) struct Opening {
    pub(super) plan: Plan,
    pub(super) text: String,
    pub(super) inputs: Vec<ResolvedInput>,
    pub(super) state: PathBuf,
    pub(super) sealed: Option<Seal>,
    pub(super) run: String,
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
            (Ok(prepared), None) => Ok(prepared.live(self, signals)),
            (Ok(_), Some(signal)) => Err((Refusal::Interrupted(signal), self.recorder)),
            (Err(refusal), _) => Err((refusal, self.recorder)),
        }
    }

    async fn prepare(&mut self) -> Result<Prepared, Refusal> {
        let locks = self.lock();
        if let Err(held @ LockError::Held { .. }) = locks {
            return Err(held.into());
        }
        let began = self.recorder.now();
        // Without its locks a run stages nothing: the checks say why, where they know it.
        let input = preflight::Input { plan: &self.plan, run: &self.run, stage: locks.is_ok() };
        let report = {
            let checks = Box::pin(preflight::run(&input));
            told(&mut self.recorder, "the binaries to test the configuration", TRIAL_BOUND, checks).await
        };
        let took = millis(self.recorder.now().saturating_sub(began));
        let mut ready = self.judge(report, took)?;
        let locks = locks?;
        let mut files = Files::make(&ready, &self.run)?;
        self.is_as_sealed(&ready)?;
        let mut observer = Observer::new(self.instance(&ready, &files));
        ready.baseline.accepting = self.settled_workers(&mut observer).await?;
        observer.set_baseline(ready.baseline);
        let directory = self.directory(&ready)?;
        files.binary.runs = directory.runs();
        self.recorder.keep_in(directory);
        self.found(&ready);
        let asker = Rc::new(Asker::new(&self.plan, ready.old));
        self.baseline(&asker).await?;
        let mut notify = Notify::new()?;
        for path in [&ready.pid_file, &files.pid_file.oldbin, &ready.place.path()] {
            if let (Some(directory), Some(name)) = (path.parent(), path.file_name()) {
                notify.watch(directory, name)?;
            }
        }
        let exits = Exits::new().map_err(Refusal::Exits)?;
        Ok(Prepared { ready, files, observer, asker, notify, exits, locks })
    }

    fn instance(&self, ready: &Ready, files: &Files) -> Instance {
        Instance {
            pid_file: ready.pid_file.clone(),
            binary_path: ready.binary_path.clone(),
            found: ready.place.file,
            old: ready.old,
            ours: ready.staged.as_ref().map(|staged| staged.file.id),
            kept: ready.kept.as_ref().map(|kept| kept.file.id),
            stub: Some(files.binary.stub.1),
            unix_paths: ready.unix_paths.clone(),
            baseline: ready.baseline,
            limits: Limits { quit_timeout: self.plan.rollback.quit_timeout },
        }
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
        // The name that is exchanged, and the file that it leads to: another instance may exchange that one.
        let place = executes.and_then(|path| Place::of(&path).ok());
        // Who may not change that one has nothing to lock there.
        let place = place.map(|place| {
            let leads_to = Some(place.leads_to.clone()).filter(|path| locks::may_change(path));
            [Some(place.path()), leads_to]
        });
        let paths: Vec<&Path> =
            std::iter::once(pid_file).chain(place.iter().flatten().flatten().map(PathBuf::as_path)).collect();
        let pid = i32::try_from(std::process::id()).unwrap_or_default();
        Locks::take(&paths, &Holder { pid, run: self.run.clone() })
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

    fn directory(&self, ready: &Ready) -> Result<RunDirectory, Refusal> {
        // By its real directory: `/var/run` and `/run` are one instance.
        let directory = ready.pid_file.parent().and_then(|directory| directory.canonicalize().ok());
        let name = ready.pid_file.file_name().unwrap_or_default();
        let path = directory.map_or_else(|| ready.pid_file.clone(), |directory| directory.join(name));
        let instance = path.display().to_string().trim_start_matches('/').replace('/', "_");
        Ok(RunDirectory::create(&self.state, &instance, &self.run, &self.text, &self.inputs)?)
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

    /// Every probe is asked once of old. A failing watch refuses the run: it would be violated whatever new does.
    async fn baseline(&mut self, asker: &Asker) -> Result<(), Refusal> {
        let longest = self.plan.probes.values().map(|probe| probe.request_timeout).max().unwrap_or_default();
        let answers = told(&mut self.recorder, "old to answer the probes", longest, asker.take_baseline());
        for (name, answer) in answers.await {
            self.recorder.tell(probed(&name, &answer, false));
            let watched =
                self.plan.watches.iter().any(|it| it.probe == name && it.answered_by != Answerer::New);
            if watched && !answer.outcome.passed() {
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

/// The files that a run lays beside the path, the pid file and the unix paths; removed again unless it begins.
struct Files {
    binary: Binary,
    pid_file: PidFile,
    unix_paths: Vec<UnixPath>,
}

impl Files {
    fn make(ready: &Ready, run: &str) -> Result<Self, Refusal> {
        let binary = Binary::open(ready, run)?;
        let pid_file = PidFile::open(&ready.pid_file, ready.user)?;
        let unix_paths = ready.unix_paths.iter().map(|(path, _)| UnixPath::keep(path, run));
        Ok(Self { binary, pid_file, unix_paths: unix_paths.collect::<Result<_, _>>()? })
    }

    /// From here on they are removed at the end of the run, not before.
    fn begin(&mut self) {
        self.binary.begun = true;
        for path in &mut self.unix_paths {
            path.begun = true;
        }
    }
}

/// All that a run needs.
struct Prepared {
    ready: Ready,
    files: Files,
    observer: Observer,
    asker: Rc<Asker>,
    notify: Notify,
    exits: Exits,
    locks: Locks,
}

impl Prepared {
    fn live(self, opening: Opening, signals: Signals) -> (Live, Given) {
        let Self { ready, mut files, observer, asker, notify, exits, locks } = self;
        files.begin();
        let watches = Watches::start(&opening.plan.watches, &asker);
        let live = Live {
            observer,
            last: None,
            stops: Stops::at(opening.recorder.now()),
            pace: QUICK,
            binary: files.binary,
            pid_file: files.pid_file,
            unix_paths: files.unix_paths,
            notify,
            exits,
            signals,
            asker,
            watches,
            tails: questions::tails(ready.old, &ready.error_logs),
            configuration_test: ConfigurationTest::of(&ready),
            recorder: opening.recorder,
            _locks: locks,
        };
        let given = Given {
            run: opening.run,
            path: ready.binary_path.display().to_string(),
            new_version: ready.new_version.clone(),
            old_workers: ready.baseline.accepting,
            new_workers: ready.new_workers,
            new_file: ready.new_file,
            new_runs: ready.staged.as_ref().map_or(ready.place.file, |staged| staged.file.id),
            plan: opening.plan,
        };
        (live, given)
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
