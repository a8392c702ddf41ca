//! A finding: how bad it is, its places in the plan, and the story that ends badly.

use super::{
    Crashes,
    explore::Explored,
    facts::{facts, times},
};
use crate::{
    engine::{FindingReport, PlanTimes, Severity, StepFacts},
    plan::{Document, Loaded, PlanPath, Problem, Style},
    protocol::Move,
};

/// One thing that is unsafe or unwise in a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, where, and what to do.
    pub problem: Problem,
    /// What happens, in order.
    pub story: Vec<String>,
    /// Why the plan accepts it, where `[[verify.accept]]` does.
    pub accepted: Option<String>,
}

/// What the verifier says of one plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// What it found, in source order.
    pub findings: Vec<Finding>,
    /// How many states it looked at.
    pub states: usize,
    /// Every move that the ways back from them made.
    pub back: Vec<Move>,
    /// Every move that the steps made, and recovery behind the commit record.
    pub forward: Vec<Move>,
    /// How often the runner was killed and the host rebooted.
    pub crashes: Crashes,
    /// What each step does, what shows it, and how it is taken back.
    pub facts: Vec<StepFacts>,
    /// How long all of it may take.
    pub times: PlanTimes,
}

impl Finding {
    pub(super) fn error(problem: Problem, story: Vec<String>) -> Self {
        Self { severity: Severity::Error, problem, story, accepted: None }
    }

    pub(super) fn warning(problem: Problem) -> Self {
        Self { severity: Severity::Warning, problem, story: Vec::new(), accepted: None }
    }

    /// At the most telling key of a step.
    pub(super) fn at_step(
        loaded: &Loaded,
        step: usize,
        key: &str,
        code: &'static str,
        message: &str,
        label: &str,
    ) -> Problem {
        let path = PlanPath::step(step);
        let span = loaded.document.nearest_span(&path.key(key));
        Problem::new(code, message, span, label)
    }

    /// For people: the plan underlined, and the story below it.
    #[must_use]
    pub fn render(&self, document: &Document, style: Style) -> String {
        let mut text = self.problem.render(document, style);
        for (count, line) in self.story.iter().enumerate() {
            text.push_str(if count == 0 { "  story  " } else { "         " });
            text.push_str(line);
            text.push('\n');
        }
        text
    }

    /// For programs.
    #[must_use]
    pub fn report(&self, document: &Document) -> FindingReport {
        FindingReport {
            problem: self.problem.report(document),
            severity: self.severity,
            story: self.story.clone(),
            accepted: self.accepted.clone(),
        }
    }
}

impl Report {
    /// In source order, with what the plan accepts. An error is never accepted.
    pub(super) fn of(loaded: &Loaded, mut findings: Vec<Finding>, explored: &Explored) -> Self {
        for finding in &mut findings {
            let accepts = &loaded.plan.verify.accept;
            let accept = accepts.iter().find(|accept| accept.code == finding.problem.code);
            let reason = accept.map(|accept| accept.reason.clone());
            finding.accepted = reason.filter(|_| finding.severity == Severity::Warning);
        }
        findings.sort_by_key(|finding| finding.problem.labels.first().map(|label| label.span.start));
        let (back, forward) = (explored.back.clone(), explored.forward.clone());
        let facts = facts(loaded, explored);
        let times = times(loaded, &facts);
        let (states, crashes) = (explored.states, explored.crashes);
        Self { findings, states, back, forward, crashes, facts, times }
    }

    /// Those that forbid to run the plan.
    pub fn errors(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.severity == Severity::Error)
    }

    /// Those that are unwise and that the plan does not accept.
    pub fn warnings(&self) -> impl Iterator<Item = &Finding> {
        let open = |finding: &&Finding| finding.severity == Severity::Warning && finding.accepted.is_none();
        self.findings.iter().filter(open)
    }
}
