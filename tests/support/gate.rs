//! A run held at one system call: it has gone so far and no further until the test lets it go on.

use nix::errno::Errno;
use nix::libc::PTRACE_SYSCALL_INFO_ENTRY;
use nix::sys::ptrace::{self, Options};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::changeover::Running;

/// `renameat2` of x86-64 and of 64-bit ARM, and its flag for two files that change places.
const RENAMEAT2: [&str; 2] = ["316", "276"];
const RENAME_EXCHANGE: &str = "0x2";

/// A run that this thread traces: the thread must neither wait for the run's events nor for its end meanwhile, as those
/// waits would take what the kernel has to say about it here. Dropping it lets the run go on.
#[derive(Debug)]
pub(crate) struct Gate {
    run: Pid,
    held: bool,
}

impl Gate {
    /// Holds the run where it is.
    pub(crate) fn hold(run: &Running) -> Self {
        let mut gate = Self { run: run.pid(), held: false };
        ptrace::seize(gate.run, Options::PTRACE_O_TRACESYSGOOD).expect("trace the run");
        ptrace::interrupt(gate.run).expect("halt the run");
        gate.next();
        gate
    }

    /// Lets the run go on until it is about to exchange two files. A run bounds each of its own waits: so is this one.
    pub(crate) fn until_exchange(&mut self) {
        let mut signal = None;
        loop {
            ptrace::syscall(self.run, signal).expect("let the run go on");
            self.held = false;
            signal = match self.next() {
                WaitStatus::PtraceSyscall(_) if self.exchanges() => return,
                WaitStatus::Stopped(_, signal) => Some(signal),
                _ => None,
            };
        }
    }

    /// Waits until the run halts.
    fn next(&mut self) -> WaitStatus {
        let status = loop {
            match waitpid(self.run, Some(WaitPidFlag::__WALL)) {
                Err(Errno::EINTR) => {}
                status => break status.expect("what became of the run"),
            }
        };
        let over = matches!(status, WaitStatus::Exited(..) | WaitStatus::Signaled(..));
        assert!(!over, "the run ended before: {status:?}");
        self.held = true;
        status
    }

    /// Whether it is about to; after the call the same is read of it.
    fn exchanges(&self) -> bool {
        let about = ptrace::syscall_info(self.run).is_ok_and(|info| info.op == PTRACE_SYSCALL_INFO_ENTRY);
        let call = std::fs::read_to_string(format!("/proc/{}/syscall", self.run)).unwrap_or_default();
        let words: Vec<&str> = call.split(' ').collect();
        about
            && words.first().is_some_and(|number| RENAMEAT2.contains(number))
            && words.get(5) == Some(&RENAME_EXCHANGE)
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        if self.held {
            let _ = ptrace::detach(self.run, None);
        }
    }
}
