//! What two plans want of time, of the new file and of workers.

use std::time::Duration;

use super::{Changes, Direction};
use crate::{
    engine::units,
    plan::{
        Action, Plan,
        steps::{Until, WaitForWorkers},
    },
    protocol::Generation,
};

impl Changes {
    pub(super) fn time(&mut self, before: &Plan, after: &Plan) {
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
        match (before.defaults.budget, after.defaults.budget) {
            (Some(_), None) => self.add(Direction::Weaker, "the budget was removed"),
            (None, Some(_)) => self.add(Direction::Stronger, "the way forward has a budget"),
            _ => {}
        }
    }

    /// What the new file must be.
    pub(super) fn file(&mut self, before: &Plan, after: &Plan) {
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
    }

    /// How many workers a plan itself wants; otherwise it is what the host has that day.
    pub(super) fn workers(&mut self, before: &Plan, after: &Plan) {
        for which in [Generation::Old, Generation::New] {
            let (was, is) = (wanted(before, which), wanted(after, which));
            let said = |count: Option<u32>| count.map_or_else(|| "not said".to_owned(), |it| it.to_string());
            self.less_is_weaker(was, is, || {
                format!("workers of {which} that must accept: {} → {}", said(was), said(is))
            });
        }
    }
}

/// The largest `count` that a step waits for.
fn wanted(plan: &Plan, which: Generation) -> Option<u32> {
    let of = |action: &Action| match action {
        Action::WaitForWorkers(WaitForWorkers { generation, until: Until::Accepting, count, .. })
            if *generation == which =>
        {
            *count
        }
        _ => None,
    };
    plan.steps.iter().filter_map(|step| of(&step.action)).max()
}

/// A time that a plan asks for, where it does.
fn said(time: Duration) -> String {
    if time.is_zero() { "none".to_owned() } else { units::length(time) }
}
