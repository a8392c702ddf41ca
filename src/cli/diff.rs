//! `changeover diff OLD NEW`: what a change of a plan does to its guarantees, for a review.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::json;

use super::{inputs, output};
use crate::{
    plan::{self, Inputs, Loaded, Values},
    verify::{Change, Direction, compare},
};

/// Exit code 10: a plan is malformed.
const MALFORMED: u8 = 10;
/// Exit code 43: a guarantee got weaker.
const WEAKER: u8 = 43;

/// `changeover diff OLD NEW`
#[derive(Debug, Args)]
pub(super) struct Diff {
    /// The plan before the change.
    old: PathBuf,
    /// The plan after it.
    new: PathBuf,
    /// End with 43 when a guarantee got weaker.
    #[arg(long)]
    fail_on_weaker: bool,
    /// How it is told.
    #[arg(long = "output", value_name = "FORMAT", default_value = "human")]
    format: DiffFormat,
}

/// How a comparison is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum DiffFormat {
    Human,
    Json,
    /// For a comment on a pull request.
    Markdown,
}

pub(super) fn main(diff: &Diff) -> u8 {
    let loaded = load(&diff.old).and_then(|old| Ok((old, load(&diff.new)?)));
    let (old, new) = match loaded {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let changes = compare(&old, &new);
    let weaker = changes.iter().filter(|change| change.direction == Direction::Weaker).count();
    if diff.format == DiffFormat::Json {
        output::json(&json!({ "changes": changes, "weaker": weaker }));
    } else if changes.is_empty() {
        output::data("no guarantee is different");
    } else {
        for change in &changes {
            output::data(&line(diff.format, change));
        }
    }
    if diff.fail_on_weaker && weaker > 0 { WEAKER } else { 0 }
}

fn line(format: DiffFormat, change: &Change) -> String {
    let (name, text) = (name(change), &change.text);
    if format == DiffFormat::Markdown { format!("* **{name}**: {text}") } else { format!("{name:10}{text}") }
}

const fn name(change: &Change) -> &'static str {
    match change.direction {
        Direction::Weaker => "weaker",
        Direction::Stronger => "stronger",
        Direction::Other => "other",
    }
}

/// Inputs may be left open; what is wrong with a plan is told.
fn load(path: &Path) -> Result<Loaded, u8> {
    let name = inputs::name(path);
    let bytes = inputs::read(path).map_err(|error| {
        output::talk(&format!("{name}: the plan cannot be read: {error}"));
        output::USAGE
    })?;
    plan::load(&name, &bytes, Values::default(), Inputs::Open).map_err(|problems| {
        output::talk(&format!("{}\n{problems}", problems.render(output::plan_style())));
        MALFORMED
    })
}
