//! What each step of a plan does, what shows it, how it is taken back, and how long all of it may take: for reviewers.

use schemars::JsonSchema;
use serde::Serialize;

/// One step. Times are milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct StepFacts {
    /// Counted from 1.
    pub step: usize,
    /// Its action.
    pub action: String,
    /// What it is about, in the words of the plan.
    pub about: String,
    /// What it changes.
    pub effect: String,
    /// What shows that it has.
    pub witness: String,
    /// Whether a run comes behind it: false where an earlier step never passes.
    pub reached: bool,
    /// Whether a failure behind it still leads back to old alone.
    pub reversible: bool,
    /// The moves of that way back, where new leaves when it is told to.
    pub back: Vec<String>,
    /// The longest that the step takes; null where that depends on an input that has no value yet.
    pub longest: Option<f64>,
    /// The longest until old is alone again, where new resists to the end; null where nothing leads back.
    pub longest_back: Option<f64>,
}

/// The longest times of a whole plan, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PlanTimes {
    /// Every step before the commit as long as it may; null where an input has no value yet.
    pub forward: Option<f64>,
    /// What `[defaults] budget` leaves of it; null without one, and where it has no value yet.
    pub budget: Option<f64>,
    /// What `commit` gives to old's connections behind that; null in a drill, and where it has no value yet.
    pub drain: Option<f64>,
    /// The longest way back, from wherever one leads.
    pub back: f64,
}
