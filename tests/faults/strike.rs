//! How each fault is made to happen.

use std::net::{Ipv4Addr, TcpListener};
use std::process::Stdio;

use nix::sys::signal::Signal;
use nix::sys::statvfs::statvfs;

use crate::fault::{Change, Fault, Where, Who};
use crate::phase::{Met, PLAN_FILE};
use crate::support::changeover::Running;
use crate::support::host::{CONFIG, ERROR_LOG, Host, Offer};
use crate::support::sandbox::Sandbox;
use crate::support::wait_until;

const BINARIES: &str = "/usr/sbin";
/// Where root's runs keep their files.
pub(crate) const STATE: &str = "/var/lib/changeover";

impl Fault {
    /// What must be there before the run begins.
    pub(crate) fn prepare(self, host: &Host) {
        match self {
            Self::Full(Where::Events) => {
                std::fs::create_dir_all(host.path(STATE)).expect("make the directory");
                let mounted = host.exec("mount", &["-t", "tmpfs", "-o", "mode=700", "state", STATE]);
                assert!(mounted.status.success(), "{mounted:?}");
            }
            Self::Full(Where::Staged) => fill(host, BINARIES),
            _ => {}
        }
    }

    /// Starts the run.
    pub(crate) fn start(self, host: &Host, offer: &Offer) -> Running {
        let command = host.changeover_command(&["run", PLAN_FILE, "--output", "json"], offer);
        if self != Self::Nohup {
            return Running::spawn(command, &host.sandbox);
        }
        let mut nohup = Sandbox::command("nohup");
        nohup.arg(command.get_program()).args(command.get_args());
        host.as_user(&mut nohup);
        Running::spawn(nohup, &host.sandbox)
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
                    met.host.kill_if_there(master, signal);
                }
            }
            Self::Workers(who) => {
                for worker in master(who).map(|master| met.host.accepting(master)).unwrap_or_default() {
                    met.host.kill_if_there(worker, Signal::SIGKILL);
                }
            }
            Self::Pauses(who) => {
                if let Some(master) = master(who) {
                    met.host.stop(master);
                    met.host.kill_if_there(master, Signal::SIGCONT);
                }
            }
            // Nobody has opened it again since.
            Self::Rotates if !met.host.path(ERROR_LOG).exists() => {}
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
            Self::Build(_) | Self::Offer(_) | Self::Full(Where::Staged) => {}
            Self::StaleOldbin => host.write(&format!("{}.oldbin", host.pid_file()), "99999\n"),
            Self::To(who, signal) => host.kill(master(who), signal),
            Self::Workers(who) => {
                for worker in host.accepting(master(who)) {
                    host.kill_if_there(worker, Signal::SIGKILL);
                }
            }
            Self::Pauses(who) => {
                let master = master(who);
                assert!(host.stop(master), "the master is stopped");
                host.kill(master, Signal::SIGCONT);
            }
            Self::Says(word) => {
                let mut nginx = host.nginx();
                nginx.args(["-s", word]).stdout(Stdio::null()).stderr(Stdio::null());
                // In a stub exec the path holds an empty file for a moment, and nobody can execute that.
                let _ = host.sandbox.try_to_spawn(&mut nginx).and_then(|mut nginx| nginx.wait());
            }
            Self::Rotates => {
                let log = host.path(ERROR_LOG);
                std::fs::rename(&log, log.with_extension("log.1")).expect("move the log away");
                if let Some(named) = host.master() {
                    host.kill_if_there(named, Signal::SIGUSR1);
                }
            }
            Self::PidFile(change) => pid_file(change, host),
            Self::Replaces => host.install_at("1.18.0", &host.executed()),
            Self::Configuration => host.write(CONFIG, "this is no configuration"),
            Self::BusyPort => {
                met.busy = Some(busy_port(host));
            }
            Self::LiveOldbin => host.write(&format!("{}.oldbin", host.pid_file()), "1\n"),
            Self::Full(Where::Binary) => fill(host, BINARIES),
            Self::Full(Where::Events) => fill(host, STATE),
            Self::ReadOnly => {
                // A file that is open for writing holds it up.
                wait_until("the directory is read-only", || remount(host, BINARIES, "ro"));
            }
            Self::ControlGroup => {
                for process in host.processes().iter().filter(|process| process.title.starts_with("nginx: "))
                {
                    host.kill_if_there(process.pid, Signal::SIGTERM);
                }
            }
            Self::Runner(_) | Self::Twice(_) | Self::Nohup | Self::ReaderGone | Self::Suspends => {
                self.strike_run(met);
            }
        }
    }

    /// The same for the run itself.
    fn strike_run(self, met: &mut Met<'_>) {
        let run = &met.run;
        match self {
            Self::Runner(signal) => run.signal(signal),
            Self::Twice(signal) => {
                run.signal(signal);
                run.signal(signal);
            }
            Self::Nohup => run.signal(Signal::SIGHUP),
            Self::ReaderGone => run.stop_reading(),
            _ => {
                run.signal(Signal::SIGTSTP);
                // Held it takes no signal.
                drop(met.gate.take());
                // In its last milliseconds it may be over instead.
                wait_until("the run is suspended", || matches!(run.state(), None | Some('T' | 'Z')));
                run.signal(Signal::SIGCONT);
            }
        }
    }
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

/// Leaves no room in the file system that is mounted at a directory.
fn fill(host: &Host, directory: &str) {
    wait_until("there is no room", || {
        let all = statvfs(&host.path(directory)).expect("a file system");
        let used = (all.blocks() - all.blocks_free()) * all.fragment_size();
        // Somebody may have written since: no file system is made smaller than what is in it.
        remount(host, directory, &format!("size={used}"))
    });
}

fn remount(host: &Host, directory: &str, how: &str) -> bool {
    host.exec("mount", &["-o", &format!("remount,{how}"), directory]).status.success()
}

/// A port that nginx is told to listen on, and that another program has.
fn busy_port(host: &Host) -> TcpListener {
    const PORT: u16 = 8089;
    let bind = || TcpListener::bind((Ipv4Addr::UNSPECIFIED, PORT));
    let listener = host.sandbox.door().run_in_network(bind).expect("a port of the host");
    let config = host.read(CONFIG).expect("the configuration");
    let listens = config.replacen("listen ", &format!("listen {PORT}; listen "), 1);
    assert_ne!(listens, config);
    host.write(CONFIG, listens);
    listener
}
