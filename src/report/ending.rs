//! How a run ended: the failure with its place in the plan, and the last lines.

use super::{human::Human, layout::field, layout::indented, words};
use crate::engine::{Ending, FaultReport, Verdict, units};

impl Human {
    /// The lines of the verdict.
    pub(super) fn verdict(&mut self, verdict: &Verdict, now: f64) -> Vec<String> {
        let mut lines = vec![String::new()];
        if verdict.verdict == Ending::Refused && self.told_refusals() {
            // The checks above said what is wrong, why and what to do.
        } else if let Some(fault) = &verdict.diagnosis {
            lines.extend(self.failure(verdict, fault, now));
        } else if verdict.exit != 0 {
            lines.extend(self.state(verdict, now));
        }
        lines.extend(self.last_lines(verdict));
        lines
    }

    /// What is wrong, where in the plan, and everything that is known about it.
    fn failure(&self, verdict: &Verdict, fault: &FaultReport, now: f64) -> Vec<String> {
        let message = match (&self.last, verdict.failed) {
            (Some((number, action)), Some(failed)) if *number == failed => {
                format!("step {number} `{action}`: {}", fault.message)
            }
            (_, Some(failed)) => format!("step {failed}: {}", fault.message),
            (_, None) => fault.message.clone(),
        };
        let label = if fault.label == fault.message { "" } else { &fault.label };
        let mut lines =
            self.plan.underlined(self.style, &fault.code, &message, fault.place.as_deref(), label);
        for (name, text) in [("expected", &fault.expected), ("observed", &fault.observed)] {
            if !text.is_empty() && *text != fault.message {
                lines.extend(field(self.style, name, text));
            }
        }
        for (count, line) in fault.evidence.iter().enumerate() {
            lines.extend(field(self.style, if count == 0 { "evidence" } else { "" }, line));
        }
        if let Some(cause) = &fault.cause {
            lines.extend(field(self.style, "cause", cause));
        }
        lines.extend(self.state(verdict, now));
        lines
    }

    /// What was done about it, and what is true now.
    fn state(&self, verdict: &Verdict, now: f64) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(way_back) = &self.way_back {
            lines.extend(field(self.style, "done", &way_back.done()));
        }
        lines.extend(field(self.style, "now", &verdict.now));
        if let Some(since) = self.exposed_since.filter(|_| self.way_back.is_some()) {
            let text = format!("requests may have met new for at most {}", units::time(now - since));
            lines.extend(field(self.style, "harmed", &text));
        }
        for (count, line) in verdict.next.iter().enumerate() {
            lines.extend(field(self.style, if count == 0 { "next" } else { "" }, line));
        }
        lines.push(String::new());
        lines
    }

    fn last_lines(&self, verdict: &Verdict) -> Vec<String> {
        let ending = self.style.strong(words::ending(verdict.verdict));
        let took = units::time(verdict.took);
        if verdict.exit != 0 {
            let exit = verdict.exit;
            let state = match verdict.verdict {
                Ending::Refused => "nothing live was touched",
                Ending::Bug => "the state is unknown",
                _ => words::serving(verdict.serving),
            };
            return indented(
                self.style,
                0,
                2,
                &format!("{ending} after {took}, exit {exit}   "),
                &format!("{state}   run {}", self.run),
            );
        }
        let mut lines = indented(self.style, 0, 2, &format!("{ending} in {took}   "), &verdict.now);
        if !self.probes.is_empty() {
            lines.extend(indented(self.style, 2, 0, "", &format!("probes {}", self.probes.total())));
        }
        for line in &verdict.next {
            lines.extend(indented(self.style, 2, 5, "next ", line));
        }
        lines
    }
}
