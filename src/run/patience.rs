//! A bounded wait and its one warning, when half of the time is over.

use std::time::Duration;

use super::until::millis;
use crate::engine::Event;

/// What is waited for, since when and how long.
#[derive(Clone, Debug)]
pub(super) struct Patience {
    what: String,
    began: Duration,
    bound: Duration,
    told: bool,
}

impl Patience {
    /// Begins now.
    pub(super) fn new(what: impl Into<String>, bound: Duration, now: Duration) -> Self {
        Self { what: what.into(), began: now, bound, told: false }
    }

    /// How long it may last.
    pub(super) const fn bound(&self) -> Duration {
        self.bound
    }

    /// When it ends.
    pub(super) const fn deadline(&self) -> Duration {
        self.began.saturating_add(self.bound)
    }

    /// When to look at the clock again: at its half, then at its end.
    pub(super) fn next(&self) -> Duration {
        if self.told { self.deadline() } else { self.began.saturating_add(self.bound / 2) }
    }

    /// How long it has lasted.
    pub(super) const fn waited(&self, now: Duration) -> Duration {
        now.saturating_sub(self.began)
    }

    /// The warning, once: half of the time is over.
    pub(super) fn slow(&mut self, step: Option<usize>, now: Duration) -> Option<Event> {
        if self.told || now < self.next() {
            return None;
        }
        self.told = true;
        let (waited, timeout) = (millis(self.waited(now)), millis(self.bound));
        Some(Event::Slow { step, waiting: self.what.clone(), waited, timeout })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn it_is_slow_once_and_only_from_its_half() {
        let mut patience = Patience::new("rain", 4 * SECOND, 10 * SECOND);
        assert_eq!((patience.next(), patience.deadline()), (12 * SECOND, 14 * SECOND));
        assert!(patience.slow(None, 11 * SECOND).is_none());
        let slow = serde_json::to_value(patience.slow(Some(3), 12 * SECOND)).unwrap();
        let told =
            json!({ "event": "slow", "step": 3, "waiting": "rain", "waited": 2_000.0, "timeout": 4_000.0 });
        assert_eq!(slow, told);
        assert_eq!(patience.next(), patience.deadline());
        assert!(patience.slow(Some(3), 13 * SECOND).is_none());
    }
}
