//! What came of one probe.

use std::time::Duration;

use super::outcome::{Outcome, Unattributed};
use crate::{engine::units::length, protocol::Generation};

/// The worker that accepted the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnsweredBy {
    /// Its pid.
    pub pid: i32,
    /// Its generation.
    pub generation: Generation,
}

/// What came of one probe.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The verdict.
    pub outcome: Outcome,
    /// Who accepted the connection that the request was sent on; known before it was sent.
    pub by: Option<AnsweredBy>,
    /// Why nobody is named, when a connection was there to ask about.
    pub unattributed: Option<Unattributed>,
    /// From connecting to the last byte, without the time that attributing took; until the failure for a
    /// request that failed.
    pub latency: Duration,
    /// How many connections were opened until one was the wanted generation's.
    pub connections: u32,
    /// The status of the answer, when there was one.
    pub status: Option<u16>,
}

impl Answer {
    /// An answer without a request: nothing was sent.
    #[must_use]
    pub const fn without_request(outcome: Outcome, latency: Duration, connections: u32) -> Self {
        Self { outcome, by: None, unattributed: None, latency, connections, status: None }
    }

    /// One line for people: `200 from worker 4242 (new) after 1 ms`.
    #[must_use]
    pub fn in_words(&self) -> String {
        let by = match (&self.by, &self.unattributed) {
            (Some(by), _) => format!(" from worker {} ({})", by.pid, by.generation),
            (None, Some(why)) => format!(" (accepted, worker unknown: {why})"),
            (None, None) => String::new(),
        };
        let after = if self.outcome.takes_a_time() {
            format!(" after {}", length(self.latency))
        } else {
            String::new()
        };
        format!("{}{by}{after}", self.outcome)
    }
}
