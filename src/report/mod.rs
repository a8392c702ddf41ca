//! Events to human text and JSON lines; pure.

mod back;
mod checks;
mod ending;
mod explain;
mod facts;
mod history;
mod human;
mod json;
mod keyboard;
mod layout;
mod message;
mod open_run;
mod plan_view;
mod preview;
mod salt;
mod starter;
mod status;
mod style;
mod taken_over;
mod tally;
pub mod words;

pub use checks::{Count, Finding};
pub use explain::{explained, listed};
pub use facts::facts;
pub use history::{history, past_run};
pub use human::Human;
pub use json::{json_line, json_text};
pub use message::{message, nothing_to_do, one_line, refused_plan, would_be_refused};
pub use open_run::{OpenRun, ToConfirm};
pub use plan_view::PlanView;
pub use preview::{Found, Preview, PreviewStep, Value};
pub use salt::{Salt, Versions, salt_line};
pub use starter::Starter;
pub use status::{Beside, BesideIs, Names, Status, left_behind};
pub use style::Style;

#[cfg(test)]
mod hosts;
#[cfg(test)]
mod runs;
