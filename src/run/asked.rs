//! How often a person asked the run to stop. Signals that say one thing twice are one.

use std::time::Duration;

/// Within this time signals are one request: `timeout` of coreutils sends its signal to the run and to its group.
const ONE_REQUEST: Duration = Duration::from_millis(100);

/// The requests so far.
#[derive(Debug, Default)]
pub(super) struct Asked {
    times: u32,
    /// When the last one came.
    last: Option<Duration>,
    /// The terminal was closed: its shell and the kernel both say so, at any distance.
    hung_up: bool,
}

impl Asked {
    /// The number of the request that this signal makes; `None` when it belongs to one that was counted.
    pub(super) fn count(&mut self, signal: &str, now: Duration) -> Option<u32> {
        let hung_up = signal == "SIGHUP" && std::mem::replace(&mut self.hung_up, true);
        let same = self.last.is_some_and(|last| now.saturating_sub(last) < ONE_REQUEST);
        if hung_up || same {
            return None;
        }
        self.last = Some(now);
        self.times += 1;
        Some(self.times)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What each signal counts as, given when it comes.
    fn counted(signals: &[(&str, u64)]) -> Vec<Option<u32>> {
        let mut asked = Asked::default();
        signals.iter().map(|(signal, ms)| asked.count(signal, Duration::from_millis(*ms))).collect()
    }

    #[test]
    fn a_signal_that_is_sent_twice_at_once_is_one_request() {
        assert_eq!(counted(&[("SIGTERM", 0), ("SIGTERM", 99), ("SIGTERM", 100)]), [Some(1), None, Some(2)]);
        assert_eq!(counted(&[("SIGINT", 0), ("SIGTERM", 5)]), [Some(1), None]);
    }

    #[test]
    fn a_terminal_is_closed_once() {
        assert_eq!(counted(&[("SIGHUP", 0), ("SIGHUP", 900), ("SIGINT", 950)]), [Some(1), None, Some(2)]);
    }
}
