//! Two versions of a plan: which guarantees got weaker, which stronger, and what else is different.

use std::{collections::BTreeSet, time::Duration};

use schemars::JsonSchema;
use serde::Serialize;

use super::{Finding, Report, verify};
use crate::{
    engine::units,
    plan::{Action, Answerer, Loaded, OnFailure, Plan, Watch, steps::OnDrainTimeout},
};

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
    changes.watched(before, after);
    changes.time(before, after);
    changes.kept(before, after);
    changes.found(&reports);
    changes.proven(before, after);
    changes.others(before, after);
    if changes.0.is_empty() && before != after {
        changes.add(Direction::Other, "the plans differ in what no guarantee is about");
    }
    changes.0.sort_by_key(|change| change.direction);
    changes.0
}

/// A time that a plan asks for, where it does.
fn said(time: Duration) -> String {
    if time.is_zero() { "none".to_owned() } else { units::length(time) }
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
            std::cmp::Ordering::Less => self.add(Direction::Weaker, text()),
            std::cmp::Ordering::Greater => self.add(Direction::Stronger, text()),
            std::cmp::Ordering::Equal => {}
        }
    }

    fn way_back(&mut self, [before, after]: &[Report; 2]) {
        let kept = |report: &Report| {
            let ends = report.facts.len().saturating_sub(1);
            let lost = report.facts.iter().take(ends).position(|step| step.reached && !step.reversible);
            lost.map_or(0, |at| ends - at)
        };
        let (lost_before, lost_after) = (kept(before), kept(after));
        self.less_is_weaker(std::cmp::Reverse(lost_before), std::cmp::Reverse(lost_after), || {
            let steps = units::count(lost_before.abs_diff(lost_after), "step");
            let when = if lost_after > lost_before { "earlier" } else { "later" };
            format!("the way back is lost {steps} {when}")
        });
        let longest = |report: &Report| {
            let backs = report.facts.iter().filter_map(|step| step.longest_back);
            Duration::from_secs_f64(backs.fold(0.0, f64::max) / 1_000.0)
        };
        let (was, is) = (longest(before), longest(after));
        self.less_is_weaker(std::cmp::Reverse(was), std::cmp::Reverse(is), || {
            format!("worst time back: {} → {}", units::length(was), units::length(is))
        });
    }

    fn asked(&mut self, before: &Plan, after: &Plan) {
        let asks = |plan: &Plan| -> u64 {
            let of = |action: &Action| match action {
                Action::HttpProbe(probe) if probe.answered_by == Answerer::New => u64::from(probe.pass_after),
                _ => 0,
            };
            plan.steps.iter().map(|step| of(&step.action)).sum()
        };
        match (asks(before), asks(after)) {
            (1.., 0) => self.add(Direction::Weaker, "the probe of the new generation was removed"),
            (0, 1..) => self.add(Direction::Stronger, "the new generation is probed before the commit"),
            (was, is) => self
                .less_is_weaker(was, is, || format!("good answers of new before the commit: {was} → {is}")),
        }
        for (name, probe) in &before.probes {
            if after.probes.get(name).is_some_and(|now| now != probe) {
                self.add(Direction::Other, format!("probe `{name}` asks or expects something else"));
            }
        }
    }

    fn watched(&mut self, before: &Plan, after: &Plan) {
        let notices = |watch: &Watch| watch.interval.saturating_mul(watch.fail_after);
        let same =
            |one: &Watch, other: &Watch| (&one.probe, one.answered_by) == (&other.probe, other.answered_by);
        for watch in &before.watches {
            match after.watches.iter().find(|now| same(watch, now)) {
                None => self.add(Direction::Weaker, format!("the watch on `{}` was removed", watch.probe)),
                Some(now) => {
                    let (was, is) = (notices(watch), notices(now));
                    self.less_is_weaker(std::cmp::Reverse(was), std::cmp::Reverse(is), || {
                        let (was, is) = (units::length(was), units::length(is));
                        format!("the watch on `{}` notices after {was} → {is}", watch.probe)
                    });
                }
            }
        }
        let added = after.watches.iter().filter(|now| !before.watches.iter().any(|watch| same(watch, now)));
        for watch in added {
            self.add(Direction::Stronger, format!("`{}` is watched", watch.probe));
        }
    }

    fn time(&mut self, before: &Plan, after: &Plan) {
        let sum = |plan: &Plan, of: fn(&Action) -> Duration| -> Duration {
            plan.steps.iter().map(|step| of(&step.action)).fold(Duration::ZERO, Duration::saturating_add)
        };
        let soaks = |action: &Action| match action {
            Action::Soak(soak) => soak.length,
            _ => Duration::ZERO,
        };
        let stays = |action: &Action| match action {
            Action::WaitForWorkers(wait) => wait.stable_for,
            _ => Duration::ZERO,
        };
        for (what, of) in
            [("soak", soaks as fn(&Action) -> Duration), ("workers must stay the same for", stays)]
        {
            let (was, is) = (sum(before, of), sum(after, of));
            self.less_is_weaker(was, is, || format!("{what}: {} → {}", said(was), said(is)));
        }
        let (was, is) = (before.longest(), after.longest());
        if was != is {
            let text = format!("longest way forward: {} → {}", units::length(was), units::length(is));
            self.add(Direction::Other, text);
        }
    }

    /// What happens to connections, and whether a failure goes back by itself.
    fn kept(&mut self, before: &Plan, after: &Plan) {
        let drain = |plan: &Plan| {
            plan.steps.iter().find_map(|step| match &step.action {
                Action::Commit(commit) => Some(commit.on_drain_timeout),
                _ => None,
            })
        };
        let cuts = |plan: &Plan| drain(plan) == Some(OnDrainTimeout::Terminate);
        self.less_is_weaker(!cuts(before), !cuts(after), || {
            let now = if cuts(after) { "are cut" } else { "are left alone" };
            format!("old connections that are not done in time {now}")
        });
        let stops = |plan: &Plan| {
            let steps = plan.steps.iter().filter(|step| step.common.on_failure == OnFailure::Stop).count();
            if plan.rollback.automatic { steps } else { plan.steps.len() }
        };
        let (was, is) = (stops(before), stops(after));
        self.less_is_weaker(std::cmp::Reverse(was), std::cmp::Reverse(is), || {
            format!("steps whose failure waits for a person instead of going back: {was} → {is}")
        });
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

    /// What the new file must be, how often a probe may fail, and the bound for all of it.
    fn proven(&mut self, before: &Plan, after: &Plan) {
        let says = |plan: &Plan, of: fn(&Action) -> bool| plan.steps.iter().any(|step| of(&step.action));
        let version = |action: &Action| match action {
            Action::ReplaceBinary(step) => step.version.is_some(),
            Action::AdoptBinary(step) => step.version.is_some(),
            _ => false,
        };
        let digest = |action: &Action| match action {
            Action::AdoptBinary(step) => step.sha256.is_some(),
            action => matches!(action, Action::ReplaceBinary(_)),
        };
        let compared = [("version", version as fn(&Action) -> bool), ("sha256", digest)];
        for (key, of) in compared {
            self.less_is_weaker(says(before, of), says(after, of), || {
                let now = if says(after, of) { "is compared" } else { "is not compared any more" };
                format!("the `{key}` of the new file {now}")
            });
        }
        let fails = |plan: &Plan| {
            let of = |action: &Action| match action {
                Action::HttpProbe(probe) => probe.fail_after,
                _ => 0,
            };
            plan.steps.iter().map(|step| of(&step.action)).max().unwrap_or_default()
        };
        if let (was @ 1.., is @ 1..) = (fails(before), fails(after)) {
            self.less_is_weaker(std::cmp::Reverse(was), std::cmp::Reverse(is), || {
                format!("bad answers in a row that fail a step: {was} → {is}")
            });
        }
        match (before.defaults.budget, after.defaults.budget) {
            (Some(_), None) => self.add(Direction::Weaker, "the budget was removed"),
            (None, Some(_)) => self.add(Direction::Stronger, "the way forward has a budget"),
            _ => {}
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
