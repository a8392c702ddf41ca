//! `commit`: the change becomes final, and the old generation leaves.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::plan::scalar::duration;

/// Makes the change final: the binary path is changed for good, and the old master is told to finish and leave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Commit {
    /// How long the old workers may take to finish what they have.
    #[serde(default = "half_a_minute", with = "duration")]
    #[schemars(with = "duration::Any")]
    pub drain_timeout: Duration,
    /// What happens with those that are not done by then.
    #[serde(default)]
    pub on_drain_timeout: OnDrainTimeout,
}

impl Commit {
    /// The action's name in a plan.
    pub const KIND: &str = "commit";
}

const fn half_a_minute() -> Duration {
    Duration::from_secs(30)
}

/// What happens with old workers that are not done in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnDrainTimeout {
    /// They go on and leave when they are done; the run ends well and says that they drain.
    #[default]
    Leave,
    /// They are terminated; their connections are cut.
    Terminate,
    /// They go on, and the run ends with an error although the change is committed.
    Fail,
}
