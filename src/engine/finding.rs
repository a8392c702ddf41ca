//! What the verifier finds in a well-formed plan, as people and programs read it.

use schemars::JsonSchema;
use serde::Serialize;

use super::Event;
use crate::plan::ProblemReport;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Unwise; the plan is run all the same.
    Warning,
    /// It can leave nobody accepting, loses the way back, or can never succeed: the plan is not run.
    Error,
}

/// One finding, with the shortest story that ends badly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FindingReport {
    /// What is wrong, and where.
    #[serde(flatten)]
    pub problem: ProblemReport,
    /// How bad it is.
    pub severity: Severity,
    /// What happens, in order; the steps with their numbers. Empty where the plan itself says it all.
    pub story: Vec<String>,
    /// Why the plan accepts it, where `[[verify.accept]]` does.
    pub accepted: Option<String>,
}

impl FindingReport {
    /// Where it is in the plan's file: a line, from 1.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        self.problem.spans.first().map(|span| span.line)
    }

    /// The event that tells it.
    #[must_use]
    pub fn event(&self) -> Event {
        let ProblemReport { code, message, help, .. } = &self.problem;
        let (code, line) = ((*code).to_owned(), self.line());
        Event::Verify { code, message: message.clone(), help: help.clone(), line }
    }
}
