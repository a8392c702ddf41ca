//! What a plan's inputs are given from outside, before anything of it is looked at.

use std::{ffi::OsString, fmt};

/// The values that are given to a plan's inputs. Later ones win: the environment, those of an earlier run, the file, `--set`.
#[derive(Clone, Copy)]
pub struct Values<'a> {
    /// Names and values that an earlier run of the plan has recorded.
    pub recorded: &'a [(String, String)],
    /// Names and values of `--set`.
    pub sets: &'a [(String, String)],
    /// The file of `--inputs`.
    pub file: Option<&'a InputsFile>,
    /// Looks up a variable of the environment; only those that the plan names are asked for.
    pub environment: &'a dyn Fn(&str) -> Option<OsString>,
}

/// A file with values for inputs, TOML or JSON: one table of names and scalars.
#[derive(Clone, Debug)]
pub struct InputsFile {
    /// What it is called: the path as the user gave it.
    pub name: String,
    /// Its bytes; more than [`LARGEST`](crate::plan::LARGEST) are refused.
    pub bytes: Vec<u8>,
}

fn no_environment(_: &str) -> Option<OsString> {
    None
}

impl Default for Values<'_> {
    fn default() -> Self {
        Self { recorded: &[], sets: &[], file: None, environment: &no_environment }
    }
}

impl<'a> From<&'a [(String, String)]> for Values<'a> {
    fn from(sets: &'a [(String, String)]) -> Self {
        Self { sets, ..Self::default() }
    }
}

impl<'a> From<&'a Vec<(String, String)>> for Values<'a> {
    fn from(sets: &'a Vec<(String, String)>) -> Self {
        sets.as_slice().into()
    }
}

impl<'a, const N: usize> From<&'a [(String, String); N]> for Values<'a> {
    fn from(sets: &'a [(String, String); N]) -> Self {
        sets.as_slice().into()
    }
}

impl fmt::Debug for Values<'_> {
    /// Without the values: they may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Values").finish_non_exhaustive()
    }
}
