//! The files of a service: what its pid files name, what its binary path executes, its configuration, its unix socket.

use crate::protocol::Generation;

use super::{Host, Master, NewBinary, Who};

/// Whom a pid file names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Names {
    /// This master, which may be gone by now.
    Master(Who),
    /// Somebody else.
    Other,
}

/// A file that becomes a master when it is executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Binary {
    /// The one that old runs when a changeover begins, or the one that it is to change to.
    pub of: Generation,
    /// What its masters do with the path of a unix socket.
    pub unlinking: Unlinking,
}

impl Binary {
    /// One since 1.19.1.
    #[must_use]
    pub const fn recent(of: Generation) -> Self {
        Self { of, unlinking: Unlinking::WhereItIsTheLast }
    }
}

/// What becomes of an exec.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Executes {
    /// A master.
    Master(Binary),
    /// Nothing, or it exits before it is a master.
    Nothing,
}

/// When a master removes the path of a unix socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unlinking {
    /// Before 1.19.1: at TERM, whoever else listens there; never at QUIT (nginx-facts 27).
    AtTerm,
    /// When it closes its sockets, unless they are another living master's too.
    WhereItIsTheLast,
}

/// The configuration on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Configuration {
    /// As old has read it in its start, with a unix `listen`.
    AsBefore,
    /// The same without that one.
    WithoutUnix,
    /// None that nginx accepts.
    Broken,
}

/// The unix socket of a master.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnixSocket {
    /// Its configuration has no unix `listen`.
    None,
    /// It has made it, and its path.
    Own,
    /// It was given it by the master that has executed it.
    Inherited,
}

impl Host {
    /// The unix socket of who reads the configuration now and has `before` already; `None`: it goes no further.
    pub(super) fn reads(&mut self, before: UnixSocket) -> Option<UnixSocket> {
        match (self.configuration, before) {
            (Configuration::Broken, _) => None,
            // "Address already in use", also where nobody listens there any more.
            (Configuration::AsBefore, UnixSocket::None) if self.unix_path => None,
            (Configuration::AsBefore, UnixSocket::None) => {
                self.unix_path = true;
                Some(UnixSocket::Own)
            }
            (Configuration::AsBefore, kept) => Some(kept),
            (Configuration::WithoutUnix, UnixSocket::None) => Some(UnixSocket::None),
            (Configuration::WithoutUnix, _) => {
                // Its path goes with it, whoever else listens there (nginx-facts 11).
                self.unix_path = false;
                Some(UnixSocket::None)
            }
        }
    }

    /// A master that exits takes its pid file and its sockets' paths away.
    pub(super) fn closes(&mut self, master: &Master) {
        match master.new_binary {
            NewBinary::None => self.pid_file = None,
            _ => self.oldbin = None,
        }
        if master.listens {
            self.unlinks(master);
        }
    }

    pub(super) fn stops_listening(&mut self, master: &mut Master) {
        if std::mem::take(&mut master.listens) && master.binary.unlinking == Unlinking::WhereItIsTheLast {
            self.unlinks(master);
        }
    }

    fn unlinks(&mut self, master: &Master) {
        let listens = master.unix != UnixSocket::None;
        let shared = master.unix == UnixSocket::Inherited && master.parent.is_some();
        let last = master.binary.unlinking == Unlinking::AtTerm || !shared;
        if listens && last && master.new_binary == NewBinary::None {
            self.unix_path = false;
        }
    }
}
