//! A run of before, in one object: what its files tell of it.

use serde::Serialize;

use super::{By, Ending};

/// One run. What its files do not tell is null.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PastRun {
    /// Its id.
    pub run: String,
    /// The directory of its instance, by name.
    pub instance: String,
    /// The pid file of its instance.
    pub pid_file: Option<String>,
    /// When it began, RFC 3339, UTC.
    pub at: Option<String>,
    /// The plan's name, references resolved.
    pub plan: Option<String>,
    /// The plan's file as given.
    pub file: Option<String>,
    /// The version that served when it began (`nginx/1.22.1`).
    pub old: Option<String>,
    /// The version that it was to change to.
    pub new: Option<String>,
    /// How it ended; null as long as it has not, and where nobody can say.
    pub verdict: Option<Ending>,
    /// Its exit code, or 32 where its journal cannot be believed.
    pub exit: Option<u8>,
    /// Who brought it to that end.
    pub ended_by: Option<EndedBy>,
    /// How long it took, milliseconds.
    pub took: Option<f64>,
    /// Why its journal cannot be believed.
    pub damage: Option<Damaged>,
    /// It has a journal: it was about to change the host.
    pub begun: bool,
}

/// Why a journal cannot be believed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Damaged {
    /// `journal/…`.
    pub code: String,
    /// What was found.
    pub message: String,
}

/// Who brings a run to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndedBy {
    /// Its own process.
    Run,
    /// Its guardian.
    Guardian,
    /// `changeover recover`.
    Recover,
}

impl From<Option<By>> for EndedBy {
    /// By who took it over last.
    fn from(by: Option<By>) -> Self {
        match by {
            None => Self::Run,
            Some(By::Guardian) => Self::Guardian,
            Some(By::Recover) => Self::Recover,
        }
    }
}
