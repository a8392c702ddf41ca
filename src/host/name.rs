//! The name of a file as text in the project's own records: one that is no text is refused, and not changed.

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

/// # Errors
/// When it is not UTF-8.
pub fn serialize<S: Serializer>(name: &OsStr, serializer: S) -> Result<S::Ok, S::Error> {
    Path::new(name).serialize(serializer)
}

/// # Errors
/// When it is no text.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<OsString, D::Error> {
    PathBuf::deserialize(deserializer).map(PathBuf::into_os_string)
}
