//! The signals that an nginx master knows, and sets of them as `/proc` shows them.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A signal with a meaning for an nginx master (`src/os/unix/ngx_process.c`, `signals[]`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Signal {
    /// Reopen the logs.
    Usr1,
    /// Execute the file at the binary path as a new master.
    Usr2,
    /// Let the workers finish and leave; the master stays.
    Winch,
    /// Reload; to an old master whose new binary lives: start the workers again.
    Hup,
    /// Finish the requests in hand and leave.
    Quit,
    /// Leave now.
    Term,
}

impl Signal {
    /// Every signal, in the order of their declaration.
    pub const ALL: [Self; 6] = [Self::Usr1, Self::Usr2, Self::Winch, Self::Hup, Self::Quit, Self::Term];

    /// The bit of this signal in the masks of `/proc/PID/status` (signal N is bit N - 1, Linux x86 and ARM).
    #[must_use]
    pub const fn bit(self) -> u64 {
        match self {
            Self::Hup => 0x1,
            Self::Quit => 0x4,
            Self::Usr1 => 0x200,
            Self::Usr2 => 0x800,
            Self::Term => 0x4000,
            Self::Winch => 0x800_0000,
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Usr1 => "USR1",
            Self::Usr2 => "USR2",
            Self::Winch => "WINCH",
            Self::Hup => "HUP",
            Self::Quit => "QUIT",
            Self::Term => "TERM",
        })
    }
}

/// A signal mask of `/proc/PID/status` (`SigBlk`, `SigCgt`, `SigPnd | ShdPnd`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SignalSet(pub u64);

impl SignalSet {
    /// Whether no signal is in it.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The same and `signal`.
    #[must_use]
    pub const fn with(self, signal: Signal) -> Self {
        Self(self.0 | signal.bit())
    }

    /// The same without `signal`.
    #[must_use]
    pub const fn without(self, signal: Signal) -> Self {
        Self(self.0 & !signal.bit())
    }

    /// Whether `signal` is in it.
    #[must_use]
    pub const fn contains(self, signal: Signal) -> bool {
        self.0 & signal.bit() != 0
    }
}
