//! `changeover diff OLD NEW`: what a change of a plan does to its guarantees, for a review.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::json;

use super::{inputs, output};
use crate::{
    nginx::printable,
    plan::{self, Inputs, Loaded, ProblemReport, Values},
    verify::{Change, Direction, compare},
};

/// Longer texts are cut.
const MOST: usize = 1_000;
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
        Err(wrong) => {
            output::talk(&wrong.human);
            if diff.format == DiffFormat::Json {
                output::json(
                    &json!({ "file": wrong.file, "unreadable": wrong.unreadable, "problems": wrong.problems }),
                );
            }
            return wrong.exit;
        }
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
    let (name, text) = (name(change), printable(&change.text, MOST));
    if format == DiffFormat::Markdown {
        // What stands between the backticks is a name of the plan: it may not end them.
        let quoted = text.chars().filter(|c| *c == '`').count() > 2;
        let text = if quoted { text.replace('`', "'") } else { text };
        return format!("* **{name}**: {text}");
    }
    format!("{name:10}{text}")
}

const fn name(change: &Change) -> &'static str {
    match change.direction {
        Direction::Weaker => "weaker",
        Direction::Stronger => "stronger",
        Direction::Other => "other",
    }
}

/// A plan that cannot be compared.
struct Wrong {
    file: String,
    exit: u8,
    human: String,
    unreadable: Option<String>,
    problems: Vec<ProblemReport>,
}

/// Inputs may be left open.
fn load(path: &Path) -> Result<Loaded, Box<Wrong>> {
    let file = inputs::name(path);
    let bytes = inputs::read(path).map_err(|error| {
        let human = format!("{file}: the plan cannot be read: {error}");
        let (exit, unreadable) = (output::USAGE, Some(error.to_string()));
        Box::new(Wrong { file: file.clone(), exit, human, unreadable, problems: Vec::new() })
    })?;
    plan::load(&file, &bytes, Values::default(), Inputs::Open).map_err(|problems| {
        let human = format!("{}\n{problems}", problems.render(output::plan_style()));
        let problems = problems.report();
        Box::new(Wrong { file: file.clone(), exit: MALFORMED, human, unreadable: None, problems })
    })
}
