//! Linux and nothing else: processes, pidfds, files, sockets, locks, the clock.

pub mod listening;
pub mod pidfd;
pub mod process;
