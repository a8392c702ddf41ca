//! What can go wrong, and how it is made to.

use std::fmt;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::phase::Met;
use crate::support::host::{BINARY, Host, Offer};
use crate::support::{builds, process, wait_until};

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
    /// A signal to the run itself.
    Runner(Signal),
    /// The run is suspended, and goes on.
    Suspends,
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
        self == Self::Configuration
    }

    /// The same where what it strikes may be gone already.
    pub(crate) fn strike_if_there(self, met: &mut Met<'_>) {
        let master = |who| match who {
            Who::Old => Some(met.old),
            Who::New => met.new,
        };
        match self {
            Self::To(who, signal) => {
                if let Some(master) = master(who) {
                    signal_if_there(met.host, master, signal);
                }
            }
            Self::Workers(who) => {
                for worker in master(who).map(|master| met.host.accepting(master)).unwrap_or_default() {
                    signal_if_there(met.host, worker, Signal::SIGKILL);
                }
            }
            other => other.strike(met),
        }
    }

    /// Lets it happen.
    pub(crate) fn strike(self, met: &mut Met<'_>) {
        let host = met.host;
        let master = |who| match who {
            Who::Old => met.old,
            Who::New => met.new.expect("a new master"),
        };
        match self {
            Self::Build(_) | Self::Offer(_) => {}
            Self::StaleOldbin => host.write(&format!("{}.oldbin", host.pid_file()), "99999\n"),
            Self::To(who, signal) => host.kill(master(who), signal),
            Self::Workers(who) => {
                for worker in host.accepting(master(who)) {
                    host.kill(worker, Signal::SIGKILL);
                }
            }
            Self::Pauses(who) => {
                let master = master(who);
                host.kill(master, Signal::SIGSTOP);
                let state = || process::one(&host.sandbox.proc(), master).map(|process| process.state);
                wait_until("the master is stopped", || state() == Some('T'));
                host.kill(master, Signal::SIGCONT);
            }
            Self::Says(word) => drop(host.exec(BINARY, &["-s", word])),
            Self::Rotates => {
                let log = host.path("/var/log/nginx/error.log");
                std::fs::rename(&log, log.with_extension("log.1")).expect("move the log away");
                if let Some(named) = host.master() {
                    host.kill(named, Signal::SIGUSR1);
                }
            }
            Self::PidFile(change) => pid_file(change, host),
            Self::Replaces => host.install("1.18.0"),
            Self::Configuration => host.write("/etc/nginx/nginx.conf", "this is no configuration"),
            Self::Runner(signal) => met.run.signal(signal),
            Self::Suspends => {
                met.run.signal(Signal::SIGTSTP);
                // Held it takes no signal.
                drop(met.gate.take());
                wait_until("the run is suspended", || met.run.is_stopped());
                met.run.signal(Signal::SIGCONT);
            }
        }
    }
}

/// Signals a process that may be gone.
pub(crate) fn signal_if_there(host: &Host, pid: i32, signal: Signal) {
    let outer = host.sandbox.outer_pid(pid).map(Pid::from_raw);
    let _ = outer.map(|outer| kill(outer, signal));
}

fn pid_file(change: Change, host: &Host) {
    let path = host.path(&host.pid_file());
    match change {
        // In the exec window there may be none.
        Change::Removed => drop(std::fs::remove_file(path)),
        Change::Emptied => std::fs::write(path, "").expect("empty it"),
        Change::Replaced => std::fs::write(path, "1\n").expect("replace it"),
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
            Self::Suspends => "run suspended".to_owned(),
        })
    }
}
