//! Probes counted: how many passed, who answered, how slow the slowest was.

use std::collections::BTreeMap;

use crate::{
    engine::{AnswerBy, units},
    protocol::Generation,
};

/// More pids than these are not listed.
const MOST_PIDS: usize = 4;

/// The probes of a step, or of a whole run.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    passed: usize,
    all: usize,
    slowest: f64,
    /// Who answered, by generation, in the order of the pids.
    by: BTreeMap<Generation, Vec<i32>>,
}

impl Tally {
    pub(super) fn add(&mut self, outcome: &str, by: Option<AnswerBy>, latency: Option<f64>) {
        self.all += 1;
        self.passed += usize::from(outcome == "passed");
        self.slowest = self.slowest.max(latency.unwrap_or_default());
        if let Some(by) = by {
            let pids = self.by.entry(by.generation).or_default();
            if let Err(place) = pids.binary_search(&by.pid) {
                pids.insert(place, by.pid);
            }
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.all == 0
    }

    /// `5 of 5 by new (945 946), slowest 2 ms`.
    pub(super) fn text(&self) -> String {
        let mut text = format!("{} of {}", self.passed, self.all);
        for (count, (generation, pids)) in self.by.iter().enumerate() {
            let join = if count == 0 { " by" } else { " and" };
            text = format!("{text}{join} {generation} ({})", listed(pids));
        }
        format!("{text}{}", self.slowest())
    }

    /// `302 of 302, slowest 4 ms`.
    pub(super) fn total(&self) -> String {
        format!("{} of {}{}", self.passed, self.all, self.slowest())
    }

    fn slowest(&self) -> String {
        if self.slowest > 0.0 { format!(", slowest {}", units::time(self.slowest)) } else { String::new() }
    }
}

fn listed(pids: &[i32]) -> String {
    let shown: Vec<_> = pids.iter().take(MOST_PIDS).map(ToString::to_string).collect();
    let more = if pids.len() > MOST_PIDS { " …" } else { "" };
    format!("{}{more}", shown.join(" "))
}

#[cfg(test)]
mod tests {
    use super::Tally;
    use crate::{engine::AnswerBy, protocol::Generation};

    #[test]
    fn passes_answers_and_the_slowest_are_counted() {
        let mut tally = Tally::default();
        let by = |pid, generation| Some(AnswerBy { pid, generation });
        tally.add("passed", by(946, Generation::New), Some(1.2));
        tally.add("passed", by(945, Generation::New), Some(2.4));
        tally.add("probe/status", by(945, Generation::New), Some(0.8));
        assert_eq!(tally.text(), "2 of 3 by new (945 946), slowest 2 ms");
        tally.add("probe/refused", None, None);
        tally.add("passed", by(7, Generation::Old), None);
        assert_eq!(tally.text(), "3 of 5 by old (7) and new (945 946), slowest 2 ms");
        assert_eq!(tally.total(), "3 of 5, slowest 2 ms");
    }
}
