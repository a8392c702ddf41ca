//! What nginx does with each signal: situations, moves and the way back; pure.

mod identity;
mod moves;
mod signal;
mod situation;

pub use identity::{FileId, Generation, Identity};
pub use moves::{Move, Next, Question, Stuck, Waiting};
pub use signal::{Signal, SignalSet};
pub use situation::{
    Answers, Baseline, GenerationState, Limits, Master, Past, PathHolds, PidFile, Situation, Strays, Workers,
};
