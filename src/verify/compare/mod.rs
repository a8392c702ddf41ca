//! Two versions of a plan: which guarantees got weaker, which stronger, and what else is different.

mod back;
mod bounds;
mod probes;
#[cfg(test)]
mod tests;

use std::{
    cmp::{Ordering, Reverse},
    collections::BTreeSet,
};

use schemars::JsonSchema;
use serde::Serialize;

use super::{Finding, Report, verify};
use crate::plan::{Loaded, Plan};

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Change {
    /// What it means for the guarantees.
    pub direction: Direction,
    /// In words.
    pub text: String,
}

/// What a difference means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// A guarantee is lost, or holds for less.
    Weaker,
    /// One is new, or holds for more.
    Stronger,
    /// Neither.
    Other,
}

/// What is different between two plans, weaker first.
#[must_use]
pub fn compare(old: &Loaded, new: &Loaded) -> Vec<Change> {
    let reports = [verify(old), verify(new)];
    let [before, after] = [&old.plan, &new.plan];
    let mut changes = Changes::default();
    changes.way_back(&reports);
    changes.asked(before, after);
    changes.probes(before, after);
    changes.watched(before, after);
    changes.time(before, after);
    changes.kept(before, after);
    changes.found(&reports);
    changes.file(before, after);
    changes.workers(before, after);
    changes.others(before, after);
    if changes.0.is_empty() && before != after {
        changes.add(Direction::Other, "the plans differ in what no guarantee is about");
    }
    changes.0.sort_by_key(|change| change.direction);
    changes.0
}

#[derive(Default)]
struct Changes(Vec<Change>);

impl Changes {
    fn add(&mut self, direction: Direction, text: impl Into<String>) {
        self.0.push(Change { direction, text: text.into() });
    }

    /// A quantity of which less is weaker.
    fn less_is_weaker<T: Ord + Copy>(&mut self, before: T, after: T, text: impl FnOnce() -> String) {
        match after.cmp(&before) {
            Ordering::Less => self.add(Direction::Weaker, text()),
            Ordering::Greater => self.add(Direction::Stronger, text()),
            Ordering::Equal => {}
        }
    }

    /// A quantity of which more is weaker.
    fn more_is_weaker<T: Ord + Copy>(&mut self, before: T, after: T, text: impl FnOnce() -> String) {
        self.less_is_weaker(Reverse(before), Reverse(after), text);
    }

    fn found(&mut self, [before, after]: &[Report; 2]) {
        let codes = |report: &Report, only: fn(&Finding) -> bool| -> BTreeSet<&'static str> {
            report.findings.iter().filter(|it| only(it)).map(|finding| finding.problem.code).collect()
        };
        let accepted = |finding: &Finding| finding.accepted.is_some();
        for code in codes(after, accepted).difference(&codes(before, accepted)) {
            self.add(Direction::Weaker, format!("accepted now: {code}"));
        }
        for code in codes(before, accepted).difference(&codes(after, accepted)) {
            self.add(Direction::Stronger, format!("no longer accepted: {code}"));
        }
        let (was, is) = (codes(before, |_| true), codes(after, |_| true));
        for code in is.difference(&was) {
            self.add(Direction::Weaker, format!("new finding: {code}"));
        }
        for code in was.difference(&is) {
            self.add(Direction::Stronger, format!("no longer found: {code}"));
        }
    }

    fn others(&mut self, before: &Plan, after: &Plan) {
        if before.service != after.service {
            self.add(Direction::Other, "the plan is about another service");
        }
        let kinds = |plan: &Plan| plan.steps.iter().map(|step| step.action.kind()).collect::<Vec<_>>();
        let (was, is) = (kinds(before), kinds(after));
        if was != is {
            self.add(Direction::Other, format!("steps: {} → {}", was.join(", "), is.join(", ")));
        }
    }
}
