//! Linux and nothing else: processes, pidfds, files, sockets, locks, the clock.

mod attributes;
pub mod clock;
pub mod directory;
mod exchange;
pub mod files;
pub mod listening;
pub mod locks;
pub mod pidfd;
pub mod process;
pub mod staged;
pub mod tail;

#[cfg(test)]
pub(crate) mod scratch;

pub use exchange::{ExchangeError, Exchanged};
