//! What the plan wants, as far as preflight looks at it.

use crate::plan::steps::{AdoptBinary, IfSame, ReplaceBinary};

/// What the plan wants, as far as preflight looks at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The binary step; without one the same file is executed again.
    pub binary: Option<BinaryStep>,
    /// The probes that ask new before the first WINCH to old.
    pub probes_before_winch: Vec<Probed>,
}

/// The step that says which binary new runs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is documented by its own type")]
pub enum BinaryStep {
    Replace(ReplaceBinary),
    Adopt(AdoptBinary),
}

/// A step that probes new while old still accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probed {
    /// The step, counted from 1.
    pub step: usize,
    /// Where.
    pub at: ProbedAt,
}

/// What a probe connects to, as far as it decides who accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProbedAt {
    /// A TCP port; `None` where the URL names none.
    Port(Option<u16>),
    /// A unix socket, which never has `reuseport`.
    Unix,
}

impl BinaryStep {
    /// The version that the plan says.
    #[must_use]
    pub const fn version(&self) -> Option<&String> {
        match self {
            Self::Replace(step) => step.version.as_ref(),
            Self::Adopt(step) => step.version.as_ref(),
        }
    }

    /// Whether a file with this SHA-256 (lower-case hex) is the one that the plan means.
    #[must_use]
    pub fn means(&self, sha256: &str) -> bool {
        self.sha256().is_none_or(|wanted| wanted == sha256)
    }

    /// The SHA-256 that the plan says.
    #[must_use]
    pub fn sha256(&self) -> Option<String> {
        match self {
            Self::Replace(step) => Some(step.sha256.to_string()),
            Self::Adopt(step) => step.sha256.map(|sha256| sha256.to_string()),
        }
    }

    /// What to do when it runs already.
    #[must_use]
    pub const fn if_same(&self) -> IfSame {
        match self {
            Self::Replace(step) => step.if_same,
            Self::Adopt(step) => step.if_same,
        }
    }
}
