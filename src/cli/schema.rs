//! `changeover schema [plan|event]`: prints the JSON Schema of plans, for editors, or of what a run writes.

use clap::{Args, ValueEnum};

use super::output;
use crate::{engine, plan};

/// `changeover schema`
#[derive(Debug, Args)]
pub(super) struct Schema {
    /// Of what.
    #[arg(value_name = "OF", default_value = "plan")]
    of: Of,
}

/// What has a schema.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Of {
    /// Plans.
    Plan,
    /// The lines of `run --output json`, and of a run's `events.jsonl`.
    Event,
}

/// Prints the schema exactly as the file in `schemas/` holds it.
pub(super) fn main(schema: &Schema) -> u8 {
    output::data(&match schema.of {
        Of::Plan => plan::schema::text(),
        Of::Event => engine::schema::text(),
    });
    0
}
