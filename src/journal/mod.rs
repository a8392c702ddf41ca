//! The run's event file.
