//! `signal`: one signal to one master, and the wait for its effect.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::protocol::{self, Generation};

/// Sends a signal to a master when it has handled what came before, and waits until this one shows its effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Signal {
    /// The signal.
    pub signal: protocol::Signal,
    /// The master that gets it.
    pub to: MasterName,
}

impl Signal {
    /// The action's name in a plan.
    pub const KIND: &str = "signal";
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

impl MasterName {
    /// The word as a plan spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OldMaster => "old-master",
            Self::NewMaster => "new-master",
        }
    }

    /// The generation whose master it is.
    #[must_use]
    pub const fn generation(self) -> Generation {
        match self {
            Self::OldMaster => Generation::Old,
            Self::NewMaster => Generation::New,
        }
    }
}
