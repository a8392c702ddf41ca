//! `replace-binary`: the new file is staged beside the old one and proven; the path changes at USR2 and at commit.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::plan::scalar::Sha256;

/// Stages the new binary beside the old one and proves it: digest, `-v`, and `-t` with the running master's
/// arguments. Nothing live changes: the path holds the new file for milliseconds around USR2, and for good at commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ReplaceBinary {
    /// The new binary. It is copied once, and hashed while it is copied.
    #[schemars(extend("format" = "absolute-path", "pattern" = "^/"), example = &"/srv/nginx/1.26.3/nginx")]
    pub source: PathBuf,
    /// The SHA-256 of `source`.
    pub sha256: Sha256,
    /// The path that it takes. Only what the running master executes is possible, which is also the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "absolute-path", "pattern" = "^/"), example = &"/usr/sbin/nginx")]
    pub target: Option<PathBuf>,
    /// Exactly what follows the slash in the output of `-v`. Not compared when it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200), example = &"1.26.3")]
    pub version: Option<String>,
    /// What to do when the running file and the path both have this digest already, and no second generation lives.
    #[serde(default)]
    pub if_same: IfSame,
}

impl ReplaceBinary {
    /// The action's name in a plan.
    pub const KIND: &str = "replace-binary";
}

/// What to do when the binary is the wanted one already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum IfSame {
    /// There is nothing to do: the run ends well and nothing changes.
    #[default]
    Done,
    /// The plan is run all the same.
    Run,
}
