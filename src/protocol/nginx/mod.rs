//! nginx's own signal machine as a model: what every master does with what it is told, and what is there then; pure.
//!
//! A [`Host`] is small and has no clock: workers are counted in sets (what one start of workers starts), and everything
//! that follows from an input has happened when the next one comes. What a stopped master is told waits until it goes on:
//! nginx handles all of it together, in an order of its own. Real nginx is driven with the same inputs and compared
//! (`tests/conformance`); where the two differ the model is wrong.
//!
//! Sources: `ngx_master_process_cycle` and `ngx_reap_children` (`src/os/unix/ngx_process_cycle.c`),
//! `ngx_signal_handler` (`src/os/unix/ngx_process.c`), `ngx_exec_new_binary` (`src/core/nginx.c`), `ngx_create_pidfile`
//! and `ngx_delete_pidfile` (`src/core/ngx_cycle.c`), `ngx_close_listening_sockets` (`src/core/ngx_connection.c`).

mod back;
mod ends;
mod files;
mod host;
mod instants;
mod master;
mod sight;
mod simulated;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod ways_back;

pub use back::WayBack;
pub use files::{Binary, Configuration, Executes, Names, UnixSocket, Unlinking};
pub use host::Host;
pub use instants::Instant;
pub use master::{Master, NewBinary, Who};
pub use sight::Memory;
pub use simulated::Simulated;
