//! What two plans ask, and which answers are good.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::{Changes, Direction};
use crate::{
    engine::units,
    plan::{Action, Answerer, Expect, Plan, Probe, Tls, Watch},
};

impl Changes {
    /// How often new is asked before the commit.
    pub(super) fn asked(&mut self, before: &Plan, after: &Plan) {
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
        let fails = |plan: &Plan| {
            let of = |action: &Action| match action {
                Action::HttpProbe(probe) => probe.fail_after,
                _ => 0,
            };
            plan.steps.iter().map(|step| of(&step.action)).max().unwrap_or_default()
        };
        if let (was @ 1.., is @ 1..) = (fails(before), fails(after)) {
            self.more_is_weaker(was, is, || format!("bad answers in a row that fail a step: {was} → {is}"));
        }
    }

    /// Which answers are good, of each probe that both have.
    pub(super) fn probes(&mut self, before: &Plan, after: &Plan) {
        for (name, was) in &before.probes {
            let Some(is) = after.probes.get(name) else { continue };
            if request(was) != request(is) {
                self.add(Direction::Other, format!("probe `{name}` asks something else"));
            }
            self.statuses(name, &was.expect.status, &is.expect.status);
            self.texts(name, &was.expect, &is.expect);
            let (had, has) = (longest(was), longest(is));
            self.more_is_weaker(had, has, || {
                format!("a good answer to `{name}` may take {} → {}", units::length(had), units::length(has))
            });
            if had == has && was.request_timeout != is.request_timeout {
                self.add(Direction::Other, format!("probe `{name}` gives up at another time"));
            }
            self.more_is_weaker(was.tls.insecure, is.tls.insecure, || {
                let now =
                    if is.tls.insecure { "any certificate is good" } else { "the certificate is proven" };
                format!("probe `{name}`: {now}")
            });
        }
    }

    fn statuses(&mut self, name: &str, was: &[u16], is: &[u16]) {
        let [had, has] = [was, is].map(|all| all.iter().copied().collect::<BTreeSet<_>>());
        let direction = match (had.is_subset(&has), has.is_subset(&had)) {
            (true, true) => return,
            (true, false) => Direction::Weaker,
            (false, true) => Direction::Stronger,
            (false, false) => Direction::Other,
        };
        let [had, has] = [had, has].map(|all| all.iter().map(u16::to_string).collect::<Vec<_>>().join(", "));
        self.add(direction, format!("good statuses of `{name}`: {had} → {has}"));
    }

    /// What must stand in an answer: it may hold a secret, and is not told.
    fn texts(&mut self, name: &str, was: &Expect, is: &Expect) {
        let [had, has] = [was, is].map(must_hold);
        for what in had.keys().chain(has.keys()).collect::<BTreeSet<_>>() {
            let (direction, now) = match (had.get(what), has.get(what)) {
                (Some(_), None) => (Direction::Weaker, "is not compared any more"),
                (None, Some(_)) => (Direction::Stronger, "is compared"),
                (was, is) if was != is => (Direction::Other, "must be another"),
                _ => continue,
            };
            self.add(direction, format!("answers to `{name}`: {what} {now}"));
        }
    }

    pub(super) fn watched(&mut self, before: &Plan, after: &Plan) {
        let notices = |watch: &Watch| watch.interval.saturating_mul(watch.fail_after);
        let same =
            |one: &Watch, other: &Watch| (&one.probe, one.answered_by) == (&other.probe, other.answered_by);
        for watch in &before.watches {
            match after.watches.iter().find(|now| same(watch, now)) {
                None => self.add(Direction::Weaker, format!("the watch on `{}` was removed", watch.probe)),
                Some(now) => {
                    let (was, is) = (notices(watch), notices(now));
                    self.more_is_weaker(was, is, || {
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
}

/// What is asked, without what is a good answer.
fn request(probe: &Probe) -> Probe {
    let tls = Tls { insecure: false, ..probe.tls.clone() };
    Probe { expect: Expect::default(), request_timeout: Duration::ZERO, tls, ..probe.clone() }
}

/// The longest that a good answer may take: both limits count from connecting to the last byte.
fn longest(probe: &Probe) -> Duration {
    let limit = probe.expect.max_latency.unwrap_or(probe.request_timeout);
    limit.min(probe.request_timeout)
}

/// Each text that an answer must hold, by its place. Names of headers are compared without case.
fn must_hold(expect: &Expect) -> BTreeMap<String, &str> {
    let headers = expect.headers.iter();
    let headers =
        headers.map(|(name, value)| (format!("header {}", name.to_ascii_lowercase()), value.as_str()));
    let body = expect.body_contains.as_deref().map(|text| ("the text in the body".to_owned(), text));
    headers.chain(body).collect()
}
