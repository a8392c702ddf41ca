//! A real host and its model, told the same and compared.

use std::time::{Duration, Instant};

use changeover::protocol::Signal;
use changeover::protocol::nginx::{Executes, Host as Model, Names, Unlinking, Who};
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
    new: &'static str,
    config: String,
}

/// What can be compared.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    /// Of each living master how many of its workers accept.
    masters: [Option<usize>; 3],
    strays: usize,
    draining: usize,
    pid_file: Option<Names>,
    oldbin: Option<Names>,
    unix_path: bool,
}

fn unlinking(version: &str) -> Unlinking {
    if version == "1.18.0" { Unlinking::AtTerm } else { Unlinking::WhereItIsTheLast }
}

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
            config.listen(["unix:{root}/run/www.sock"]);
            config.daemon = story.daemon;
        });
        let host = host.running(story.old);
        host.install(story.new);
        let (old, config) = (host.master(), host.read(CONFIG).expect("the configuration"));
        let begins = if story.daemon { Model::serving } else { Model::in_the_foreground };
        let model = begins(unlinking(story.old), Executes::Master(unlinking(story.new)));
        Self { real: host, model, pids: [old, None, None], new: story.new, config }
    }

    /// Whether there is somebody to whom it can happen.
    pub(crate) fn can(&self, input: &Input) -> bool {
        let lives = |who: &Who| self.model.master(*who).is_some();
        match input {
            Input::Tell(who, _) | Input::Kill(who) => lives(who),
            Input::WorkerDies(who) => self.model.master(*who).is_some_and(|master| master.accepting > 0),
            Input::AsNewLeaves(_) => {
                lives(&Who::Old)
                    && self.model.master(Who::New).is_some_and(|new| new.parent == Some(Who::Old))
            }
            _ => self.model.masters().next().is_some(),
        }
    }

    /// Tells both, and compares them once nothing is in flight.
    pub(crate) fn tell(&mut self, input: &Input) -> Result<(), String> {
        match input {
            Input::Tell(who, signals) => self.tell_master(*who, signals),
            Input::AsNewLeaves(signals) => self.tell_old_as_new_leaves(signals),
            Input::Kill(who) => {
                self.signal(*who, Real::SIGKILL);
                self.model.kill(*who);
            }
            Input::WorkerDies(who) => {
                let workers = self.pid(*who).map(|master| self.real.accepting(master)).unwrap_or_default();
                self.real.kill(*workers.first().expect("a worker"), Real::SIGKILL);
                self.model.child_tells(*who);
            }
            Input::RemovePidFile => {
                let _ = std::fs::remove_file(self.real.path(&self.real.pid_file()));
                self.model.pid_file = None;
            }
            Input::BreakConfiguration => {
                self.real.write(CONFIG, "this is no configuration");
                self.model.configured = false;
            }
            Input::RepairConfiguration => {
                self.real.write(CONFIG, &self.config);
                self.model.configured = true;
            }
            Input::EmptyPath => {
                let _ = std::fs::remove_file(self.real.path(BINARY));
                self.real.write(BINARY, "");
                self.model.path = Executes::Nothing;
            }
            Input::RepairPath => {
                self.real.install(self.new);
                self.model.path = Executes::Master(unlinking(self.new));
            }
        }
        self.agree()
    }

    fn tell_master(&mut self, who: Who, signals: &[Signal]) {
        if let [signal] = signals {
            self.signal(who, real(*signal));
        } else {
            self.together(who, |pair| pair.signals(who, signals));
            // A parent hears of a child that is stopped, and that goes on.
            if let Some(parent) = self.model.master(who).and_then(|master| master.parent) {
                self.model.child_tells(parent);
            }
        }
        self.model.tell(who, signals);
    }

    fn tell_old_as_new_leaves(&mut self, signals: &[Signal]) {
        let new = self.pid(Who::New).expect("a new master");
        self.together(Who::Old, |pair| {
            pair.signals(Who::Old, signals);
            pair.signal(Who::New, Real::SIGQUIT);
            assert!(pair.real.wait_gone(new), "new does not leave");
        });
        self.model.together(Who::Old, signals, Some(Who::New));
    }

    /// Stops a master meanwhile: it gets all that is sent at once.
    fn together(&self, who: Who, send: impl FnOnce(&Self)) {
        self.signal(who, Real::SIGSTOP);
        let pid = self.pid(who).expect("a master");
        let state = || process::one(&self.real.sandbox.proc(), pid).map(|process| process.state);
        wait_until("the master is stopped", || state() == Some('T'));
        send(self);
        self.signal(who, Real::SIGCONT);
    }

    fn pid(&self, who: Who) -> Option<i32> {
        self.pids[who as usize]
    }

    fn signals(&self, who: Who, signals: &[Signal]) {
        for signal in signals {
            self.signal(who, real(*signal));
        }
    }

    fn signal(&self, who: Who, signal: Real) {
        self.real.kill(self.pid(who).expect("a master"), signal);
    }

    /// Waits until both agree for a while.
    fn agree(&mut self) -> Result<(), String> {
        let mut since = None;
        let agree = holds_within(PATIENCE, || {
            self.find_new_masters();
            if self.seen() != self.expected() || !self.real.is_quiet() {
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
            Some(self.real.accepting(pid).len())
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
        let accepts = |who: Who| self.model.master(who).map(|master| usize::from(master.accepting) * WORKERS);
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
