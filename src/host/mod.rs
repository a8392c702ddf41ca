//! Linux and nothing else: processes, pidfds, files, sockets, locks, the clock.

mod attributes;
mod by_renames;
pub mod clock;
pub mod command;
pub mod descriptors;
pub mod directory;
mod exchange;
pub mod exits;
pub mod files;
pub mod held_by;
pub mod held_sockets;
pub mod ignored;
pub mod listening;
pub mod locks;
pub mod name;
pub mod network;
pub mod notify;
pub mod pidfd;
pub mod place;
pub mod process;
pub mod sock_diag;
mod sock_dump;
pub mod staged;
pub mod tail;
pub mod timer;
mod unix_diag;
pub mod view;
pub mod wakeup;
pub mod world_id;

#[cfg(test)]
pub(crate) mod scratch;

pub use by_renames::ASIDE;
pub use exchange::{ExchangeError, Exchanged, Exchanges};
