//! Who is who: processes, files and the two generations.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One process of the running boot: a pid alone may be reused, with its start time it is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Identity {
    /// The process id in the namespace that changeover runs in.
    pub pid: i32,
    /// Field 22 of `/proc/PID/stat`: clock ticks after boot.
    pub start: u64,
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pid.fmt(f)
    }
}

/// A living process of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Living {
    /// Its pid.
    pub pid: i32,
    /// It was stopped, and does nothing until it is continued.
    pub stopped: bool,
}

/// One file, whatever names it has: device and inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FileId {
    /// The device that holds it (`st_dev`).
    pub dev: u64,
    /// Its inode (`st_ino`).
    pub ino: u64,
}

/// One of the two generations: a master, its workers and the binary they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Generation {
    /// The one that served when the run began.
    Old,
    /// The one that this run starts.
    New,
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Old => "old",
            Self::New => "new",
        })
    }
}
