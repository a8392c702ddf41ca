//! What to do next: phases, events, one transition table; pure, no clock.

mod about;
mod event;
mod expect;
mod fault;
mod finding;
mod new_file;
mod past_run;
mod phase;
mod refused;
pub mod schema;
mod step_facts;
mod texts;
pub mod units;
mod verdict;

pub use about::about;
pub use event::{AnswerBy, By, Event, Goes, Level, Master, Record, WaitedFor};
pub use expect::Expect;
pub use fault::{Fault, FaultReport};
pub use finding::{FindingReport, Severity};
pub use new_file::NewFile;
pub use past_run::{Damaged, EndedBy, PastRun};
#[cfg(test)]
pub(crate) use phase::tests::every_event;
pub use phase::{IllegalEvent, Phase, next};
pub use refused::{RefusedPlan, RefusedRun};
pub use step_facts::{PlanTimes, StepFacts};
pub use verdict::{Ending, Serving, Verdict};
