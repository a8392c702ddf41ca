//! What can go wrong.

use std::fmt;

use nix::sys::signal::Signal;

use crate::support::builds;
use crate::support::host::{Host, Offer};

/// One thing that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// This build is offered; nothing else happens.
    Build(&'static str),
    /// The file that is offered is not what it should be.
    Offer(Offered),
    /// A signal that somebody sends to a master.
    To(Who, Signal),
    /// Every worker of a master is killed at once.
    Workers(Who),
    /// A master is stopped and goes on a moment later.
    Pauses(Who),
    /// `nginx -s`, which signals whom the pid file names.
    Says(&'static str),
    /// What logrotate does.
    Rotates,
    /// The pid file.
    PidFile(Change),
    /// An `.oldbin` is there that names nobody.
    StaleOldbin,
    /// A package manager puts another file at the binary path.
    Replaces,
    /// The configuration on disk is one that no nginx accepts.
    Configuration,
    /// A new listener in the configuration on disk, of a port that another program has.
    BusyPort,
    /// An `.oldbin` is there that names a living process.
    LiveOldbin,
    /// The file system has no room any more.
    Full(Where),
    /// The directory of the binary can only be read.
    ReadOnly,
    /// Every process of nginx gets SIGTERM at once, as from a service manager that ends a control group.
    ControlGroup,
    /// A signal to the run itself.
    Runner(Signal),
    /// The same signal twice at once, as `timeout` sends it.
    Twice(Signal),
    /// SIGHUP to a run that was started with `nohup`.
    Nohup,
    /// The reader of standard output goes.
    ReaderGone,
    /// The run is suspended, and goes on.
    Suspends,
}

/// What there is no room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Where {
    /// The staged file: there is no room from the beginning.
    Staged,
    /// The directory of the binary.
    Binary,
    /// The run's event file.
    Events,
}

/// What is wrong with an offered file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offered {
    /// Its end is missing, and the plan has the digest of what is left.
    Truncated,
    /// It is another one than the plan says, as after a copy that broke off.
    Changed,
}

/// A master.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    Old,
    New,
}

/// What becomes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Removed,
    Emptied,
    /// By another one.
    Replaced,
}

impl Fault {
    /// The build that is offered.
    pub(crate) fn build(self) -> &'static str {
        match self {
            Self::Build(build) => build,
            _ => "1.26.3",
        }
    }

    /// Lays the offered file on a host.
    pub(crate) fn offer(self, host: &Host) -> Offer {
        let offer = host.offer(self.build());
        let Self::Offer(how) = self else { return offer };
        let bytes = std::fs::read(builds::executable(self.build())).expect("the build");
        let half = host.offer_bytes(&offer.version, &bytes[..bytes.len() / 2], 0o755);
        match how {
            Offered::Truncated => half,
            Offered::Changed => offer,
        }
    }

    /// The build goes bad in the soak only: a watch has to notice.
    pub(crate) fn needs_a_watch(self) -> bool {
        self == Self::Build("faulty/goes-bad")
    }

    /// The configuration on disk is of no use afterwards.
    pub(crate) fn breaks_configuration(self) -> bool {
        matches!(self, Self::Configuration | Self::BusyPort)
    }

    /// Only the plain host is made so that it can strike there.
    pub(crate) fn needs_the_plain_host(self) -> bool {
        matches!(self, Self::Full(_) | Self::ReadOnly | Self::ReaderGone)
    }

    /// Files of the run cannot be taken away afterwards.
    pub(crate) fn holds_files(self) -> bool {
        self == Self::ReadOnly
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = |who: &Who| if *who == Who::Old { "old" } else { "new" };
        let change = |change: &Change| match change {
            Change::Removed => "removed",
            Change::Emptied => "emptied",
            Change::Replaced => "replaced",
        };
        out.pad(&match self {
            Self::Build(build) => format!("build {build}"),
            Self::Offer(Offered::Truncated) => "file truncated".to_owned(),
            Self::Offer(Offered::Changed) => "file changed".to_owned(),
            Self::StaleOldbin => "stale .oldbin".to_owned(),
            Self::To(to, signal) => format!("{} to {}", signal.as_str().trim_start_matches("SIG"), who(to)),
            Self::Workers(of) => format!("workers of {} killed", who(of)),
            Self::Pauses(of) => format!("{} stopped for a moment", who(of)),
            Self::Says(word) => format!("nginx -s {word}"),
            Self::Rotates => "logrotate".to_owned(),
            Self::PidFile(what) => format!("pid file {}", change(what)),
            Self::Replaces => "binary replaced".to_owned(),
            Self::Configuration => "configuration broken".to_owned(),
            Self::Runner(signal) => format!("{} to the run", signal.as_str().trim_start_matches("SIG")),
            Self::BusyPort => "added port is busy".to_owned(),
            Self::LiveOldbin => "live .oldbin".to_owned(),
            Self::Full(Where::Staged) => "disk full at staging".to_owned(),
            Self::Full(Where::Binary) => "disk of the binary full".to_owned(),
            Self::Full(Where::Events) => "disk of the events full".to_owned(),
            Self::ReadOnly => "directory read-only".to_owned(),
            Self::ControlGroup => "TERM to every nginx".to_owned(),
            Self::Twice(signal) => format!("{} to the run, twice", signal.as_str().trim_start_matches("SIG")),
            Self::Nohup => "HUP to a nohup run".to_owned(),
            Self::ReaderGone => "reader of the run gone".to_owned(),
            Self::Suspends => "run suspended".to_owned(),
        })
    }
}
