//! Bytes to [`Plan`], in passes: text, syntax, inputs, shape, rules, types.

use std::sync::Arc;

use serde::Deserialize;

use super::{
    Plan,
    document::{Document, Span},
    inputs::{self, ResolvedInput, Values},
    problem::{Problem, Problems},
    rules,
    syntax::{self, Damage},
    walk,
};

/// The largest plan that is read, in bytes.
pub const LARGEST: usize = 1 << 20;

/// Whether every input must have a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inputs {
    /// Every input must have a value: the plan is going to be used.
    Given,
    /// Inputs may be left without one: an example stands in for it where it is used, and the rest is checked.
    Open,
}

/// A plan that is well formed.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What the plan says, with all inputs put in.
    pub plan: Plan,
    /// Its text, to underline what is found later.
    pub document: Arc<Document>,
    /// The inputs that have a value.
    pub inputs: Vec<ResolvedInput>,
    /// The names of those that have none: only with [`Inputs::Open`]. Where they are used stands an example.
    pub unset: Vec<String>,
}

/// Reads a plan with the values that its inputs are given: those of `--set` alone, or [`Values`].
///
/// # Errors
///
/// Everything that is wrong with it at once, in source order. No problem shows the value of a secret.
pub fn load<'a>(
    name: &str,
    bytes: &[u8],
    values: impl Into<Values<'a>>,
    mode: Inputs,
) -> Result<Loaded, Problems> {
    let mut document = text(name, bytes)?;
    let (mut tree, mut problems, damage) = syntax::read(&document);
    document.index(&tree);
    let (mut inputs, found) = inputs::declared(&tree);
    problems.extend(found);
    problems.extend(inputs::give(&mut inputs, &values.into(), mode == Inputs::Given));
    problems.extend(inputs::resolve(&mut tree, &mut inputs, &document));
    problems.extend(walk::walk(&mut tree, &inputs));
    problems.extend(rules::check(&tree));
    let kept = |problem: &Problem| !is_only_missing(problem, &damage, &document);
    let problems = Problems::sorted(problems, kept);
    let document = Arc::new(document);
    if let Some((list, left_out)) = problems {
        return Err(Problems { document, list, left_out });
    }
    match Plan::deserialize(tree.to_json()) {
        Ok(plan) => {
            let plan = Plan { secrets: inputs.secrets(), ..plan };
            Ok(Loaded { plan, document, inputs: inputs.resolved(), unset: inputs.unset() })
        }
        // The walker and serde read the same types; a test holds them together.
        Err(error) => {
            let message = inputs.secrets().hidden(&error.to_string());
            let problem = Problem::nowhere("plan/unreadable", message);
            Err(Problems { document, list: vec![problem], left_out: 0 })
        }
    }
}

fn text(name: &str, bytes: &[u8]) -> Result<Document, Problems> {
    if bytes.len() > LARGEST {
        let problem = Problem::nowhere("plan/too-large", "the plan is larger than 1 MiB")
            .help("a plan is a page of TOML: is this the right file?");
        return Err(Problems::one(Document::new(name, ""), problem));
    }
    match str::from_utf8(bytes) {
        Ok(text) => Ok(Document::new(name, text)),
        Err(error) => {
            let start = error.valid_up_to();
            let span = Span { start, end: start + char::REPLACEMENT_CHARACTER.len_utf8() };
            let problem =
                Problem::new("plan/not-utf8", "the plan is not UTF-8", span, "not a character of UTF-8")
                    .help("save the file in the encoding UTF-8");
            Err(Problems::one(Document::new(name, String::from_utf8_lossy(bytes)), problem))
        }
    }
}

/// Whether a problem may be there only because a syntax error took away what it misses.
fn is_only_missing(problem: &Problem, damage: &Damage, document: &Document) -> bool {
    let Some(label) = problem.labels.first().filter(|_| !damage.is_none()) else { return false };
    match problem.code {
        "plan/missing-key" => damage.lost_a_table() || damage.touches_table_at(label.span, document.text()),
        "plan/unknown-probe" | "plan/undeclared-input" => damage.lost_a_table(),
        "plan/unused-input" => {
            let name = document.slice(label.span);
            damage.lost_a_table() || damage.mentions(&format!("${{{name}}}"), document)
        }
        "plan/not-one-end" => problem.labels.len() == 1,
        _ => false,
    }
}
