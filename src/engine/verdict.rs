//! How a run ended: the last JSON line, and the exit code that tells the state of the machine.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::FaultReport;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// New serves, old's master is gone.
    Committed,
    /// New serves; old's master waits for its last connections.
    Draining,
    /// There was nothing to do.
    Unchanged,
    /// Nothing live was touched.
    Refused,
    /// Old serves again, verified.
    RolledBack,
    /// Stopped on purpose, both generations as they are.
    Stopped,
    /// The way back could not be finished.
    Stuck,
    /// A bug: the state is unknown.
    Bug,
}

impl Ending {
    /// Whether the host is other than before, as Ansible and Salt mean it; a person must look where nobody knows.
    #[must_use]
    pub const fn changes(self) -> bool {
        !matches!(self, Self::Refused | Self::RolledBack | Self::Unchanged)
    }
}

/// Who accepts connections when the run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Serving {
    /// The generation that served when the run began.
    Old,
    /// The one that this run started.
    New,
    /// Both.
    Both,
    /// Nobody.
    None,
}

impl Serving {
    /// By who of the two accepts.
    #[must_use]
    pub const fn of(old: bool, new: bool) -> Self {
        match (old, new) {
            (true, true) => Self::Both,
            (true, false) => Self::Old,
            (false, true) => Self::New,
            (false, false) => Self::None,
        }
    }
}

/// The last line of a run.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    /// How it ended.
    pub verdict: Ending,
    /// The process's exit code.
    pub exit: u8,
    /// Whether the host is other than before, as Ansible and Salt mean it.
    pub changed: bool,
    /// Who accepts connections now.
    pub serving: Serving,
    /// The step that failed, counted from 1.
    pub failed: Option<usize>,
    /// What went wrong.
    pub diagnosis: Option<FaultReport>,
    /// The run's id.
    pub run: String,
    /// All of this in one line, bounded: what Ansible shows as `msg` and Salt as the comment of a state. Empty until
    /// it is recorded, where the other texts are cleared of secrets.
    pub message: String,
    /// The state of the machine, in words.
    pub now: String,
    /// What to do next, in words: a command or an edit each.
    pub next: Vec<String>,
    /// How long the run took, milliseconds.
    pub took: f64,
}

#[cfg(test)]
impl Verdict {
    /// A commit, for the tests of all rooms.
    pub(crate) fn example() -> Self {
        Self {
            verdict: Ending::Committed,
            exit: 0,
            changed: true,
            serving: Serving::New,
            failed: None,
            diagnosis: None,
            run: String::new(),
            message: String::new(),
            now: String::new(),
            next: Vec::new(),
            took: 1.0,
        }
    }
}
