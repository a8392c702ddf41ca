//! One master: the flags that its signal handler sets, and what its loop remembers.

use std::fmt;

use crate::protocol::{Signal, SignalSet};

use super::{Binary, UnixSocket};

/// A master of the model, in the order in which they were started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Who {
    /// The one that is there at first.
    Old,
    /// The second one.
    New,
    /// One more: a back-master, or a stranger's.
    Third,
}

impl Who {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Old, Self::New, Self::Third];
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Old => "old",
            Self::New => "new",
            Self::Third => "third",
        })
    }
}

/// `ngx_new_binary`: what a master knows of the one that it has executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NewBinary {
    /// 0: none.
    None,
    /// Its pid.
    Lives(Who),
    /// A pid that exits before it is a master.
    Fails,
    /// -1: the pid file could not be renamed at USR2 (nginx-facts 2).
    Poisoned,
}

/// A living master and its workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "each is a variable of nginx's own")]
pub struct Master {
    /// Which one of all that were started, counted from 0: a place is taken again, a number is not.
    pub number: u8,
    /// The master that has executed it, while that one lives: until then USR2 is ignored.
    pub parent: Option<Who>,
    /// What it has executed.
    pub new_binary: NewBinary,
    /// Sets of workers that accept.
    pub accepting: u8,
    /// Sets of workers that finish what they have.
    pub draining: u8,
    /// It holds the listening sockets.
    pub listens: bool,
    /// The file that it runs.
    pub binary: Binary,
    /// Its unix socket.
    pub unix: UnixSocket,
    /// `ngx_daemonized`: under `daemon off` its parent stays, so USR2 is ignored, and WINCH too.
    pub daemonized: bool,
    /// It is stopped, or busy with something: it takes no signal.
    pub stopped: bool,
    /// Signals that it was told while it was stopped: each is there once, in no order (nginx-facts 15).
    pub pending: SignalSet,
    /// A child of it has died, was stopped or went on while it was stopped.
    pub pending_child: bool,
    /// Signals whose flag is set: QUIT and TERM for good, others until the loop comes to them.
    pub flags: SignalSet,
    /// `ngx_noaccepting`: WINCH was handled, and nothing has started its workers again since.
    pub no_accepting: bool,
    /// `ngx_restart`: its new binary has died while it was not accepting.
    pub restart: bool,
    /// `live`: the loop believes that it has workers. HUP with a new binary starts some and does not set it.
    pub live: bool,
}

impl Master {
    /// One that has just started its workers.
    #[must_use]
    pub const fn started(parent: Option<Who>, binary: Binary, unix: UnixSocket) -> Self {
        Self {
            number: 0,
            parent,
            new_binary: NewBinary::None,
            accepting: 1,
            draining: 0,
            listens: true,
            binary,
            unix,
            daemonized: true,
            stopped: false,
            pending: SignalSet(0),
            pending_child: false,
            flags: SignalSet(0),
            no_accepting: false,
            restart: false,
            live: true,
        }
    }

    /// The signal handler: sets the flag, or ignores the signal. All that came together are seen with the same eyes.
    pub(super) fn flag(&mut self, signals: SignalSet) {
        let busy = self.parent.is_some() || matches!(self.new_binary, NewBinary::Lives(_) | NewBinary::Fails);
        let heard =
            Signal::ALL.into_iter().filter(|signal| signals.contains(*signal)).filter(
                |signal| match signal {
                    Signal::Usr2 => self.daemonized && !busy,
                    Signal::Winch => self.daemonized,
                    _ => true,
                },
            );
        self.flags = heard.fold(self.flags, SignalSet::with);
    }

    /// Whether a flag is set; it is not set any more then.
    pub(super) fn take(&mut self, signal: Signal) -> bool {
        let set = self.flags.contains(signal);
        self.flags = self.flags.without(signal);
        set
    }

    /// One more set of workers, as long as nobody has to count them.
    pub(super) fn start_workers(&mut self) {
        self.accepting = self.accepting.saturating_add(1).min(MOST);
    }

    /// Its workers are told to finish.
    pub(super) fn drain(&mut self) {
        self.draining = self.draining.saturating_add(self.accepting).min(MOST);
        self.accepting = 0;
    }

    /// Whether it was told to leave.
    #[must_use]
    pub const fn leaves(&self) -> bool {
        self.flags.contains(Signal::Quit) || self.flags.contains(Signal::Term)
    }
}

/// No more sets are told apart.
const MOST: u8 = 8;
