//! The way back of two plans: how far it reaches, how long it takes, and what a failure leads to.

use std::time::Duration;

use super::{Changes, Report};
use crate::{
    engine::units,
    plan::{Action, OnFailure, Plan, steps::OnDrainTimeout},
};

impl Changes {
    pub(super) fn way_back(&mut self, [before, after]: &[Report; 2]) {
        let kept = |report: &Report| {
            let ends = report.facts.len().saturating_sub(1);
            let lost = report.facts.iter().take(ends).position(|step| step.reached && !step.reversible);
            lost.map_or(0, |at| ends - at)
        };
        let (lost_before, lost_after) = (kept(before), kept(after));
        self.more_is_weaker(lost_before, lost_after, || {
            let steps = units::count(lost_before.abs_diff(lost_after), "step");
            let when = if lost_after > lost_before { "earlier" } else { "later" };
            format!("the way back is lost {steps} {when}")
        });
        let longest = |report: &Report| {
            let backs = report.facts.iter().filter_map(|step| step.longest_back);
            Duration::from_secs_f64(backs.fold(0.0, f64::max) / 1_000.0)
        };
        let (was, is) = (longest(before), longest(after));
        self.more_is_weaker(was, is, || {
            format!("worst time back: {} → {}", units::length(was), units::length(is))
        });
    }

    /// What happens to connections, and whether a failure goes back by itself.
    pub(super) fn kept(&mut self, before: &Plan, after: &Plan) {
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
        self.more_is_weaker(was, is, || {
            format!("steps whose failure waits for a person instead of going back: {was} → {is}")
        });
    }
}
