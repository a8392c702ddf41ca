//! The file of a seal: written by `preview --seal`, read by `run --sealed`.

use std::path::Path;

use super::inputs;
use crate::{host::directory::Directory, preflight::Seal};

/// Writes it in one step, for its owner alone; the error is in words.
pub(super) fn write(path: &Path, seal: &Seal) -> Result<(), String> {
    let name = path.file_name().ok_or_else(|| "this names no file".to_owned())?;
    let directory =
        path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| ".".as_ref());
    let mut bytes = serde_json::to_vec_pretty(seal).map_err(|error| error.to_string())?;
    bytes.push(b'\n');
    let directory = Directory::open(directory).map_err(|error| error.to_string())?;
    directory.write_atomically(name, &bytes, 0o600, None).map(drop).map_err(|error| error.to_string())
}

/// Reads it, bounded; the error is in words.
pub(super) fn read(path: &Path) -> Result<Seal, String> {
    let bytes = inputs::read(path).map_err(|error| error.to_string())?;
    serde_json::from_slice(&bytes).map_err(|error| format!("it is no seal of `preview --seal`: {error}"))
}
