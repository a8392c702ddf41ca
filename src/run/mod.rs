//! The shell: performs one move at a time, waits, watches, guards.

mod asked;
mod back;
mod driver;
mod ending;
mod guard;
mod left;
mod live;
mod patience;
mod recipe;
mod rollback;
#[cfg(test)]
mod simulated;
mod steps;
mod strangers;
mod until;
mod world;

pub use driver::{Given, Run};
pub use guard::Guarded;
pub use left::Left;
pub use live::{Input, Live, Resumable, ResumeError, Started, Teller, open_run, start, would};
pub use rollback::{NoRollback, Rollback, newest};
pub use until::millis;
pub use world::{Effect, MoveError, OldBinary, Violation, Wake, World};
