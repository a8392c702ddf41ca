//! Every way that a plan can go on the model of nginx: quick and slow starts and one fault, with the way back from each.

use std::collections::{BTreeSet, HashSet, VecDeque};

use super::{facts::Back, guards::Guards, perform};
use crate::{
    plan::{Action, Plan},
    protocol::{
        Generation, Move, Signal, Stuck,
        nginx::{Binary, Executes, Host, Simulated},
    },
    report::words,
};

/// No more states are looked at: what is not proven by then is said not to be.
pub(super) const MOST_STATES: usize = 200_000;
/// Where a plan is, and what is there then.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) run: Simulated,
    /// What the run expects, and notices when it is otherwise.
    pub(super) guards: Guards,
    /// The step that is next.
    at: usize,
    /// New's master is there, its workers are not yet.
    pub(super) slow: bool,
    faults: u8,
    /// The signal step that told old QUIT or TERM, counted from 0.
    ended_by: Option<usize>,
    /// What happened, in the operator's words.
    pub(super) story: Vec<String>,
}

/// What can go wrong between two steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    /// New's master exits.
    Exits,
    /// New's workers exit with code 2, and nothing starts them again (nginx-facts 9).
    GivesUp,
    /// Somebody else tells old HUP.
    Reload,
    /// Somebody else tells old USR1, as a log rotation does.
    Rotation,
}

impl Trouble {
    const ALL: [Self; 4] = [Self::Exits, Self::GivesUp, Self::Reload, Self::Rotation];

    /// Whom it happens to.
    const fn strikes(self) -> Generation {
        match self {
            Self::Exits | Self::GivesUp => Generation::New,
            Self::Reload | Self::Rotation => Generation::Old,
        }
    }
}

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
    /// Every kind of move that a way back made.
    pub(super) moves: BTreeSet<String>,
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

struct Search<'p> {
    plan: &'p Plan,
    faults: u8,
    seen: HashSet<(usize, Host, Guards, bool, u8)>,
    queue: VecDeque<State>,
    found: Explored,
    /// Of each step whether it was passed where nothing went wrong, or else how it failed.
    passes: Vec<Passes>,
}

impl<'p> Search<'p> {
    fn new(plan: &'p Plan, faults: u8) -> Self {
        let on = |idle| {
            let mut host = Host::serving(Binary::recent(Generation::Old));
            host.idle = idle;
            let mut run = Simulated::on(host, Executes::Master(Binary::recent(Generation::New)));
            run.quit_timeout = plan.rollback.quit_timeout;
            run
        };
        let begins = |idle| State {
            run: on(idle),
            guards: Guards::default(),
            at: 0,
            slow: false,
            faults: 0,
            ended_by: None,
            // The idle host is looked at first: this is said only where it makes the difference.
            story: if idle { Vec::new() } else { vec!["connections do not end".to_owned()] },
        };
        Self {
            plan,
            faults,
            seen: HashSet::new(),
            queue: [true, false].map(begins).into(),
            found: Explored { backs: vec![Back::NotReached; plan.steps.len()], ..Explored::default() },
            passes: vec![Passes::NotReached; plan.steps.len()],
        }
    }

