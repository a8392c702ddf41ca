//! `--set NAME=VALUE`.

use clap::Args;

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
