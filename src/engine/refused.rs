//! The one line where no run began: because of its plan, or of the earlier run that it is about.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Ending, FindingReport};
use crate::plan::ProblemReport;

/// What is wrong with the plan, as the verdict of a run that did not begin: it has no number and no time.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct RefusedPlan {
    /// Always `refused`.
    pub verdict: Ending,
    /// 2: the plan, its inputs or its seal cannot be read, or a run has nowhere to keep its files; 10: it is malformed; 11: it is unsafe.
    pub exit: u8,
    /// Always false: nothing was touched.
    pub changed: bool,
    /// What is wrong, in one line.
    pub message: String,
    /// The plan's file as given.
    pub file: String,
    /// What makes it malformed.
    pub problems: Vec<ProblemReport>,
    /// What makes it unsafe.
    pub findings: Vec<FindingReport>,
}

/// Why an earlier run is not gone on with, or not taken back, as the verdict of a run that did not begin.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct RefusedRun {
    /// Always `refused`.
    pub verdict: Ending,
    /// 2: there is no such run, or more than one; 12: it has no journal, or nothing can be looked at; 13: another run is under
    /// way; 32: its journal cannot be believed.
    pub exit: u8,
    /// Always false: nothing was done.
    pub changed: bool,
    /// The run, where one was named or found.
    pub run: Option<String>,
    /// What is wrong, where it has a code.
    pub code: Option<String>,
    /// The same in words, in one line.
    pub message: String,
}
