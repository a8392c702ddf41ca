//! Events to human text and JSON lines; pure.

mod back;
mod checks;
mod ending;
mod explain;
mod human;
mod json;
mod keyboard;
mod layout;
mod plan_view;
mod preview;
mod starter;
mod status;
mod style;
mod tally;
pub mod words;

pub use checks::{Count, Finding};
pub use explain::{explained, listed};
pub use human::Human;
pub use json::json_line;
pub use plan_view::PlanView;
pub use preview::{Found, Preview, PreviewStep, Value};
pub use starter::Starter;
pub use status::{Beside, BesideIs, Names, Status};
pub use style::Style;

#[cfg(test)]
mod hosts;
#[cfg(test)]
mod runs;
