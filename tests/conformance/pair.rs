//! A real host and its model, told the same and compared.

use std::os::unix::fs::MetadataExt as _;
use std::time::{Duration, Instant};

use changeover::protocol::nginx::{Binary, Configuration, Executes, Host as Model, Names, Unlinking, Who};
use changeover::protocol::{Generation, Signal};
use nix::sys::signal::Signal as Real;

use crate::input::{Input, Story};
use crate::support::host::{BINARY, CONFIG, Host};
use crate::support::{PATIENCE, holds_within, process, wait_until};

const SOCKET: &str = "/run/www.sock";
const WORKERS: usize = 2;
/// How long both must agree without a break: no signal is in flight then.
const CALM: Duration = Duration::from_millis(25);

/// Both.
pub(crate) struct Pair {
    real: Host,
    model: Model,
    /// The pid of each master, also of those that are gone.
    pids: [Option<i32>; 3],
    /// The versions of both generations.
    versions: [&'static str; 2],
    /// The inode of each file that was at the path, and whose it is.
    files: Vec<(u64, Generation)>,
}

/// What can be compared.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    /// Of each living master how many of its workers accept, and which file it runs.
    masters: [Option<(usize, Generation)>; 3],
    strays: usize,
    draining: usize,
    pid_file: Option<Names>,
    oldbin: Option<Names>,
    unix_path: bool,
}

fn unlinking(version: &str) -> Unlinking {
    if version == "1.18.0" { Unlinking::AtTerm } else { Unlinking::WhereItIsTheLast }
}

/// The unix `listen` of every configuration but [`Configuration::WithoutUnix`].
const LISTEN: &str = "unix:{root}/run/www.sock";

fn real(signal: Signal) -> Real {
    match signal {
        Signal::Usr1 => Real::SIGUSR1,
        Signal::Usr2 => Real::SIGUSR2,
        Signal::Winch => Real::SIGWINCH,
        Signal::Hup => Real::SIGHUP,
        Signal::Quit => Real::SIGQUIT,
        Signal::Term => Real::SIGTERM,
    }
}

impl Pair {
    pub(crate) fn start(story: &Story) -> Self {
        let host = Host::new().with(|config| {
            config.listen([LISTEN]);
            config.daemon = story.daemon;
        });
        let host = host.running(story.old);
        let old = host.master();
        let begins = if story.daemon { Model::serving } else { Model::in_the_foreground };
        let model = begins(Binary { of: Generation::Old, unlinking: unlinking(story.old) });
        let (pids, versions) = ([old, None, None], [story.old, story.new]);
        let mut pair = Self { real: host, model, pids, versions, files: Vec::new() };
        pair.knows_the_file(Generation::Old);
        pair.put(Some(Generation::New));
        pair
    }

    /// Whether there is somebody to whom it can happen.
    pub(crate) fn can(&self, input: Input) -> bool {
        let master = |who: Who| self.model.master(who);
        match input {
            Input::Tell(who, _) | Input::Kill(who) => master(who).is_some(),
            Input::Stop(who) => master(who).is_some_and(|master| !master.stopped),
            Input::GoOn(who) => master(who).is_some_and(|master| master.stopped),
            Input::WorkerDies(who) => {
                master(who).is_some_and(|master| master.accepting > 0 && !master.stopped)
            }
            _ => self.model.masters().next().is_some(),
        }
    }

    /// Tells both, and compares them once nothing is in flight but to those that are stopped.
    pub(crate) fn tell(&mut self, input: Input) -> Result<(), String> {
        match input {
            Input::Tell(who, signal) => {
                self.signal(who, real(signal));
                self.model.tell(who, signal);
            }
            Input::Stop(who) => {
                self.stop(who);
                self.model.stop(who);
            }
            Input::GoOn(who) => {
                self.signal(who, Real::SIGCONT);
                self.model.go_on(who);
            }
            Input::Kill(who) => {
                self.signal(who, Real::SIGKILL);
                self.model.kill(who);
            }
            Input::WorkerDies(who) => {
                let workers = self.pid(who).map(|master| self.real.accepting(master)).unwrap_or_default();
                self.real.kill(*workers.first().expect("a worker"), Real::SIGKILL);
                self.model.child_tells(who);
            }
            Input::RemovePidFile => {
                let _ = std::fs::remove_file(self.real.path(&self.real.pid_file()));
                self.model.pid_file = None;
            }
            Input::Configure(configuration) => self.configure(configuration),
            Input::Put(file) => self.put(file),
        }
        self.agree()
    }

