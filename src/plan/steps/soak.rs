//! `soak`: waiting while watches run.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::plan::scalar::duration;

/// Lets the new generation serve for a while. The watches go on, and the death of either master is noticed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Soak {
    /// How long.
    #[serde(rename = "for", with = "duration::positive")]
    #[schemars(with = "duration::Positive")]
    pub length: Duration,
}

impl Soak {
    /// The action's name in a plan.
    pub const KIND: &str = "soak";
}
