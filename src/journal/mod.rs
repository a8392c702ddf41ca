//! The durable intent log of a run, written ahead and read back; and the run's directory with what people read.

mod entry;
mod file;
mod line;
mod open_run;
mod replay;
mod run_directory;

#[cfg(test)]
mod page;
#[cfg(test)]
mod tests;

pub use entry::{Begun, Entry, FORMAT, keeps};
pub use file::{Damage, Journal, NAME, NotRecorded, read};
pub use line::LineError;
pub use open_run::{OpenRun, instances, open_run};
pub use replay::{Committed, IllegalEntry, Made, Replay};
pub use run_directory::{PLAN, RunDirectory, StateError};
