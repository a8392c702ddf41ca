//! Linux and nothing else: processes, pidfds, files, sockets, locks, the clock.

pub mod clock;
pub mod directory;
mod exchange;
pub mod files;
pub mod listening;
pub mod pidfd;
pub mod process;

#[cfg(test)]
pub(crate) mod scratch;

pub use exchange::{ExchangeError, Exchanged};
