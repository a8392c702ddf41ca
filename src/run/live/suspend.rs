//! A run that is stopped for a while: Ctrl-Z, or SIGSTOP from anywhere. It looks before it judges anything again.

use std::time::Duration;

use rustix::process::{Signal, getpid, kill_process};

use super::{Live, QUICK, signals::Caught};
use crate::{
    engine::Event,
    run::{Wake, until::millis},
};

/// The run was not seen to run for this long, and then SIGCONT came: it was stopped.
const UNSEEN: Duration = Duration::from_millis(100);

/// How long the run was not seen to run: a stop by SIGSTOP is only known by its end.
#[derive(Debug)]
pub(super) struct Stops {
    alive: Duration,
    unseen: Option<Duration>,
}

impl Stops {
    /// It runs, and what it did before may have taken long.
    pub(super) fn at(now: Duration) -> Self {
        Self { alive: now, unseen: None }
    }

    /// It runs. Between two beats lie a look and a wait of a few milliseconds each.
    pub(super) fn beat(&mut self, now: Duration) {
        let gap = now.saturating_sub(self.alive);
        self.unseen = (gap >= UNSEEN).then_some(gap).or(self.unseen);
        self.alive = now;
    }
}

impl Live {
    /// What a signal means for the wait that it ends.
    pub(super) fn caught(&mut self, caught: Caught) -> Wake {
        match caught {
            Caught::Stop(signal) => return Wake::Interrupted(signal),
            Caught::Suspend => self.suspend(),
            // It is also sent to what was never stopped.
            Caught::Continued => self.resumed(),
        }
        Wake::Look
    }

    /// Between two looks, so neither inside a move nor inside the exec window: says that nobody watches, and stops.
    fn suspend(&mut self) {
        self.recorder.tell(Event::Suspended);
        self.stops = Stops::at(self.recorder.now());
        // Not stopped by it, the run goes on as before.
        let _ = kill_process(getpid(), Signal::STOP);
        self.stops.beat(self.recorder.now());
        // Said also where it was short: it was said that nobody watches.
        self.stops.unseen.get_or_insert_default();
        self.resumed();
    }

    /// Time that nobody watched counts for nothing: no time-out, no budget, no stability. Probes that were under way were
    /// judged by it, so the watches begin anew.
    fn resumed(&mut self) {
        let now = self.recorder.now();
        self.stops.beat(now);
        let Some(away) = self.stops.unseen.take() else { return };
        self.recorder.stand_still_for(away);
        self.recorder.tell(Event::Resumed { away: millis(away) });
        self.stops = Stops::at(self.recorder.now());
        self.watches.start_anew(&self.asker);
        self.last = None;
        self.pace = QUICK;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beaten(beats: &[u64]) -> Stops {
        let mut stops = Stops::at(Duration::ZERO);
        for ms in beats {
            stops.beat(Duration::from_millis(*ms));
        }
        stops
    }

    #[test]
    fn a_gap_between_two_beats_is_kept_until_the_signal_that_explains_it() {
        assert_eq!(beaten(&[20, 45, 60]).unseen, None);
        assert_eq!(beaten(&[20, 1_020, 1_040]).unseen, Some(Duration::from_secs(1)));
    }

    #[test]
    fn a_long_move_is_no_gap() {
        assert!(beaten(&[20, 500]).unseen.is_some());
        let mut stops = Stops::at(Duration::from_secs(5));
        stops.beat(Duration::from_millis(5_020));
        assert_eq!(stops.unseen, None);
    }
}
