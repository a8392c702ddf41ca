//! How a run ended and why, in one line: what Ansible shows as `msg` and Salt as the comment of a state.

use super::words;
use crate::{
    engine::{Ending, FaultReport, Verdict, units},
    nginx::printable,
    plan::{Document, Problem},
};

/// No more characters than these: it is one line of a fleet's report. The rest is in the events.
const MOST: usize = 1000;

/// The parts of a sentence, each made fit for one line of a terminal, and bounded in all.
#[must_use]
pub fn one_line(parts: &[String]) -> String {
    let shown = printable(&parts.join("; "), usize::MAX);
    match shown.char_indices().nth(MOST) {
        Some(_) => shown.chars().take(MOST - 1).chain(['…']).collect(),
        None => shown,
    }
}

/// What a verdict says, in one line: how it ended, what went wrong, the state of the machine, what to do next.
#[must_use]
pub fn message(verdict: &Verdict) -> String {
    let mut parts = match &verdict.diagnosis {
        Some(fault) => failed(verdict.verdict, verdict.failed, fault),
        None => vec![words::ending(verdict.verdict).to_owned()],
    };
    parts.push(verdict.now.clone());
    parts.extend(next(&verdict.next));
    one_line(&parts)
}

/// What a preview says where `run` would be refused.
#[must_use]
pub fn would_be_refused(fault: &FaultReport) -> String {
    let mut parts = failed(Ending::Refused, None, fault);
    parts.extend(next(fault.todo.as_slice()));
    one_line(&parts)
}

fn failed(ending: Ending, step: Option<usize>, fault: &FaultReport) -> Vec<String> {
    let step = step.map_or_else(String::new, |step| format!("step {step}: "));
    let mut parts = vec![format!("{}: {step}{} ({})", words::ending(ending), fault.message, fault.code)];
    parts.extend(fault.cause.iter().map(|cause| format!("cause: {cause}")));
    if ending == Ending::Refused {
        parts.extend(fault.evidence.iter().map(|other| format!("also {other}")));
    }
    parts
}

fn next(lines: &[String]) -> Option<String> {
    (!lines.is_empty()).then(|| format!("next: {}", lines.join("; ")))
}

/// What a run says that has nothing to do, and what a preview of it says.
#[must_use]
pub fn nothing_to_do(reason: &str) -> String {
    one_line(&[format!("{}: {reason}", words::ending(Ending::Unchanged))])
}

/// What is wrong with a plan that is not run: the first problem at its place, and how many there are.
#[must_use]
pub fn refused_plan(document: &Document, problems: &[Problem], left_out: usize) -> String {
    let mut parts = Vec::new();
    if let Some(first) = problems.first() {
        let place = first.labels.first().map_or_else(String::new, |label| {
            let at = document.position(label.span.start);
            format!(":{}:{}", at.line, at.column)
        });
        let ending = words::ending(Ending::Refused);
        parts.push(format!("{ending}: {}{place}: {} ({})", document.name(), first.message, first.code));
        parts.extend(first.help.clone());
    }
    match problems.len() + left_out {
        0 | 1 => {}
        all => parts.push(format!("{} in all", units::count(all, "problem"))),
    }
    one_line(&parts)
}

#[cfg(test)]
mod tests {
    use super::{MOST, message, one_line, refused_plan, would_be_refused};
    use crate::{
        engine::{Ending, FaultReport, Verdict},
        plan::{self, Inputs},
    };

    fn fault() -> FaultReport {
        FaultReport {
            code: "probe/wrong-status".into(),
            message: "probe `health`: status 500".into(),
            expected: String::new(),
            observed: String::new(),
            evidence: vec!["a line of a log".into()],
            cause: Some("a worker may not read a file (diagnose/permission-denied)".into()),
            todo: Some("set `user www-data;`".into()),
            place: None,
            label: String::new(),
        }
    }

    fn verdict(verdict: Ending, diagnosis: Option<FaultReport>) -> Verdict {
        Verdict {
            verdict,
            failed: diagnosis.is_some().then_some(6),
            next: diagnosis.iter().filter_map(|fault| fault.todo.clone()).collect(),
            diagnosis,
            now: "old: master 812, 2 workers".into(),
            ..Verdict::example()
        }
    }

    #[test]
    fn a_failure_says_what_failed_why_what_serves_and_what_to_do() {
        assert_eq!(
            message(&verdict(Ending::RolledBack, Some(fault()))),
            "rolled back: step 6: probe `health`: status 500 (probe/wrong-status); cause: a worker may not read a file \
             (diagnose/permission-denied); old: master 812, 2 workers; next: set `user www-data;`"
        );
        assert_eq!(message(&verdict(Ending::Committed, None)), "committed; old: master 812, 2 workers");
    }

    #[test]
    fn a_refusal_names_every_check_that_refuses() {
        let text = would_be_refused(&FaultReport { cause: None, ..fault() });
        assert_eq!(
            text,
            "refused: probe `health`: status 500 (probe/wrong-status); also a line of a log; next: set `user www-data;`"
        );
    }

    #[test]
    fn a_plan_is_refused_at_its_place() {
        let problems = plan::load("a.toml", b"format = 1\nnmae = \"x\"\n", &[], Inputs::Open).unwrap_err();
        let text = refused_plan(&problems.document, &problems.list, problems.left_out);
        assert_eq!(
            text,
            "refused: a.toml:1:1: the plan needs `name` (plan/missing-key); add `name = \"nginx 1.26.3\"`; 4 problems in all"
        );
    }

    #[test]
    fn it_is_one_bounded_line_whatever_comes_from_outside() {
        let evil = format!("\u{1b}[2J\n{}", "x".repeat(5_000));
        let text = message(&verdict(Ending::Stuck, Some(FaultReport { message: evil, ..fault() })));
        assert!(text.chars().all(|c| !c.is_control()), "{text}");
        assert!(text.chars().count() <= MOST + 20, "{}", text.chars().count());
    }

    #[test]
    fn a_message_of_control_characters_is_no_longer_than_any_other() {
        for text in ["\u{1b}".repeat(2 * MOST), "x".repeat(2 * MOST)] {
            let line = one_line(&[text]);
            assert_eq!((line.chars().count(), line.ends_with('…')), (MOST, true), "{line}");
        }
        assert_eq!(one_line(&["x".repeat(MOST)]), "x".repeat(MOST));
    }
}
