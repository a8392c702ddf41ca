//! Every way that a plan can go on the model of nginx: quick and slow starts and one fault, with the way back from each.

use std::collections::{HashSet, VecDeque};

use super::{
    crash::{self, Crashes},
    facts::Back,
    guards::Guards,
    perform,
    state::State,
    trouble::Trouble,
};
use crate::{
    plan::{Action, Plan},
    protocol::{
        Move, Stuck,
        nginx::{Host, Memory, Simulated, WayBack},
    },
};

/// No more states are looked at: what is not proven by then is said not to be.
pub(super) const MOST_STATES: usize = 200_000;

/// What is wrong with a plan.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bad {
    pub(super) what: What,
    /// The step that brings it about, counted from 0.
    pub(super) step: usize,
    /// It follows from a step that ends old, which is a finding of its own.
    pub(super) old_was_ended: bool,
    pub(super) story: Vec<String>,
}

/// What kind of wrong it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    /// A step, or the way back from it, leaves a moment in which nobody accepts.
    NobodyAccepts,
    /// The way back ends stuck.
    NoWayBack(&'static str),
    /// The step fails even where nothing goes wrong.
    NeverPasses(String),
    /// There are more states than are looked at.
    NotProven,
}

/// What was explored.
#[derive(Clone, Debug, Default)]
pub(super) struct Explored {
    pub(super) states: usize,
    /// What is wrong, the first of its kind for each step.
    pub(super) bad: Vec<Bad>,
    /// The way back from behind each step, where nothing went wrong before.
    pub(super) backs: Vec<Back>,
    /// Every move that a way back made.
    pub(super) back: Vec<Move>,
    /// Every move that a step made, or recovery behind the commit record.
    pub(super) forward: Vec<Move>,
    pub(super) crashes: Crashes,
}

/// Looks at every state that the plan can come to with so many faults together, `most` of them at most.
pub(super) fn explore(plan: &Plan, faults: u8, most: usize) -> Explored {
    let mut search = Search::new(plan, faults);
    while let Some(state) = search.queue.pop_front() {
        if search.found.states >= most {
            search.bad(What::NotProven, &state, state.at, Vec::new());
            break;
        }
        search.found.states += 1;
        search.visit(&state);
    }
    search.never_passes();
    search.found
}

/// Whether a step was passed where nothing went wrong.
#[derive(Clone, Debug)]
enum Passes {
    NotReached,
    /// Why not, and what was before.
    Failed(String, Box<State>),
    Passed,
}

/// Where a plan is, what is there, what the run expects, and what its way back remembers: states with the same have the same
/// future, so one of them is looked at. What was done when is not in it, nor by which story: no step waits for a time on the
/// model, and a way back begins with no move of its own.
type Key = (usize, Host, Guards, bool, u8, Memory);

fn key(state: &State) -> Key {
    (state.at, state.run.host, state.guards, state.slow, state.faults, state.run.memory())
}

pub(super) struct Search<'p> {
    plan: &'p Plan,
    pub(super) faults: u8,
    seen: HashSet<Key>,
    pub(super) queue: VecDeque<State>,
    pub(super) found: Explored,
    /// Of each step whether it was passed where nothing went wrong, or else how it failed.
    passes: Vec<Passes>,
}

impl<'p> Search<'p> {
    pub(super) fn new(plan: &'p Plan, faults: u8) -> Self {
        Self {
            plan,
            faults,
            seen: HashSet::new(),
            queue: [true, false].map(|idle| State::begins(plan, idle)).into(),
            found: Explored { backs: vec![Back::NotReached; plan.steps.len()], ..Explored::default() },
            passes: vec![Passes::NotReached; plan.steps.len()],
        }
    }

