//! The actions of a plan: one file each, with its fields and their documentation.

mod adopt_binary;
mod commit;
mod confirm;
mod http_probe;
mod replace_binary;
mod rollback;
mod signal;
mod soak;
mod wait_for_workers;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use adopt_binary::AdoptBinary;
pub use commit::{Commit, OnDrainTimeout};
pub use confirm::Confirm;
pub use http_probe::{Answerer, HttpProbe};
pub use replace_binary::{IfSame, ReplaceBinary};
pub use rollback::Rollback;
pub use signal::{MasterName, Signal};
pub use soak::Soak;
pub use wait_for_workers::{Until, WaitForWorkers};

/// What a step does; `action` says which kind it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "action", rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each is documented by its own type")]
pub enum Action {
    ReplaceBinary(ReplaceBinary),
    AdoptBinary(AdoptBinary),
    Signal(Signal),
    WaitForWorkers(WaitForWorkers),
    HttpProbe(HttpProbe),
    Soak(Soak),
    Confirm(Confirm),
    Commit(Commit),
    Rollback(Rollback),
}

impl Action {
    /// The names of all actions, as plans spell them.
    pub const KINDS: [&str; 9] = [
        ReplaceBinary::KIND,
        AdoptBinary::KIND,
        Signal::KIND,
        WaitForWorkers::KIND,
        HttpProbe::KIND,
        Soak::KIND,
        Confirm::KIND,
        Commit::KIND,
        Rollback::KIND,
    ];

    /// The name of this action, as plans spell it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::ReplaceBinary(_) => ReplaceBinary::KIND,
            Self::AdoptBinary(_) => AdoptBinary::KIND,
            Self::Signal(_) => Signal::KIND,
            Self::WaitForWorkers(_) => WaitForWorkers::KIND,
            Self::HttpProbe(_) => HttpProbe::KIND,
            Self::Soak(_) => Soak::KIND,
            Self::Confirm(_) => Confirm::KIND,
            Self::Commit(_) => Commit::KIND,
            Self::Rollback(_) => Rollback::KIND,
        }
    }

    /// Whether a plan ends here: the action is `commit` or `rollback`.
    #[must_use]
    pub const fn is_end(&self) -> bool {
        matches!(self, Self::Commit(_) | Self::Rollback(_))
    }
}
