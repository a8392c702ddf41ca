//! Where and when process numbers mean something: the machine, its boot, and the namespace of pids.

use std::{fs, os::unix::fs::MetadataExt as _, path::Path};

use serde::{Deserialize, Serialize};

use super::{
    files::{Symlinks, read_bounded},
    process,
};

/// The most that is read of `/etc/machine-id`, in bytes; it has 33.
const MACHINE: usize = 64;

/// A world of processes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorldId {
    /// `/etc/machine-id`; empty where there is none.
    pub machine: String,
    /// `/proc/sys/kernel/random/boot_id`; empty where it cannot be read.
    pub boot: String,
    /// The inode of `/proc/self/ns/pid`; 0 where it cannot be read.
    pub pids: u64,
}

impl WorldId {
    /// This process's.
    #[must_use]
    pub fn here() -> Self {
        let machine = read_bounded(Path::new("/etc/machine-id"), MACHINE, Symlinks::Follow);
        let machine =
            machine.map(|read| String::from_utf8_lossy(&read.bytes).trim().to_owned()).unwrap_or_default();
        let pids = fs::metadata("/proc/self/ns/pid").map(|namespace| namespace.ino()).unwrap_or_default();
        Self { machine, boot: process::boot_id().unwrap_or_default(), pids }
    }
}
