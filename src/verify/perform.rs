//! What a step does on the model, and what it waits for: every way it can go.

use super::state::State;
use crate::{
    plan::{
        Action, Answerer,
        steps::{Commit, HttpProbe, OnDrainTimeout, Signal as Step, Until, WaitForWorkers},
    },
    protocol::{Generation, Move, PidFile, Signal, nginx::Master},
};

/// How a step ended: passed, or why not.
type Ended = Result<(), String>;

/// The states after a step, and whether it passes there.
pub(super) fn perform(state: &State, action: &Action) -> Vec<(State, Ended)> {
    match action {
        Action::Signal(step) => signal(state, step),
        Action::WaitForWorkers(step) => one(state, |next| next.wait(step)),
        Action::HttpProbe(step) => one(state, |next| next.probe(step)),
        Action::Soak(_) | Action::Confirm(_) => soak(state),
        Action::Commit(step) => one(state, |next| next.commit(step)),
        Action::ReplaceBinary(_) | Action::AdoptBinary(_) | Action::Rollback(_) => one(state, |_| Ok(())),
    }
}

/// Time alone is no barrier: who starts slowly may be there afterwards, or not.
fn soak(state: &State) -> Vec<(State, Ended)> {
    let mut started = state.clone();
    started.starts();
    let both = [state.clone(), started];
    both.into_iter().skip(usize::from(!state.slow)).map(|next| (next, Ok(()))).collect()
}

fn one(state: &State, step: impl FnOnce(&mut State) -> Ended) -> Vec<(State, Ended)> {
    let mut next = state.clone();
    let ended = step(&mut next);
    vec![(next, ended)]
}

fn signal(state: &State, step: &Step) -> Vec<(State, Ended)> {
    let (signal, to) = (step.signal, step.to.generation());
    let mut next = state.clone();
    let already = next.run.master(Generation::New).is_some();
    if !next.listens(to) {
        return vec![(next, Err(format!("{to} has no master then")))];
    }
    let what = next.sends(step);
    if (signal, to) == (Signal::Usr2, Generation::Old) {
        next.names(Generation::Old);
    }
    next.run.makes(&what, false);
    next.guards.told(signal, to);
    if (signal, to) != (Signal::Usr2, Generation::Old) {
        let ended = next.shows(signal, to);
        return vec![(next, ended)];
    }
    if already {
        return vec![(next, Err("old ignores USR2 while new lives".to_owned()))];
    }
    // Its workers are there at once, or a little later than its master.
    let mut slow = next.clone();
    slow.later();
    vec![(next, Ok(())), (slow, Ok(()))]
}

impl State {
    fn master(&self, which: Generation) -> Option<&Master> {
        self.run.master(which).and_then(|who| self.run.host.master(who))
    }

    fn accepting(&self, which: Generation) -> u8 {
        self.master(which).map_or(0, |master| master.accepting)
    }

    /// New's workers are not there yet.
    fn later(&mut self) {
        if let Some(new) = self.run.master(Generation::New) {
            self.run.host.workers_are_killed(new);
            self.slow = true;
            self.story.push("the workers of new are not there yet".to_owned());
        }
    }

    /// Whoever was slow is there now.
    fn starts(&mut self) {
        if std::mem::take(&mut self.slow) {
            self.run.host.workers_start(self.run.master(Generation::New));
        }
    }

    /// What the run waits for after a signal.
    fn shows(&self, signal: Signal, to: Generation) -> Ended {
        let shown = match signal {
            Signal::Winch => self.accepting(to) == 0,
            Signal::Hup => self.accepting(to) > 0,
            Signal::Quit | Signal::Term => self.master(to).is_none_or(Master::leaves),
            Signal::Usr1 | Signal::Usr2 => self.master(to).is_some(),
        };
        if shown { Ok(()) } else { Err(format!("{signal} to {to} shows no effect")) }
    }

    fn wait(&mut self, step: &WaitForWorkers) -> Ended {
        self.starts();
        let which = step.generation;
        let now = self.accepting(which);
        let come = match step.until {
            // How many a plan wants is a number of workers, and sets are counted here: `counts_agree` compares numbers.
            Until::Accepting if step.count.is_some() => now > 0,
            Until::Accepting => now == 1,
            Until::Draining => now == 0,
            Until::Gone => now == 0 && self.master(which).is_none_or(|master| master.draining == 0),
        };
        if !come {
            return Err(format!("{which} is not {}", step.until.name()));
        }
        self.guards.new_accepts |= (which, step.until) == (Generation::New, Until::Accepting);
        Ok(())
    }

    fn probe(&mut self, step: &HttpProbe) -> Ended {
        self.starts();
        if step.answered_by == Answerer::New && !self.run.new_is_well {
            return Err("new answers with errors".to_owned());
        }
        let answers = match step.answered_by {
            Answerer::New => self.accepting(Generation::New) > 0,
            Answerer::Old => self.accepting(Generation::Old) > 0,
            Answerer::Any => self.run.host.accepts(),
        };
        if answers { Ok(()) } else { Err(format!("no worker of {} accepts", step.answered_by.name())) }
    }