    pub(super) fn visit(&mut self, state: &State) {
        let Some(step) = self.plan.steps.get(state.at) else { return };
        self.reboots(state, None);
        self.crashes_inside(state, &step.action);
        for trouble in Trouble::ALL {
            self.troubled(state, trouble);
        }
        let mut state = state.clone();
        state.says(&step.action);
        if matches!(step.action, Action::Rollback(_)) {
            self.passes[state.at] = Passes::Passed;
            return self.interrupted(&state);
        }
        let accepted = state.run.host.accepts();
        for (next, result) in perform::perform(&state, &step.action) {
            if accepted && !next.run.host.accepts() && matches!(step.action, Action::Signal(_)) {
                self.bad(What::NobodyAccepts, &next, state.at, next.told("nobody accepts"));
                continue;
            }
            match result {
                Ok(()) => self.passed(next),
                Err(why) => self.failed(&next, why),
            }
        }
    }

    fn passed(&mut self, mut next: State) {
        note(&mut self.found.forward, next.run.made());
        if next.faults == 0 {
            self.passes[next.at] = Passes::Passed;
        }
        self.interrupted(&next);
        next.at += 1;
        self.push(next);
    }

    fn failed(&mut self, next: &State, why: String) {
        note(&mut self.found.forward, next.run.made());
        if let (0, passes @ Passes::NotReached) = (next.faults, &mut self.passes[next.at]) {
            *passes = Passes::Failed(why, Box::new(next.clone()));
        }
        self.goes_back(next, next.at);
    }

    /// The way back from here must end with old alone, as before, and without a moment in which nobody accepts; also where
    /// the runner is killed inside of it, or the host reboots.
    pub(super) fn goes_back(&mut self, state: &State, step: usize) -> WayBack {
        let way = self.ends_with_old(state, step, |_| false);
        for (what, run) in &way.killable {
            // A busy new that has lost its old executes later what is at the path then: it is left to a person, and new
            // serves (`docs/way-back.md`).
            let left = |back: &Simulated| matches!(what, Move::Reverse { .. }) && back.host.accepts();
            for (instant, run) in run.inside(what, true) {
                let there = State { run, ..state.clone() };
                self.reboots(&there, Some(instant));
                let story =
                    there.told(&format!("on the way back the runner is killed{}", crash::place(instant)));
                self.found.crashes.killed += 1;
                self.ends_with_old(&State { story, ..there }, step, left);
            }
        }
        way
    }

    /// `left`: who serves then is as good an end as a way back that is stuck can have.
    fn ends_with_old(&mut self, state: &State, step: usize, left: impl Fn(&Simulated) -> bool) -> WayBack {
        let mut back = state.run.clone();
        let way = back.goes_back();
        note(&mut self.found.back, &way.moves);
        let stuck =
            way.stuck.filter(|why| *why != Stuck::OldNotStarted || !left(&back)).map(|why| match why {
                Stuck::NoMaster => "no master lives",
                Stuck::OldNotStarted => "new cannot start the old binary",
                _ => "old does not serve as before",
            });
        let ended = way.stuck.is_none() && !back.is_as_before();
        if let Some(why) = stuck.or_else(|| ended.then_some("old does not serve as before")) {
            // Where a step has ended old, that one has lost it.
            self.bad(What::NoWayBack(why), state, state.ended_by.unwrap_or(step), state.told(why));
        } else if way.gap {
            let story = state.told("on the way back nobody accepts for a moment");
            self.bad(What::NobodyAccepts, state, step, story);
        }
        way
    }

    /// A run may be asked to stop behind every step, or be killed there, or end: the way back must be one from there too. What
    /// it is where nothing went wrong before is kept: in moves, and how long where new resists.
    fn interrupted(&mut self, state: &State) {
        if state.guards.old_leaves {
            self.found.backs[state.at].is_lost();
            return;
        }
        self.found.crashes.killed += 1;
        let short = self.goes_back(state, state.at);
        let story = state.told("new takes neither QUIT nor TERM");
        let mut resists = State { story, ..state.clone() };
        resists.run.new_resists = true;
        let long = self.ends_with_old(&resists, state.at, |_| false);
        if state.faults > 0 {
            return;
        }
        let back = &mut self.found.backs[state.at];
        if short.stuck.is_some() || long.stuck.is_some() {
            back.is_lost();
        } else {
            back.is(short.moves, long.took);
        }
    }

