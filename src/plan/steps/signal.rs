//! `signal`: one signal to one master, and the wait for its effect.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Sends a signal to a master when it has handled what came before, and waits until this one shows its effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Signal {
    /// The signal.
    pub signal: SignalName,
    /// The master that gets it.
    pub to: MasterName,
}

impl Signal {
    /// The action's name in a plan.
    pub const KIND: &str = "signal";
}

/// A signal that nginx's master understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum SignalName {
    /// Start the file at the binary path as a second master.
    Usr2,
    /// Shut the workers down gracefully; the master stays.
    Winch,
    /// Read the configuration again and start new workers.
    Hup,
    /// Shut everything down gracefully.
    Quit,
    /// Shut everything down at once.
    Term,
    /// Open the log files again.
    Usr1,
}

impl SignalName {
    /// The name as a plan spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Usr2 => "USR2",
            Self::Winch => "WINCH",
            Self::Hup => "HUP",
            Self::Quit => "QUIT",
            Self::Term => "TERM",
            Self::Usr1 => "USR1",
        }
    }
}

/// One of the two masters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MasterName {
    /// The master that served when the run began.
    OldMaster,
    /// The master that USR2 has started.
    NewMaster,
}