    /// The pid file names this generation, or is written: old would be poisoned at USR2, and nobody writes new's again.
    fn names(&mut self, names: Generation) {
        if self.run.situation().pid_file != PidFile::Names(names) {
            self.run.makes(&Move::WritePidFile { names }, false);
        }
    }

    /// The move of a signal step: USR2 to old goes through the exec window where a file is staged.
    pub(super) fn sends(&self, step: &Step) -> Move {
        let (signal, to) = (step.signal, step.to.generation());
        let window = (signal, to) == (Signal::Usr2, Generation::Old) && self.run.stages();
        if window { Move::OpenWindow } else { Move::Signal { signal, to } }
    }

    /// Whether there is somebody to tell.
    pub(super) fn listens(&self, to: Generation) -> bool {
        self.master(to).is_some_and(|master| !master.leaves())
    }

    /// Whoever was slow is there by then.
    pub(super) fn is_ready_to_commit(&mut self) -> bool {
        self.starts();
        self.accepting(Generation::New) > 0 && self.master(Generation::Old).is_some()
    }

    /// QUIT goes to old only where new accepts and old is quiet.
    fn commit(&mut self, step: &Commit) -> Ended {
        if !self.is_ready_to_commit() {
            return Err("new does not accept".to_owned());
        }
        self.names(Generation::New);
        if self.run.stages() {
            self.run.makes(&Move::Install, false);
        }
        self.run.makes(&Move::Signal { signal: Signal::Quit, to: Generation::Old }, false);
        self.guards = super::guards::Guards { old_leaves: true, ..self.guards };
        let drains = self.run.master(Generation::Old).is_some();
        if drains && step.on_drain_timeout == OnDrainTimeout::Terminate {
            self.run.makes(&Move::Signal { signal: Signal::Term, to: Generation::Old }, false);
        }
        if self.run.master(Generation::Old).is_none() {
            self.run.tidies();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        protocol::nginx::{Names, Who},
        verify::scenes::{committing, plan, standard},
    };

    /// The host after the commit of this plan, where this was done before it.
    fn committed(text: &str, idle: bool, before: impl FnOnce(&mut State)) -> State {
        let plan = plan(text);
        let mut state = committing(&plan, idle);
        before(&mut state);
        let (after, ended) = perform(&state, &plan.steps.last().unwrap().action).swap_remove(0);
        assert_eq!(ended, Ok(()));
        after
    }

    #[test]
    fn a_commit_writes_the_pid_file_and_tidies_what_old_leaves() {
        let standard = std::fs::read_to_string("plans/nginx.toml").unwrap();
        let named = committed(&standard, false, |state| state.run.host.pid_file = None);
        assert_eq!(named.run.host.pid_file, Some(Names::Master(Who::New)));
        // It is told HUP by somebody, and exits without a word to its workers (nginx-facts 36).
        let left = committed(&standard, true, |state| state.run.host.tell(Who::Old, Signal::Hup));
        assert!(left.run.is_committed(), "{left:?}");
    }

    #[test]
    fn a_new_that_answers_with_errors_fails_its_probe_and_is_not_waited_for() {
        let plan = standard();
        let mut state = committing(&plan, true);
        state.run.new_is_well = false;
        let probe = plan.steps.iter().find(|step| matches!(step.action, Action::HttpProbe(_))).unwrap();
        let (mut sick, ended) = perform(&state, &probe.action).swap_remove(0);
        assert_eq!(ended, Err("new answers with errors".to_owned()));
        let way = sick.run.goes_back();
        let term = Move::Signal { signal: Signal::Term, to: Generation::New };
        assert!(way.moves.contains(&term) && !way.gap && sick.run.is_as_before(), "{way:?}");
    }

    #[test]
    fn what_old_still_has_after_the_drain_timeout_is_left_or_cut() {
        let standard = std::fs::read_to_string("plans/nginx.toml").unwrap();
        let lives = |text: &str| committed(text, false, |_| {}).run.master(Generation::Old).is_some();
        assert!(lives(&standard));
        let cut = standard.replace("\"commit\"\n", "\"commit\"\non-drain-timeout = \"terminate\"\n");
        assert!(!lives(&cut));
    }

    #[test]
    fn the_pid_file_names_old_before_usr2() {
        let plan = standard();
        let mut state = State::begins(&plan, true);
        state.run.host.pid_file = None;
        let usr2 = plan.steps.iter().find(|step| matches!(step.action, Action::Signal(_))).unwrap();
        let (after, _) = perform(&state, &usr2.action).swap_remove(0);
        assert!(after.run.master(Generation::New).is_some(), "or it would be poisoned (nginx-facts 2)");
    }
}