    fn configure(&mut self, configuration: Configuration) {
        self.real.config.listeners.clear();
        match configuration {
            Configuration::AsBefore => self.real.config.listen([LISTEN]),
            Configuration::WithoutUnix | Configuration::Broken => {}
        }
        if configuration == Configuration::Broken {
            self.real.write(CONFIG, "this is no configuration");
        } else {
            self.real.write_config();
        }
        self.model.configuration = configuration;
    }

    /// Lays a file at the path, as a rename does: whoever runs the one before keeps it.
    fn put(&mut self, file: Option<Generation>) {
        let Some(of) = file else {
            let _ = std::fs::remove_file(self.real.path(BINARY));
            self.real.write(BINARY, "");
            self.model.path = Executes::Nothing;
            return;
        };
        let version = self.versions[of as usize];
        self.real.install(version);
        self.knows_the_file(of);
        self.model.path = Executes::Master(Binary { of, unlinking: unlinking(version) });
    }

    fn knows_the_file(&mut self, of: Generation) {
        let file = std::fs::metadata(self.real.path(BINARY)).expect("the file at the path");
        self.files.push((file.ino(), of));
    }

    /// Stops a master, and returns once it is.
    fn stop(&self, who: Who) {
        self.signal(who, Real::SIGSTOP);
        let pid = self.pid(who).expect("a master");
        wait_until("the master is stopped", || self.is_stopped(pid));
    }

    fn is_stopped(&self, pid: i32) -> bool {
        process::one(&self.real.sandbox.proc(), pid).is_some_and(|process| process.state == 'T')
    }

    fn pid(&self, who: Who) -> Option<i32> {
        self.pids[who as usize]
    }

    fn signal(&self, who: Who, signal: Real) {
        self.real.kill(self.pid(who).expect("a master"), signal);
    }

    /// Waits until both agree for a while.
    fn agree(&mut self) -> Result<(), String> {
        let mut since = None;
        let agree = holds_within(PATIENCE, || {
            self.find_new_masters();
            if self.seen() != self.expected() || !self.is_quiet() {
                since = None;
                return false;
            }
            since.get_or_insert_with(Instant::now).elapsed() >= CALM
        });
        if agree {
            return Ok(());
        }
        let (seen, expected, log) = (self.seen(), self.expected(), self.real.error_log());
        Err(format!("nginx  {seen:?}\nmodel  {expected:?}\n{:?}\n{log}", self.model))
    }

    /// Every master that is not stopped waits for its next signal.
    fn is_quiet(&self) -> bool {
        self.real.masters().into_iter().all(|master| self.is_stopped(master) || self.real.is_at_rest(master))
    }

    /// A master that nobody knows yet takes the place that the model has given it.
    fn find_new_masters(&mut self) {
        let masters = self.real.masters();
        let unknown = masters.iter().find(|master| !self.pids.contains(&Some(**master)));
        let lives = |pid: Option<i32>| pid.is_some_and(|pid| masters.contains(&pid));
        let place =
            Who::ALL.into_iter().find(|who| self.model.master(*who).is_some() && !lives(self.pid(*who)));
        if let (Some(unknown), Some(place)) = (unknown, place) {
            self.pids[place as usize] = Some(*unknown);
        }
    }

    fn seen(&self) -> Seen {
        let masters = self.real.masters();
        let accepts = |pid: Option<i32>| {
            let pid = pid.filter(|pid| masters.contains(pid))?;
            let runs = process::one(&self.real.sandbox.proc(), pid)?.exe;
            let (_, of) = self.files.iter().rfind(|(file, _)| *file == runs)?;
            Some((self.real.accepting(pid).len(), *of))
        };
        Seen {
            masters: self.pids.map(accepts),
            strays: self.real.strays().iter().filter(|process| process.is_worker()).count(),
            draining: self.real.processes().iter().filter(|process| process.is_draining()).count(),
            pid_file: self.names(&self.real.pid_file()),
            oldbin: self.names(&format!("{}.oldbin", self.real.pid_file())),
            unix_path: self.real.path(SOCKET).exists(),
        }
    }

    fn names(&self, file: &str) -> Option<Names> {
        let pid: Option<i32> = self.real.read(file)?.trim().parse().ok();
        let named = Who::ALL.into_iter().find(|who| pid.is_some() && self.pid(*who) == pid);
        Some(named.map_or(Names::Other, Names::Master))
    }

    fn expected(&self) -> Seen {
        let accepts = |who: Who| {
            self.model.master(who).map(|master| (usize::from(master.accepting) * WORKERS, master.binary.of))
        };
        Seen {
            masters: Who::ALL.map(accepts),
            strays: self.model.strays.iter().map(|sets| usize::from(*sets) * WORKERS).sum(),
            draining: 0,
            pid_file: self.model.pid_file,
            oldbin: self.model.oldbin,
            unix_path: self.model.unix_path,
        }
    }
}
