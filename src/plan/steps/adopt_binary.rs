//! `adopt-binary`: the new file is at the path already; it is proven there, and old's bytes are kept.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::IfSame;
use crate::plan::scalar::Sha256;

/// Takes the file that a package manager has put at the binary path already, while the running master still executes
/// the one before. It is proven where it is, and never moved: the path holds it before, during and after the run, also
/// after a way back. What the master runs is kept beside the path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct AdoptBinary {
    /// Exactly what follows the slash in the output of `-v`. Not compared when it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200), example = &"1.26.3")]
    pub version: Option<String>,
    /// The SHA-256 of the file at the path. Not compared when it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Sha256>,
    /// What to do when the master runs the file at the path already, and no second generation lives.
    #[serde(default)]
    pub if_same: IfSame,
}

impl AdoptBinary {
    /// The action's name in a plan.
    pub const KIND: &str = "adopt-binary";
}
