//! The durable intent log of a run, written ahead and read back; and the run's directory with what people read.

mod confirmation;
mod entry;
mod events;
mod instance;
mod line;
mod open_run;
mod past_runs;
mod reader;
mod replay;
mod run_directory;
mod writer;

#[cfg(test)]
mod page;
#[cfg(test)]
pub(crate) mod tests;

pub use confirmation::{CONFIRM, Confirmation};
pub use entry::{Begun, Entry, FORMAT, keeps};
pub use events::each_record;
pub use instance::{instance_directory, instances, runs};
pub use line::LineError;
pub use open_run::{OpenRun, open_run};
pub use past_runs::{PastRuns, past_run, past_runs};
pub use reader::{Damage, parse, read};
pub use replay::{Committed, IllegalEntry, Made, Replay};
pub use run_directory::{PLAN, RunDirectory, StateError};
pub use writer::{Journal, Medium, NAME, NotRecorded};
