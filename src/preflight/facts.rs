//! Everything that the checks look at, as plain data: gathered once, judged without touching the host again.

use std::path::{Path, PathBuf};

use super::{master::Master, wanted::Wanted};
use crate::{
    engine::NewFile,
    host::{
        Exchanges,
        files::Hashed,
        place::{Place, PlaceError},
    },
    nginx::{
        arguments::Arguments,
        dump::Configuration,
        listen::{Listen, listens},
        settings::WorkerProcesses,
        version::Build,
    },
    protocol::FileId,
};

/// The facts. What could not be found out because of an earlier fact is `None`; the check of that earlier fact speaks.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// What the plan wants.
    pub wanted: Wanted,
    /// Which file new would run: what the plan wants, and what the path holds.
    pub new_file: NewFile,
    /// The pid file.
    pub pid_file: PidFile,
    /// The master that the pid file names.
    pub master: Option<Master>,
    /// The path that the master executes on USR2.
    pub path: Option<BinaryPath>,
    /// What the master sees where we see something; `None` where it may not be looked at.
    pub sight: Option<Sight>,
    /// What this process may do.
    pub access: Access,
    /// The systemd unit whose main process the master is; what went wrong, in words, where it could not be read.
    pub unit: Option<Result<Unit, String>>,
    /// What the binary that runs says about itself and about today's configuration.
    pub running: Option<Trial>,
    /// What the binary of the plan says; `None` where nothing could be run.
    pub offered: Option<Offered>,
    /// The file that the path was found to hold, where new runs another one. `None` where it may not be read.
    pub found: Option<Hashed>,
    /// Why what old runs could not be kept beside the path, in words, where that had to be done.
    pub not_kept: Option<String>,
    /// Configuration files that changed after the workers started, by the offered binary's `-T`.
    pub newer_files: Vec<NewerFile>,
    /// How many processors are online: what `worker_processes auto` means.
    pub processors: usize,
    /// The state directory, where it is in memory.
    pub state_in_memory: Option<PathBuf>,
}

/// The pid file as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PidFile {
    /// Its path, as the plan names it.
    pub path: PathBuf,
    /// What it says.
    pub text: PidText,
    /// `PATH.oldbin`.
    pub oldbin: Oldbin,
    /// Whether the new master will write the same file, whatever way its path is spelled (`/var/run`, `/run`).
    pub same_next: bool,
    /// Masters that run on this host, looked for only where the pid file names none.
    pub others: Vec<i32>,
}

/// What the pid file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PidText {
    /// There is none.
    Missing,
    /// It is empty.
    Empty,
    /// It cannot be read, or holds something else than a process number; in words.
    Unusable(String),
    /// It names this process.
    Names(i32),
}

/// `.oldbin` beside the pid file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Oldbin {
    /// There is none.
    None,
    /// It names nobody who lives as a master.
    Stale,
    /// It names a living master.
    Live(i32),
}

/// The path that the master executes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BinaryPath {
    /// argv[0], which is absolute.
    pub path: PathBuf,
    /// Where the file that it leads to is exchanged; why it leads to none. What the master runs is another fact.
    pub place: Result<Place, PlaceError>,
    /// Room in the directory of the place.
    pub space: Option<Space>,
    /// Whether that directory is mounted `noexec`.
    pub noexec: bool,
    /// How two names of that directory are exchanged, `None` where that was not tried and is not known; the error in words.
    pub exchange: Result<Option<Exchanges>, String>,
}

impl BinaryPath {
    /// The file that it leads to, if there is one.
    #[must_use]
    pub fn file(&self) -> Option<FileId> {
        self.place.as_ref().ok().map(|place| place.file)
    }

    /// The name that is exchanged; the path itself where it leads to no file.
    #[must_use]
    pub fn exchanged(&self) -> PathBuf {
        self.place.as_ref().map_or_else(|_| self.path.clone(), Place::path)
    }

    /// The directory in which names are exchanged; that of the path itself where it leads to no file.
    #[must_use]
    pub fn directory(&self) -> &Path {
        match &self.place {
            Ok(place) => &place.directory,
            Err(_) => self.path.parent().unwrap_or(&self.path),
        }
    }
}

/// What the master sees where we see something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sight {
    /// Its root, where that is another than ours.
    pub root: Option<PathBuf>,
    /// Paths that are another file there than here.
    pub differ: Vec<PathBuf>,
}

impl Sight {
    /// Whether it sees all the same.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.root.is_none() && self.differ.is_empty()
    }
}

/// Room for the staged file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// Bytes free in the path's directory.
    pub free: u64,
    /// Bytes needed.
    pub needed: u64,
}

