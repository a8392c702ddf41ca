//! A held process: signals go to it and to no later process of the same pid.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
    process::{Pid, PidfdFlags, Signal as Raw, pidfd_open, pidfd_send_signal},
};

use super::process::Process;
use crate::protocol::{Identity, Signal};

/// A pidfd of a process whose identity was checked after it was opened. Readable once the process has exited.
#[derive(Debug)]
pub struct Pidfd {
    id: Identity,
    fd: OwnedFd,
}

/// Why a process cannot be held or signalled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PidfdError {
    /// The process has exited, also when another one has its pid now.
    #[error("process {0} has exited, nothing was sent")]
    Gone(Identity),
    /// The kernel refuses, most often because changeover does not run as root.
    #[error("process {id} cannot be signalled ({errno}), nothing was sent; run as root")]
    Refused {
        /// The process that was meant.
        id: Identity,
        /// What the kernel said.
        errno: Errno,
    },
}

impl PidfdError {
    /// The one name of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Gone(_) => "host/process-gone",
            Self::Refused { .. } => "host/signal-refused",
        }
    }

    const fn new(id: Identity, errno: Errno) -> Self {
        match errno {
            Errno::SRCH | Errno::INVAL => Self::Gone(id),
            errno => Self::Refused { id, errno },
        }
    }
}

impl Pidfd {
    /// Opens the process and checks afterwards that it is the one that was meant.
    ///
    /// # Errors
    /// `Gone` when it has exited, `Refused` when the kernel has no pidfd for it.
    pub fn open(id: Identity) -> Result<Self, PidfdError> {
        let pid = Pid::from_raw(id.pid).ok_or(PidfdError::Gone(id))?;
        let fd = pidfd_open(pid, PidfdFlags::empty()).map_err(|errno| PidfdError::new(id, errno))?;
        // Only now the pid cannot be used again: what is read here is what the descriptor holds.
        Process::again(id).ok_or(PidfdError::Gone(id))?;
        Ok(Self { id, fd })
    }

    /// Whom it holds.
    #[must_use]
    pub const fn id(&self) -> Identity {
        self.id
    }

    /// Sends a signal of the protocol.
    ///
    /// # Errors
    /// `Gone` when it has exited, `Refused` when the kernel does not permit it.
    pub fn send(&self, signal: Signal) -> Result<(), PidfdError> {
        self.raw(match signal {
            Signal::Usr1 => Raw::USR1,
            Signal::Usr2 => Raw::USR2,
            Signal::Winch => Raw::WINCH,
            Signal::Hup => Raw::HUP,
            Signal::Quit => Raw::QUIT,
            Signal::Term => Raw::TERM,
        })
    }

    /// STOP: it runs no further until it is continued.
    ///
    /// # Errors
    /// As `send`.
    pub fn freeze(&self) -> Result<(), PidfdError> {
        self.raw(Raw::STOP)
    }

    /// CONT: a frozen process runs on.
    ///
    /// # Errors
    /// As `send`.
    pub fn thaw(&self) -> Result<(), PidfdError> {
        self.raw(Raw::CONT)
    }

    /// KILL: it ends without handling anything.
    ///
    /// # Errors
    /// As `send`.
    pub fn kill(&self) -> Result<(), PidfdError> {
        self.raw(Raw::KILL)
    }

    /// Whether it has exited, also as a zombie.
    #[must_use]
    pub fn exited(&self) -> bool {
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut [PollFd::new(&self.fd, PollFlags::IN)], Some(&now)).is_ok_and(|ready| ready > 0)
    }

    fn raw(&self, signal: Raw) -> Result<(), PidfdError> {
        pidfd_send_signal(&self.fd, signal).map_err(|errno| PidfdError::new(self.id, errno))
    }
}

impl From<Pidfd> for OwnedFd {
    fn from(held: Pidfd) -> Self {
        held.fd
    }
}

impl AsFd for Pidfd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::process::tests::Sleeper;

    #[test]
    fn a_signal_reaches_the_process_and_its_end_is_seen() {
        let (mut child, process) = Sleeper::start();
        let id = process.id;
        let held = Pidfd::open(id).unwrap();
        assert!(!held.exited());
        held.freeze().unwrap();
        held.thaw().unwrap();
        held.send(Signal::Term).unwrap();
        rustix::io::retry_on_intr(|| poll(&mut [PollFd::new(&held, PollFlags::IN)], None)).unwrap();
        assert!(held.exited(), "a zombie has exited");
        child.0.wait().unwrap();
        assert_eq!(held.send(Signal::Term), Err(PidfdError::Gone(id)));
        assert_eq!(Pidfd::open(id).unwrap_err(), PidfdError::Gone(id));
    }

    #[test]
    fn another_process_of_the_same_pid_is_never_held() {
        let (_child, process) = Sleeper::start();
        let id = process.id;
        let earlier = Identity { start: id.start - 1, ..id };
        assert_eq!(Pidfd::open(earlier).unwrap_err(), PidfdError::Gone(earlier));
        Pidfd::open(id).unwrap().kill().unwrap();
    }

    #[test]
    fn no_pid_is_no_process() {
        let nobody = Identity { pid: 0, start: 0 };
        assert_eq!(Pidfd::open(nobody).unwrap_err(), PidfdError::Gone(nobody));
    }
}
