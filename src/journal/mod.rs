//! The run's directory under the state directory: its event file and the plan it ran.

mod run_directory;

pub use run_directory::{RunDirectory, StateError};
