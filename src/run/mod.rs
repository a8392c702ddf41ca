//! The shell: performs one move at a time, waits, watches, guards.

mod back;
mod driver;
mod ending;
mod live;
mod recipe;
mod steps;
mod until;
mod world;

pub use driver::{Given, Run};
pub use live::{Live, Start, StartError, start};
pub use world::{Effect, MoveError, Violation, Wake, World};
