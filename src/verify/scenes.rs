//! Plans and states that the unit tests of this room begin with.

use super::state::State;
use crate::{
    plan::{Inputs, Plan, load},
    protocol::{Generation, Move, Signal},
};

pub(super) fn plan(text: &str) -> Plan {
    load("plan.toml", text.as_bytes(), &[], Inputs::Open).unwrap().plan
}

pub(super) fn read(path: &str) -> Plan {
    plan(&std::fs::read_to_string(path).unwrap())
}

pub(super) fn standard() -> Plan {
    read("plans/nginx.toml")
}

/// Both generations accept, and nothing was done to old yet.
pub(super) fn both(plan: &Plan, idle: bool) -> State {
    let mut state = State::begins(plan, idle);
    state.run.makes(&Move::OpenWindow, false);
    state.guards.told(Signal::Usr2, Generation::Old);
    state
}

/// The state in which the standard plan is due to commit.
pub(super) fn committing(plan: &Plan, idle: bool) -> State {
    let mut state = both(plan, idle);
    state.run.makes(&Move::Signal { signal: Signal::Winch, to: Generation::Old }, false);
    state.guards.told(Signal::Winch, Generation::Old);
    state
}
