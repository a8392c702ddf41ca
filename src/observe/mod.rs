//! Host facts to `Situation`.

mod daemon;
mod executed;
mod files;
mod find;
mod ledger;
mod memory;
mod observer;
mod strays;
#[cfg(test)]
mod tests;
mod tree;

pub use daemon::daemonized;
pub use executed::{NoPath, executed};
pub use files::{names, oldbin};
pub use find::{FindError, Found, Side, family, find};
pub use memory::{Known, Memory, Remembered};
pub use observer::{Instance, Observer};
pub use strays::left_behind;
pub use tree::facts;
