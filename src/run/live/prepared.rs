//! All that a run needs of the host, whether it begins here or another process has begun it.

use std::rc::Rc;

use super::{
    Live, QUICK,
    asker::Asker,
    binary::Binary,
    files::{PidFile, UnixPath},
    guardian::Guardian,
    questions::{self, ConfigurationTest},
    recorder::Recorder,
    refusal::Refusal,
    signals::Signals,
    suspend::Stops,
    watches::Watches,
};
use crate::{
    host::{
        directory::DirectoryError,
        exits::Exits,
        locks::Locks,
        notify::{Notify, NotifyError},
    },
    journal::{Begun, Entry},
    observe::{Instance, Observer},
    plan::{Plan, Watch},
    preflight::Ready,
    protocol::Limits,
    run::Given,
};

/// The files that a run lays beside the path, the pid file and the unix paths; removed again unless it begins.
pub(super) struct Files {
    pub(super) binary: Binary,
    pub(super) pid_file: PidFile,
    pub(super) unix_paths: Vec<UnixPath>,
}

impl Files {
    pub(super) fn make(ready: &Ready, run: &str) -> Result<Self, Refusal> {
        let binary = Binary::open(ready, run)?;
        let pid_file = PidFile::open(&ready.pid_file, ready.user)?;
        let unix_paths = ready.unix_paths.iter().map(|(path, _)| UnixPath::keep(path, run));
        Ok(Self { binary, pid_file, unix_paths: unix_paths.collect::<Result<_, _>>()? })
    }

    /// Those of a run that another process has begun, and the entry of what had to be laid anew.
    pub(super) fn reopen(begun: &Begun) -> Result<(Self, Option<Entry>), DirectoryError> {
        let (binary, anew) = Binary::reopen(begun)?;
        let laid = anew.then_some(Entry::Laid { stub: binary.stub.1 });
        let pid_file = PidFile::open(&begun.ready.pid_file, begun.ready.user)?;
        let unix_paths = begun.ready.unix_paths.iter().map(|(path, _)| UnixPath::reopen(path, &begun.run));
        Ok((Self { binary, pid_file, unix_paths: unix_paths.collect::<Result<_, _>>()? }, laid))
    }

    /// Removes what the run has laid; after a commit all but the old file.
    pub(super) fn tidy(&self, committed: bool) {
        // What cannot be removed is named by `status`; it harms nobody.
        let _ = self.binary.tidy(committed);
        for path in &self.unix_paths {
            let _ = path.forget();
        }
    }

    /// From here on they are removed at the end of the run, not before.
    pub(super) fn begin(&mut self) {
        self.binary.begun = true;
        for path in &mut self.unix_paths {
            path.begun = true;
        }
    }
}

/// What is watched for changes: the pid files and the binary path.
pub(super) fn notify(ready: &Ready, files: &Files) -> Result<Notify, NotifyError> {
    let mut notify = Notify::new()?;
    for path in [&ready.pid_file, &files.pid_file.oldbin, &ready.place.path()] {
        if let (Some(directory), Some(name)) = (path.parent(), path.file_name()) {
            notify.watch(directory, name)?;
        }
    }
    Ok(notify)
}

/// The instance that is observed.
pub(super) fn instance(plan: &Plan, ready: &Ready, files: &Files) -> Instance {
    Instance {
        pid_file: ready.pid_file.clone(),
        binary_path: ready.binary_path.clone(),
        found: ready.place.file,
        old: ready.old,
        ours: ready.staged.as_ref().map(|staged| staged.file.id),
        kept: ready.kept.as_ref().map(|kept| kept.file.id),
        stub: Some(files.binary.stub.1),
        unix_paths: ready.unix_paths.clone(),
        streams: ready.streams,
        baseline: ready.baseline,
        limits: Limits { quit_timeout: plan.rollback.quit_timeout },
    }
}

/// All that a run needs.
pub(super) struct Prepared {
    pub(super) ready: Ready,
    pub(super) files: Files,
    pub(super) observer: Observer,
    pub(super) asker: Rc<Asker>,
    pub(super) notify: Notify,
    pub(super) exits: Exits,
    /// None where nobody else goes on when this process ends.
    pub(super) guardian: Option<Guardian>,
    /// None where the process was started with them.
    pub(super) locks: Option<Locks>,
}

impl Prepared {
    /// The run. The watches ask from here on; a run that is taken over has none: it only goes back, or ends.
    pub(super) fn live(
        self,
        recorder: Recorder,
        signals: Signals,
        (run, plan): (String, Plan),
        watches: &[Watch],
    ) -> (Live, Given) {
        let Self { ready, mut files, observer, asker, notify, exits, guardian, locks } = self;
        files.begin();
        let watches = Watches::start(watches, &asker);
        let live = Live {
            observer,
            last: None,
            stops: Stops::at(recorder.now()),
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
            recorder,
            guardian,
            locks,
        };
        let given = Given {
            run,
            path: ready.binary_path.display().to_string(),
            new_version: ready.new_version.clone(),
            old_workers: ready.baseline.accepting,
            new_workers: ready.new_workers,
            new_file: ready.new_file,
            new_runs: ready.staged.as_ref().map_or(ready.place.file, |staged| staged.file.id),
            plan,
        };
        (live, given)
    }
}
