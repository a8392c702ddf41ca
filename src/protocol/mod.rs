//! What nginx does with each signal: situations, moves and the way back; pure.

mod definitions;
mod facts;
mod identity;
mod moves;
pub mod nginx;
mod settling;
mod signal;
mod situation;
mod stability;
#[cfg(test)]
mod tests;
pub mod way_back;

pub use definitions::{poison_suspected, told_to_leave};
pub use facts::{Activity, ProcessFacts, RunState, Title};
pub use identity::{FileId, Generation, Identity, Living};
pub use moves::{Move, Next, OldFile, Question, Stuck, Waiting};
pub use settling::Settling;
pub use signal::{Signal, SignalSet};
pub use situation::{
    Answers, Baseline, GenerationState, Limits, Master, Past, PathHolds, PidFile, Situation, Strays, Workers,
};
pub use stability::Stability;
pub use way_back::way_back;
