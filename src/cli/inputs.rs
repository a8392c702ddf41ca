//! `--set NAME=VALUE`, and reading plans: bounded, once.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use clap::Args;

use crate::plan;

/// Values for the plan's inputs.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Sets {
    /// A value for an input of the plan; may be repeated.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = name_and_value)]
    pub(super) set: Vec<(String, String)>,
}

fn name_and_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("give it as NAME=VALUE".to_owned()),
    }
}

/// A plan's bytes; one more than the largest plan at the most, so that a larger one is told from it.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = u64::try_from(plan::LARGEST).unwrap_or(u64::MAX).saturating_add(1);
    File::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}
