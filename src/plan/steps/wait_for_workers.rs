//! `wait-for-workers`: until the workers of one generation accept, drain or are gone.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{plan::scalar::duration, protocol::Generation};

/// Waits for the workers of one generation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct WaitForWorkers {
    /// The generation whose workers are waited for.
    pub generation: Generation,
    /// What they must have come to.
    pub until: Until,
    /// How many must accept; only with `until = "accepting"`. Otherwise for `new` what the configuration says to
    /// the new binary (`auto` is the number of processors), and for `old` as many as there were when the run began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 4096))]
    pub count: Option<u32>,
    /// For how long the set of workers must have been the same.
    #[serde(default, with = "duration")]
    #[schemars(with = "duration::Any")]
    pub stable_for: Duration,
}

impl WaitForWorkers {
    /// The action's name in a plan.
    pub const KIND: &str = "wait-for-workers";
}

/// What workers must have come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Until {
    /// `count` workers accept connections.
    Accepting,
    /// None of them accepts any more; those that are left finish what they have.
    Draining,
    /// None of them is left.
    Gone,
}

impl Until {
    /// The word as a plan spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepting => "accepting",
            Self::Draining => "draining",
            Self::Gone => "gone",
        }
    }
}
