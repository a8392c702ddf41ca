//! How each action is done: one file each.

mod commit;
mod confirm;
mod http_probe;
mod signal;
mod usr2;
mod wait_for_workers;

pub(super) use http_probe::probed;
