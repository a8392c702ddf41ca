//! `confirm`: a person, or another program, must say that the change is good.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Waits, with the watches alive, until `changeover confirm` is called. Where nobody does within `timeout` the old binary is
/// brought back: 22. The time goes on while the run is suspended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Confirm {
    /// What must be given with `--token`, where not everybody who may read the run's files shall confirm it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200))]
    pub token: Option<String>,
}

impl Confirm {
    /// The action's name in a plan.
    pub const KIND: &str = "confirm";
}
