//! A run held at one system call: it has gone so far and no further until the test lets it go on.

use nix::libc::{PTRACE_SYSCALL_INFO_ENTRY, PTRACE_SYSCALL_INFO_EXIT};
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::Signal;
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::Pid;

use super::changeover::Running;

/// `renameat2` of x86-64 and of 64-bit ARM.
pub(crate) const RENAMEAT2: [&str; 2] = ["316", "276"];
/// Its flag for two files that change places.
const RENAME_EXCHANGE: &str = "0x2";

/// A run that this thread traces: the thread must neither wait for the run's events nor for its end meanwhile, as those
/// waits would take what the kernel has to say about it here. Dropping it lets the run go on.
#[derive(Debug)]
pub(crate) struct Gate {
    run: Pid,
    held: bool,
    /// What it is given when it goes on.
    signal: Option<Signal>,
}

/// A system call that the run is about to make, or has made.
#[derive(Debug)]
pub(crate) struct SystemCall {
    /// Its number and its arguments, as `/proc/PID/syscall` has them.
    pub(crate) words: Vec<String>,
    /// It is about to be made.
    pub(crate) enters: bool,
}

impl SystemCall {
    /// Its number, which is another one on each kind of machine.
    pub(crate) fn is(&self, numbers: [&str; 2]) -> bool {
        self.words.first().is_some_and(|number| numbers.contains(&number.as_str()))
    }
}

impl Gate {
    /// Holds the run where it is.
    pub(crate) fn hold(run: &Running) -> Self {
        let mut gate = Self { run: run.pid(), held: false, signal: None };
        ptrace::seize(gate.run, Options::PTRACE_O_TRACESYSGOOD).expect("trace the run");
        ptrace::interrupt(gate.run).expect("halt the run");
        assert!(gate.next().is_some(), "the run ended before");
        gate
    }

    /// Lets the run go on until it is about to exchange two files. A run bounds each of its own waits: so is this one.
    pub(crate) fn until_exchange(&mut self) {
        loop {
            let call = self.next_call().expect("the run ended before it exchanged two files");
            let exchanges = call.words.get(5).is_some_and(|flags| flags == RENAME_EXCHANGE);
            if call.enters && call.is(RENAMEAT2) && exchanges {
                return;
            }
        }
    }

    /// Lets the run go on to its next system call, or from there to its end; `None` when it has ended.
    pub(crate) fn next_call(&mut self) -> Option<SystemCall> {
        loop {
            if ptrace::syscall(self.run, self.signal.take()).is_err() {
                return None;
            }
            self.held = false;
            match self.next()? {
                WaitStatus::PtraceSyscall(_) => {}
                WaitStatus::Stopped(_, signal) => {
                    self.signal = Some(signal);
                    continue;
                }
                _ => continue,
            }
            // After the call the same is read of it.
            let op = ptrace::syscall_info(self.run).map(|info| info.op);
            let enters = op == Ok(PTRACE_SYSCALL_INFO_ENTRY);
            if enters || op == Ok(PTRACE_SYSCALL_INFO_EXIT) {
                let call = std::fs::read_to_string(format!("/proc/{}/syscall", self.run)).unwrap_or_default();
                return Some(SystemCall { words: call.split(' ').map(str::to_owned).collect(), enters });
            }
        }
    }

    /// Waits until the run halts; `None` when it has ended, which stays for whoever has started it.
    fn next(&mut self) -> Option<WaitStatus> {
        let halts = WaitPidFlag::WEXITED | WaitPidFlag::WSTOPPED | WaitPidFlag::__WALL;
        match waitid(Id::Pid(self.run), halts | WaitPidFlag::WNOWAIT) {
            Ok(WaitStatus::Exited(..) | WaitStatus::Signaled(..)) => return None,
            Ok(_) => {}
            Err(error) => panic!("what became of the run: {error}"),
        }
        let status = waitpid(self.run, Some(WaitPidFlag::__WALL)).expect("what became of the run");
        self.held = true;
        Some(status)
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        if self.held {
            let _ = ptrace::detach(self.run, self.signal);
        }
    }
}
