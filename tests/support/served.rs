//! What became of every request of a load.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How one request ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    Answered {
        status: u16,
        pid: Option<i32>,
        version: Option<String>,
    },
    /// Sent, and no complete answer came.
    Lost,
    /// No connection could be made.
    Refused,
    /// Sent on a kept-alive connection just as the server closed it: not a byte came back.
    Raced,
}

/// One request; the instants are of `CLOCK_MONOTONIC`.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) sent: Instant,
    pub(crate) done: Instant,
    pub(crate) outcome: Outcome,
}

/// All requests of a load, or some of them, in the order they were sent.
#[derive(Debug, Clone)]
pub(crate) struct Served(Vec<Request>);

impl Served {
    pub(crate) fn new(mut requests: Vec<Request>) -> Self {
        requests.sort_by_key(|request| request.sent);
        Self(requests)
    }

    /// These and those.
    pub(crate) fn and(self, others: Self) -> Self {
        Self::new([self.0, others.0].concat())
    }

    fn count(&self, matches: impl Fn(&Outcome) -> bool) -> usize {
        self.0.iter().filter(|request| matches(&request.outcome)).count()
    }

    /// Only what was sent from `from` until before `to`.
    pub(crate) fn sent_between(&self, from: Instant, to: Instant) -> Self {
        Self(self.0.iter().filter(|request| from <= request.sent && request.sent < to).cloned().collect())
    }

    pub(crate) fn sent(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn lost(&self) -> usize {
        self.count(|outcome| *outcome == Outcome::Lost)
    }

    pub(crate) fn refused(&self) -> usize {
        self.count(|outcome| *outcome == Outcome::Refused)
    }

    pub(crate) fn raced(&self) -> usize {
        self.count(|outcome| *outcome == Outcome::Raced)
    }

    /// Answered with this status.
    pub(crate) fn with_status(&self, wanted: u16) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::Answered { status, .. } if *status == wanted))
    }

    /// Answered by a worker of this nginx version.
    pub(crate) fn by_version(&self, wanted: &str) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::Answered { version, .. } if version.as_deref() == Some(wanted)))
    }

    /// What a client would complain about: everything but a 200 and the race that HTTP/1.1 allows.
    pub(crate) fn harmed(&self) -> usize {
        self.sent() - self.with_status(200) - self.raced()
    }

    /// The longest time between two good answers, from the first to the last.
    pub(crate) fn longest_gap(&self) -> Duration {
        let good = |request: &&Request| matches!(request.outcome, Outcome::Answered { status: 200, .. });
        let mut ends: Vec<Instant> = self.0.iter().filter(good).map(|request| request.done).collect();
        ends.sort();
        ends.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default()
    }

    /// The longest from sending to the whole answer.
    pub(crate) fn slowest(&self) -> Duration {
        let answered = self.0.iter().filter(|request| matches!(request.outcome, Outcome::Answered { .. }));
        answered.map(|request| request.done - request.sent).max().unwrap_or_default()
    }

    /// The counts as JSON, by status and by version too.
    pub(crate) fn json(&self) -> Value {
        let (mut statuses, mut versions) =
            (BTreeMap::<String, usize>::new(), BTreeMap::<String, usize>::new());
        for request in &self.0 {
            if let Outcome::Answered { status, version, .. } = &request.outcome {
                *statuses.entry(status.to_string()).or_default() += 1;
                *versions.entry(version.clone().unwrap_or_default()).or_default() += 1;
            }
        }
        json!({
            "sent": self.sent(), "lost": self.lost(), "refused": self.refused(), "raced": self.raced(),
            "harmed": self.harmed(), "status": statuses, "answered-by": versions,
            "longest-gap-ms": self.longest_gap().as_secs_f64() * 1000.0,
            "slowest-ms": self.slowest().as_secs_f64() * 1000.0,
        })
    }
}

impl fmt::Display for Served {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.json())
    }
}
