//! `RUN/confirm.json`: what `changeover confirm` says to the run.

use std::{
    fs::{OpenOptions, remove_file, rename},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use serde::{Deserialize, Serialize};

use crate::host::files::{Symlinks, read_bounded};

/// The name of the file.
pub const CONFIRM: &str = "confirm.json";
/// The most that is read of it, in bytes.
const LARGEST: usize = 1 << 10;

/// A person's word. The directory is its owner's alone, so whoever can write it may say it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    /// SHA-256 of the token, hex, where one was given.
    pub token: Option<String>,
}

impl Confirmation {
    /// Lays it into the directory of a run, never half.
    ///
    /// # Errors
    /// What the system said.
    #[expect(clippy::disallowed_methods, reason = "journal/ writes files")]
    pub fn lay(&self, directory: &Path) -> io::Result<()> {
        let half = directory.join(format!(".{CONFIRM}-{}", std::process::id()));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&half)?;
        let laid =
            file.write_all(&serde_json::to_vec(self)?).and_then(|()| rename(&half, directory.join(CONFIRM)));
        laid.inspect_err(|_| drop(remove_file(&half)))
    }

    /// Takes it out of the directory of a run. What is no word of this version is none.
    #[must_use]
    pub fn take(directory: &Path) -> Option<Self> {
        let file = directory.join(CONFIRM);
        let read = read_bounded(&file, LARGEST, Symlinks::Refuse).ok()?;
        #[expect(clippy::disallowed_methods, reason = "journal/ writes files")]
        let _ = remove_file(&file);
        serde_json::from_slice(&read.bytes).ok()
    }

    /// Whether nobody has taken it yet.
    #[must_use]
    pub fn waits(directory: &Path) -> bool {
        directory.join(CONFIRM).symlink_metadata().is_ok()
    }
}
