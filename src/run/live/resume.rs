//! From a journal to a run that goes on: read back, locked, and observed again before anything is done.

use std::{
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    rc::Rc,
};

use thiserror::Error;

use super::{
    Live, Teller,
    asker::Asker,
    prepared::{self, Files, Prepared},
    recorder::Recorder,
    signals::Signals,
};
use crate::{
    engine::{By, Ending},
    host::{
        clock, descriptors,
        directory::DirectoryError,
        exits::Exits,
        files::{self, Symlinks},
        locks::{Holder, LockError, Locks},
        network,
        notify::NotifyError,
        process::Process,
        world_id::WorldId,
    },
    journal::{self, Damage, Journal, Made, NotRecorded, OpenRun, Replay, RunDirectory, StateError},
    observe::{Memory, Observer, Remembered},
    plan::{self, Inputs, LARGEST, Loaded, PlanPath, Values},
    run::{Given, Left},
};

/// A run that was left by its process.
pub struct Resumable {
    pub(super) instance: PathBuf,
    /// What its journal says.
    pub replay: Replay,
    /// The plan that it carries out.
    pub loaded: Loaded,
}

/// Why a run is not gone on with; nothing was done.
#[derive(Debug, Error)]
pub enum ResumeError {
    /// Its journal cannot be believed.
    #[error(transparent)]
    Damaged(#[from] Damage),
    /// The plan's text beside the journal is not the one that the run began with.
    #[error("{path} is not the plan that the run began with", path = .0.display())]
    PlanChanged(PathBuf),
    /// The journal is another machine's, or of another namespace of pids.
    #[error("the run {run} was made {whose}: its process numbers mean nothing here")]
    AnotherWorld {
        /// The run.
        run: String,
        /// Where, in words.
        whose: &'static str,
    },
    /// Another process holds the instance or its binary.
    #[error(transparent)]
    Locked(#[from] LockError),
    /// The journal cannot be written on.
    #[error(transparent)]
    Journal(#[from] NotRecorded),
    /// The run's other files cannot be opened.
    #[error(transparent)]
    State(#[from] StateError),
    /// A file beside the path or the pid file cannot be looked at.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The host cannot be watched.
    #[error(transparent)]
    Notify(#[from] NotifyError),
    /// The network of nginx cannot be entered.
    #[error("the network of nginx cannot be entered: {0}")]
    Network(String),
    /// The system gives no signal handlers, or no ends of processes.
    #[error("the host cannot be watched: {0}")]
    System(#[from] io::Error),
}

impl ResumeError {
    /// The one name of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Damaged(error) => error.code(),
            Self::PlanChanged(_) => "journal/plan-changed",
            Self::AnotherWorld { .. } => "journal/another-world",
            Self::Locked(error) => error.code(),
            Self::Journal(error) => error.code(),
            Self::State(error) => error.code(),
            Self::Directory(error) => error.code(),
            Self::Notify(error) => error.code(),
            Self::Network(_) => "run/network-not-entered",
            Self::System(_) => "run/exits-not-watched",
        }
    }

    /// The exit code of a recovery that ends with it.
    #[must_use]
    pub const fn exit(&self) -> u8 {
        match self {
            Self::Damaged(_) | Self::PlanChanged(_) | Self::AnotherWorld { .. } => 32,
            Self::Locked(LockError::Held { .. }) => 13,
            _ => 12,
        }
    }
}

impl Resumable {
    /// Reads the run back. `environment` gives the variables that hold its secrets.
    ///
    /// # Errors
    /// [`ResumeError`] when the journal, or the plan beside it, cannot be believed.
    pub fn read(
        instance: &Path,
        run: &str,
        environment: &dyn Fn(&str) -> Option<OsString>,
    ) -> Result<Self, ResumeError> {
        let directory = instance.join(run);
        let replay = journal::read(&directory, run)?;
        let loaded = load(&directory.join(journal::PLAN), &replay, environment)?;
        Ok(Self { instance: instance.to_owned(), replay, loaded })
    }

    /// Whether nothing is left to do. A run that was stopped on purpose, or is stuck, has more to do when a person wants it.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        let leaves_more = |ending| matches!(ending, Ending::Stopped | Ending::Stuck | Ending::Bug);
        self.replay.verdict.as_ref().is_some_and(|verdict| !leaves_more(verdict.verdict))
    }

    /// Whether the host was started again since: then process numbers mean nothing.
    #[must_use]
    pub fn is_of_another_boot(&self) -> bool {
        WorldId::here().boot != self.replay.begun.world.boot
    }

    /// Whether process numbers of its journal mean something here, or could again after a restart of the host.
    ///
    /// # Errors
    /// [`ResumeError::AnotherWorld`].
    pub fn is_here(&self) -> Result<(), ResumeError> {
        is_here(&self.replay)
    }

    /// Goes on with it, as far as that nothing is done yet. Without `take_locks` the process was started with them.
    ///
    /// # Errors
    /// [`ResumeError`].
    pub fn resume(
        self,
        by: By,
        take_locks: bool,
        teller: Teller,
    ) -> Result<(Box<Live>, Given, Left), ResumeError> {
        let Self { instance, replay, loaded } = self;
        let run = replay.begun.run.clone();
        is_here(&replay)?;
        let locks = if take_locks { Some(lock(&replay)?) } else { None };
        descriptors::raise();
        let signals = Signals::catch()?;
        let directory = instance.join(&run);
        // Who had the locks may have written meanwhile.
        let replay = journal::read(&directory, &run)?;
        let mut journal = Journal::reopen(&directory, &replay)?;
        enter_network(&replay)?;
        let (mut files, laid) = Files::reopen(&replay.begun)?;
        if let Some(laid) = laid {
            journal.append(clock::monotonic(), &laid)?;
        }
        let plan = loaded.plan.clone();
        let mut recorder = Recorder::resumed(teller, plan.secrets.clone(), replay.began);
        let directory = RunDirectory::reopen(&directory)?;
        files.binary.runs = directory.runs();
        recorder.keep_in(directory);
        recorder.go_on_in(journal, OpenRun::of(&instance));
        let ready = replay.begun.ready.clone();
        let observer = Observer::resume(prepared::instance(&plan, &ready, &files), memory(&replay));
        let asker = Asker::resumed(&plan, ready.old, answerable(&replay.begun.baseline, &loaded));
        let prepared = Prepared {
            notify: prepared::notify(&ready, &files)?,
            exits: Exits::new()?,
            asker: Rc::new(asker),
            observer,
            ready,
            files,
            guardian: None,
            locks,
        };
        let (live, given) = prepared.live(recorder, signals, (run, plan), &[]);
        Ok((Box::new(live), given, Left::of(&replay, by)))
    }
}

/// The plan that the run began with, and its inputs as they were; what was secret the environment has, or nobody.
fn load(
    path: &Path,
    replay: &Replay,
    environment: &dyn Fn(&str) -> Option<OsString>,
) -> Result<Loaded, ResumeError> {
    let changed = || ResumeError::PlanChanged(path.to_owned());
    let read = files::read_bounded(path, LARGEST, Symlinks::Refuse).map_err(|_| changed())?;
    if files::sha256(&read.bytes) != replay.begun.plan_sha256 {
        return Err(changed());
    }
    let known = replay.begun.inputs.iter().filter(|input| !input.secret);
    let recorded: Vec<_> = known.map(|input| (input.name.clone(), input.value.clone())).collect();
    let values = Values { recorded: &recorded, sets: &[], file: None, environment };
    plan::load(&replay.begun.file, &read.bytes, values, Inputs::Open).map_err(|_| changed())
}

/// The probes of the baseline that can still be asked: not those that need a secret which nobody has any more.
fn answerable(baseline: &[String], loaded: &Loaded) -> Vec<String> {
    let (document, unset) = (&loaded.document, &loaded.unset);
    let needs = |name: &str| {
        let probe = PlanPath::root().key("probe").key(name);
        // A table has its header's place only: each value in it has its own.
        let texts = document.places().filter(|(path, _)| path.is_within(&probe));
        texts
            .map(|(_, span)| document.slice(span))
            .any(|text| unset.iter().any(|input| text.contains(&format!("${{{input}}}"))))
    };
    baseline.iter().filter(|name| !needs(name)).cloned().collect()
}

pub(super) fn is_here(replay: &Replay) -> Result<(), ResumeError> {
    let (then, here) = (&replay.begun.world, WorldId::here());
    let whose = if then.machine != here.machine {
        "on another machine"
    } else if then.boot == here.boot && then.pids != here.pids {
        "in another namespace of pids"
    } else {
        return Ok(());
    };
    Err(ResumeError::AnotherWorld { run: replay.begun.run.clone(), whose })
}

pub(super) fn lock(replay: &Replay) -> Result<Locks, LockError> {
    let ready = &replay.begun.ready;
    let pid = i32::try_from(std::process::id()).unwrap_or_default();
    let holder = Holder { pid, run: replay.begun.run.clone() };
    Locks::of_instance(&ready.pid_file, Some(&ready.place), &holder)
}

/// Sockets are looked for, and probes asked, where nginx is.
fn enter_network(replay: &Replay) -> Result<(), ResumeError> {
    let living = replay.masters.iter().rfind(|(_, master)| Process::again(master.id).is_some());
    match living.map(|(_, master)| network::enter(master.id.pid)) {
        Some(Err(error)) => Err(ResumeError::Network(error.to_string())),
        _ => Ok(()),
    }
}

fn memory(replay: &Replay) -> Memory {
    let remembered = |made: &Made| Remembered {
        what: made.what.clone(),
        to: made.to,
        at: made.at.saturating_sub(replay.began),
        way_back: made.is_attempt(),
        sent: made.counts(),
    };
    Memory { moves: replay.moves.iter().map(remembered).collect(), masters: replay.masters.clone() }
}

#[cfg(test)]
mod tests {
    use super::answerable;
    use crate::plan::{Inputs, Values, load};

    const PLAN: &str = r#"format = 1
name = "nginx"
[inputs]
token = { type = "string", secret = true, from-env = "PROBE_TOKEN" }
[service]
kind = "nginx"
pid-file = "/run/nginx.pid"
[probe.open]
url = "http://127.0.0.1/healthz"
[probe.private]
url = "http://127.0.0.1/private"
headers = { Authorization = "Bearer ${token}" }
[[step]]
action = "rollback"
"#;

    #[test]
    fn a_probe_that_needs_a_secret_which_nobody_has_any_more_is_not_asked() {
        let baseline = ["open", "private"].map(str::to_owned);
        for (token, asked) in [(None, 1), (Some("t"), 2)] {
            let environment = |_: &str| token.map(Into::into);
            let values = Values { environment: &environment, ..Values::default() };
            let loaded = load("plan.toml", PLAN.as_bytes(), values, Inputs::Open).unwrap();
            assert_eq!(answerable(&baseline, &loaded), baseline[..asked]);
        }
    }
}
