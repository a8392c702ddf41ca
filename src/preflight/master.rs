//! The living process that the pid file names, and what it listens on.

use std::{fmt, net::SocketAddr, path::PathBuf};

use crate::{
    nginx::arguments::{Arguments, ArgumentsError},
    protocol::{FileId, Identity},
};

/// The living process that the pid file names.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is an answer of its own")]
pub struct Master {
    /// Who it is.
    pub id: Identity,
    /// The file that it runs.
    pub exe: Option<FileId>,
    /// Its command line or title, fit for a terminal.
    pub title: String,
    /// Whether the title is that of a master.
    pub titled: bool,
    /// Whether it was stopped (SIGSTOP): it takes no signal until it is continued.
    pub stopped: bool,
    /// The path of the file that it runs, as the kernel knows it.
    pub exe_path: PathBuf,
    /// Its working directory.
    pub directory: Option<PathBuf>,
    /// Its arguments, from its title.
    pub arguments: Result<Arguments, ArgumentsError>,
    /// The path that it executes on USR2; why its argv[0] is none, in words. `None` where its arguments are not known.
    pub executes: Option<Result<PathBuf, String>>,
    /// Its effective user and group.
    pub user: (u32, u32),
    /// It has more rights than who started it (setuid, setgid): nginx never has.
    pub raised: bool,
    /// Whether descriptors 0 and 1 are the one `/dev/null` that `ngx_daemon` opens; `None` where they cannot be read.
    pub daemonized: Option<bool>,
    /// Whether it has a pid namespace of its own, by which its numbers differ from ours.
    pub other_numbers: bool,
    /// Its network, which changeover looks from too.
    pub network: Network,
    /// A master that is its parent.
    pub parent_master: Option<i32>,
    /// Masters among its children.
    pub child_masters: Vec<i32>,
    /// Its children titled as workers.
    pub workers: Vec<Identity>,
    /// Its children titled as shutting down.
    pub draining: usize,
    /// Whether a cache manager runs.
    pub cache_manager: bool,
    /// The listening sockets that it holds.
    pub held: Vec<Held>,
}

/// The network that the master's sockets are in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Network {
    /// The one in which changeover was started.
    Ours,
    /// Another one, which changeover has entered.
    Entered,
    /// Another one, which it may not enter; why, in words.
    Closed(String),
}

impl Master {
    /// Whether what is seen from here is what the master sees.
    #[must_use]
    pub fn is_in_sight(&self) -> bool {
        !self.other_numbers && !matches!(self.network, Network::Closed(_))
    }

    /// Its user and group, where they are not those of `euid`: what it would run and write is its own.
    pub(super) fn other_user(&self, euid: u32) -> Option<(u32, u32)> {
        Some(self.user).filter(|(user, _)| *user != euid)
    }

    /// Its working directory, unless that was removed: then nothing can be started in it.
    pub(super) fn present_directory(&self) -> Option<PathBuf> {
        self.directory.clone().filter(|directory| directory.is_dir())
    }
}

/// Listening sockets of one address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Where.
    pub socket: Socket,
    /// How many: several with `reuseport`.
    pub count: usize,
}

/// Where a socket listens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Socket {
    /// TCP.
    Tcp(SocketAddr),
    /// UDP: QUIC, or a stream server.
    Udp(SocketAddr),
    /// A path, with the file that it is.
    Unix(PathBuf, Option<FileId>),
}

impl fmt::Display for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(at) => at.fmt(f),
            Self::Udp(at) => write!(f, "udp {at}"),
            Self::Unix(path, _) => write!(f, "unix:{}", path.display()),
        }
    }
}