    fn visit(&mut self, state: &State) {
        let Some(step) = self.plan.steps.get(state.at) else { return };
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

    /// Something happens before the next step; where the run notices it goes back, else it goes on.
    fn troubled(&mut self, state: &State, trouble: Trouble) {
        let Some(who) = state.run.master(trouble.strikes()).filter(|_| state.faults < self.faults) else {
            return;
        };
        let mut next = State { faults: state.faults + 1, ..state.clone() };
        match trouble {
            Trouble::Exits => {
                next.run.host.tell(who, Signal::Term);
                next.slow = false;
                let starts = if state.slow { STARTS } else { "" };
                next.story.push(format!("the new master exits{starts}"));
            }
            Trouble::GivesUp => {
                next.run.host.workers_give_up(who);
                next.slow = false;
                let starts = if state.slow { " while they start" } else { "" };
                next.story.push(format!("the workers of new exit with code 2{starts}"));
            }
            Trouble::Reload => {
                next.run.host.tell(who, Signal::Hup);
                next.story.push("somebody tells old-master HUP".to_owned());
                next.drains_again();
            }
            Trouble::Rotation => {
                next.run.host.tell(who, Signal::Usr1);
                next.story.push("somebody tells old-master USR1".to_owned());
            }
        }
        if next.guards.hold(&next.run) { self.push(next) } else { self.goes_back(&next, state.at) }
    }

    fn passed(&mut self, mut next: State) {
        if next.faults == 0 {
            self.passes[next.at] = Passes::Passed;
        }
        self.interrupted(&next);
        next.at += 1;
        self.push(next);
    }

    fn failed(&mut self, next: &State, why: String) {
        if let (0, passes @ Passes::NotReached) = (next.faults, &mut self.passes[next.at]) {
            *passes = Passes::Failed(why, Box::new(next.clone()));
        }
        self.goes_back(next, next.at);
    }

    /// The way back from here must end with old alone, as before, and without a moment in which nobody accepts.
    fn goes_back(&mut self, state: &State, step: usize) {
        let mut back = state.run.clone();
        let way = back.goes_back();
        self.found.moves.extend(way.moves.iter().map(|what| words::movement(what, None)));
        let stuck = way.stuck.map(|why| match why {
            Stuck::NoMaster => "no master lives",
            Stuck::OldNotStarted => "new cannot start the old binary",
            _ => "old does not serve as before",
        });
        let lost = stuck.or_else(|| (!back.is_as_before()).then_some("old does not serve as before"));
        if let Some(why) = lost {
            // Where a step has ended old, that one has lost it.
            self.bad(What::NoWayBack(why), state, state.ended_by.unwrap_or(step), state.told(why));
        } else if way.gap {
            let story = state.told("on the way back nobody accepts for a moment");
            self.bad(What::NobodyAccepts, state, step, story);
        }
    }

    /// A run may be asked to stop behind every step, or end there: the way back must be one from there too. What it is where
    /// nothing went wrong before is kept: in moves, and how long where new resists.
    fn interrupted(&mut self, state: &State) {
        if state.guards.old_leaves {
            self.found.backs[state.at].is_lost();
            return;
        }
        self.goes_back(state, state.at);
        let (mut gives_in, mut resists) = (state.run.clone(), state.run.clone());
        resists.new_resists = true;
        let (short, long) = (gives_in.goes_back(), resists.goes_back());
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

    fn push(&mut self, state: State) {
        let key = (state.at, state.run.host, state.guards, state.slow, state.faults);
        if self.seen.insert(key) {
            self.queue.push_back(state);
        }
    }

    fn bad(&mut self, what: What, state: &State, step: usize, story: Vec<String>) {
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

/// Why a new master exits in its start.
const STARTS: &str = " while it starts: its configuration, an address, a library";

impl State {
    /// Workers of old that somebody has brought back are drained once more by the run.
    fn drains_again(&mut self) {
        let accepts = self.run.master(Generation::Old).and_then(|old| self.run.host.master(old));
        if self.guards.old_is_told && accepts.is_some_and(|old| old.accepting > 0) {
            self.run.makes(&Move::Signal { signal: Signal::Winch, to: Generation::Old }, false);
        }
    }

    /// Adds a step that does something to the story.
    fn says(&mut self, action: &Action) {
        let number = self.at + 1;
        match action {
            Action::Signal(step) => {
                self.story.push(format!("{number}. {} to {}", step.signal, step.to.name()));
                let ends = matches!(step.signal, Signal::Quit | Signal::Term);
                if ends && step.to.generation() == Generation::Old {
                    self.ended_by.get_or_insert(self.at);
                }
            }
            Action::Commit(_) => self.story.push(format!("{number}. commit: QUIT to old-master")),
            _ => {}
        }
    }

    /// The story so far and how it ends.
    fn told(&self, end: &str) -> Vec<String> {
        [&self.story[..], &[end.to_owned()]].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST_STATES, What, explore};
    use crate::plan::{Inputs, load};

    #[test]
    fn what_was_not_looked_at_is_not_proven() {
        let text = std::fs::read("plans/soak-and-watch.toml").unwrap();
        let plan = load("plan.toml", &text, &[], Inputs::Open).unwrap().plan;
        let whole = explore(&plan, 1, MOST_STATES);
        assert_eq!(whole.bad, []);
        assert!(whole.states > 20, "{}", whole.states);
        let half = explore(&plan, 1, whole.states / 2);
        assert_eq!(half.bad.iter().map(|bad| &bad.what).collect::<Vec<_>>(), [&What::NotProven]);
    }
}
