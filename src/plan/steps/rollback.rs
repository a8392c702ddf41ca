//! `rollback`: the way back on purpose.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Brings the old generation back although nothing failed: a plan that ends in it is a drill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Rollback {}

impl Rollback {
    /// The action's name in a plan.
    pub const KIND: &str = "rollback";
}
