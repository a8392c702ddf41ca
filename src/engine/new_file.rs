//! Which file new runs, and where it comes from.

use serde::{Deserialize, Serialize};

/// Which file new runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NewFile {
    /// The staged one: it takes the path for milliseconds at USR2, and for good at commit.
    Staged,
    /// The one that was found at the path while old runs another: nothing is exchanged.
    Adopted,
    /// The one that old runs, once more.
    Same,
}
