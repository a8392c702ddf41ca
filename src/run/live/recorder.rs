//! Events become records: numbered, timed, written to the run's file and told.

use std::time::Duration;

use super::Teller;
use crate::{
    engine::{Event, Record},
    host::clock::{self, Clock},
    journal::RunDirectory,
    run::until::millis,
};

/// The one place where events of a run go.
pub(super) struct Recorder {
    clock: Clock,
    seq: u64,
    directory: Option<RunDirectory>,
    teller: Teller,
}

impl Recorder {
    /// The run begins now.
    pub(super) fn new(teller: Teller) -> Self {
        Self { clock: Clock::start(), seq: 0, directory: None, teller }
    }

    /// From now on records also go to the run's event file.
    pub(super) fn keep_in(&mut self, directory: RunDirectory) {
        self.directory = Some(directory);
    }

    /// How long ago the run began.
    pub(super) fn now(&self) -> Duration {
        self.clock.elapsed()
    }

    /// Makes an event known.
    pub(super) fn tell(&mut self, event: Event) {
        self.seq += 1;
        let record = Record { seq: self.seq, ms: millis(self.now()), at: clock::wall_time(), event };
        if let Some(directory) = &mut self.directory {
            directory.append(&record);
        }
        (self.teller)(&record);
    }
}