    /// Whether nobody was there before.
    pub(super) fn push(&mut self, state: State) -> bool {
        let first = self.seen.insert(key(&state));
        if first {
            self.queue.push_back(state);
        }
        first
    }

    pub(super) fn bad(&mut self, what: What, state: &State, step: usize, story: Vec<String>) {
        if self.found.bad.iter().all(|bad| (&bad.what, bad.step) != (&what, step)) {
            self.found.bad.push(Bad { what, step, old_was_ended: state.ended_by.is_some(), story });
        }
    }

    /// The first step that nothing passes: what comes after it is not reached.
    fn never_passes(&mut self) {
        let never = self.passes.iter().find_map(|passes| match passes {
            Passes::Failed(why, state) => Some((why.clone(), state.clone())),
            Passes::NotReached | Passes::Passed => None,
        });
        if let Some((why, state)) = never {
            let story = state.told(&format!("step {}: {why}", state.at + 1));
            self.bad(What::NeverPasses(why), &state, state.at, story);
        }
    }
}

/// Adds those that are not there yet.
pub(super) fn note<'m>(moves: &mut Vec<Move>, made: impl IntoIterator<Item = &'m Move>) {
    for what in made {
        if !moves.contains(what) {
            moves.push(what.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::hash_map::{Entry, HashMap};

    use super::*;
    use crate::verify::scenes::{plan, read};

    #[test]
    fn what_was_not_looked_at_is_not_proven() {
        let plan = read("plans/soak-and-watch.toml");
        let whole = explore(&plan, 1, MOST_STATES);
        assert_eq!(whole.bad, []);
        assert!(whole.states > 20, "{}", whole.states);
        let half = explore(&plan, 1, whole.states / 2);
        assert_eq!(half.bad.iter().map(|bad| &bad.what).collect::<Vec<_>>(), [&What::NotProven]);
    }

    /// Everything that a plan comes to with one fault is visited, nothing is merged: how often it would have been, and by then
    /// the way back from there must be the same.
    fn merged(plan: &Plan) -> usize {
        let mut search = Search::new(plan, 1);
        let (mut ways, mut merged) = (HashMap::new(), 0);
        while let Some(state) = search.queue.pop_front() {
            search.seen.clear();
            search.visit(&state);
            let WayBack { stuck, moves, gap, took, .. } = state.run.clone().goes_back();
            let way = (stuck, moves, gap, took);
            match ways.entry(key(&state)) {
                Entry::Occupied(first) => {
                    assert_eq!(first.get(), &way, "{:?}", state.story);
                    merged += 1;
                }
                Entry::Vacant(place) => {
                    place.insert(way);
                }
            }
        }
        merged
    }

    #[test]
    fn states_that_are_merged_go_back_alike() {
        // Old is told USR1 last, unless somebody reloads it and the run drains it once more: the way back, in which new has
        // gone, flushes it only then.
        let steps = ["USR2 old", "WINCH old", "USR1 old", "QUIT new"].map(|step| {
            let (signal, to) = step.split_once(' ').unwrap();
            let wait =
                "[[step]]\naction = \"wait-for-workers\"\ngeneration = \"new\"\nuntil = \"accepting\"\n";
            let tell =
                format!("[[step]]\naction = \"signal\"\nsignal = \"{signal}\"\nto = \"{to}-master\"\n");
            tell + if signal == "USR2" { wait } else { "" }
        });
        let head = "format = 1\nname = \"n\"\n[service]\nkind = \"nginx\"\npid-file = \"/run/nginx.pid\"\n";
        let flushed = plan(&format!("{head}{}[[step]]\naction = \"rollback\"\n", steps.concat()));
        for plan in [read("plans/nginx.toml"), flushed] {
            assert!(merged(&plan) > 20);
        }
    }
}