/// What this process may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is an answer of its own")]
pub struct Access {
    /// Whether it may signal the master.
    pub signal: bool,
    /// Whether it may read the master's descriptors.
    pub descriptors: bool,
    /// Whether it may look at the file system as the master sees it.
    pub view: bool,
    /// Whether it may make and exchange files beside the binary path.
    pub exchange: bool,
    /// Whether the master's user may rename the pid file, and changeover may write it back.
    pub pid_file_renamed: bool,
    /// This process's user.
    pub euid: u32,
}

/// The systemd unit of the master.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Its name.
    pub name: String,
    /// `Type`.
    pub kind: String,
    /// `PIDFile`, empty without one.
    pub pid_file: String,
}

/// What a binary says about itself and about today's configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// `-V`; otherwise what went wrong, in words.
    pub build: Result<Build, String>,
    /// `-T` with the master's arguments; `None` where it was not run.
    pub configuration: Option<Judged>,
}

/// A configuration as a binary judges it.
#[derive(Clone, Debug, PartialEq)]
pub enum Judged {
    /// It passes, and was understood.
    Good(Configuration),
    /// It passes, but its text was not understood; why, in words.
    Unread(String),
    /// It fails; nginx's words.
    Rejected(String),
}

impl Judged {
    /// The configuration, where it passes and was understood.
    #[must_use]
    pub const fn good(&self) -> Option<&Configuration> {
        match self {
            Self::Good(configuration) => Some(configuration),
            Self::Unread(_) | Self::Rejected(_) => None,
        }
    }
}

/// The binary of the plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Offered {
    /// The file that was looked at: the source, its staged copy, or the one at the path.
    pub file: PathBuf,
    /// What was found of it.
    pub digest: Digest,
    /// Whether the source, or the file at the path, has an execute bit.
    pub executable: bool,
    /// What it says; `None` where it was not run.
    pub trial: Option<Trial>,
}

/// The digest of the offered file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Digest {
    /// It was read whole.
    Is(Hashed),
    /// It could not be read or staged; why, in words.
    Failed(String),
}

/// A configuration file that changed after the workers started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewerFile {
    /// The file.
    pub path: String,
    /// By how many seconds it is newer than the oldest worker.
    pub seconds: u64,
}

impl Facts {
    /// The path names another file than the one that the master runs.
    #[must_use]
    pub fn path_differs(&self) -> bool {
        let runs = self.master.as_ref().and_then(|master| master.exe);
        let holds = self.path.as_ref().and_then(BinaryPath::file);
        matches!((runs, holds), (Some(runs), Some(holds)) if runs != holds)
    }

    /// The configuration on disk as the offered binary reads it.
    #[must_use]
    pub fn configuration(&self) -> Option<&Configuration> {
        self.trial()?.configuration.as_ref()?.good()
    }

    /// The build that runs.
    #[must_use]
    pub fn running_build(&self) -> Option<&Build> {
        self.running.as_ref()?.build.as_ref().ok()
    }

    /// The build that is offered.
    #[must_use]
    pub fn offered_build(&self) -> Option<&Build> {
        self.trial()?.build.as_ref().ok()
    }

    /// What the binary says that the plan leads to: without a binary step it is the running one.
    fn trial(&self) -> Option<&Trial> {
        match self.wanted.binary {
            Some(_) => self.offered.as_ref()?.trial.as_ref(),
            None => self.running.as_ref(),
        }
    }

    /// The pid file that the new master will write, and what says so.
    #[must_use]
    pub fn next_pid_file(&self) -> Option<(PathBuf, &'static str)> {
        let (build, configuration) = (self.offered_build()?, self.configuration()?);
        let prefix = self.arguments()?.prefix.as_deref().or_else(|| build.configured("--prefix"));
        let (named, where_from) = match configuration.pid() {
            Some(path) => (path, "the configuration on disk"),
            None => (build.configured("--pid-path")?, "the build (--pid-path)"),
        };
        // nginx puts its prefix in front of a relative path (`ngx_conf_full_name`).
        let path = Path::new(prefix.unwrap_or_default()).join(named);
        path.is_absolute().then_some((path, where_from))
    }

    /// How many workers new will start.
    #[must_use]
    pub fn expected_workers(&self) -> Option<usize> {
        self.configuration().map(|configuration| match configuration.worker_processes() {
            WorkerProcesses::Number(number) => number,
            WorkerProcesses::Auto => self.processors,
        })
    }

    /// What the configuration on disk listens on.
    #[must_use]
    pub fn listens(&self) -> Option<Vec<Listen>> {
        let root = self.master.as_ref()?.user.0 == 0;
        self.configuration().map(|configuration| listens(configuration, root))
    }

    /// The master's arguments, where the title tells them.
    #[must_use]
    pub fn arguments(&self) -> Option<&Arguments> {
        self.master.as_ref()?.arguments.as_ref().ok()
    }
}
