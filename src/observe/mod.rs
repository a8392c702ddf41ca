//! Host facts to `Situation`.

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

pub use executed::{NoPath, executed};
pub use find::{FindError, Found, Side, find};
pub use memory::{Known, Memory, Remembered};
pub use observer::{Instance, Observer};
pub use tree::facts;
