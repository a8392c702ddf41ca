//! The runner is killed, and the host reboots: between two steps, and inside those that are more than one change.

use serde::Serialize;

use super::{
    explore::{Search, What, note},
    state::State,
    trouble::Trouble,
};
use crate::{
    plan::Action,
    protocol::{Generation, nginx::Instant},
};

/// How often a runner was killed, and a host rebooted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Crashes {
    /// Places where the runner was killed, and recovery has ended what it left.
    pub killed: usize,
    /// Places where the host rebooted, and the path has decided who starts.
    pub rebooted: usize,
    /// Those of them at which the path leads to a file of the run before the commit record, for milliseconds: inside the
    /// exec window, and where the way back executes something. Recovery puts back what was found before anything is started.
    pub in_the_window: usize,
}

/// Where in a step it happens.
pub(super) const fn place(instant: Instant) -> &'static str {
    match instant {
        Instant::Exchanged => " before USR2 is sent",
        Instant::InFlight => " while the signal is in flight",
        Instant::PutBack => " while USR2 is in flight and what was found is at the path again",
        Instant::Taken => " before the path is put back",
        Instant::Recorded => " behind the commit record",
        Instant::Installed => " before QUIT is sent",
        Instant::QuitSent => " once QUIT is sent",
    }
}

impl Search<'_> {
    /// Inside a step that is more than one change.
    pub(super) fn crashes_inside(&mut self, state: &State, action: &Action) {
        if state.guards.old_leaves {
            // What a step before has lost is said there.
            return;
        }
        let mut begun = state.clone();
        let instants = match action {
            Action::Signal(step) if begun.listens(step.to.generation()) => {
                begun.says(action);
                begun.run.inside(&begun.sends(step), false)
            }
            Action::Commit(_) if begun.is_ready_to_commit() => {
                begun.story.push(format!("{}. commit", begun.at + 1));
                begun.run.inside_commit()
            }
            _ => return,
        };
        for (instant, run) in instants {
            let there = State { run, ..begun.clone() };
            self.reboots(&there, Some(instant));
            self.is_killed(&there, Some(instant));
        }
    }

    /// The runner is killed, and somebody else may die at the same time.
    pub(super) fn is_killed(&mut self, state: &State, instant: Option<Instant>) {
        if state.guards.old_leaves {
            return;
        }
        let story = state.told(&format!("the runner is killed{}", instant.map_or("", place)));
        let killed = State { story, ..state.clone() };
        self.recovers(&killed, instant);
        let may_die = matches!(instant, Some(Instant::Taken | Instant::Recorded | Instant::Installed));
        for trouble in [Trouble::Exits, Trouble::GivesUp, Trouble::OldKilled].into_iter().filter(|_| may_die)
        {
            if let Some(worse) = trouble.strike(&killed) {
                self.recovers(&worse, instant);
            }
        }
    }

    /// Recovery goes forward behind the commit record where new accepts. Else it goes back.
    fn recovers(&mut self, state: &State, instant: Option<Instant>) {
        self.found.crashes.killed += 1;
        let new = state.run.master(Generation::New).and_then(|new| state.run.host.master(new));
        let forward = instant.is_some_and(Instant::is_recorded) && new.is_some_and(|new| new.accepting > 0);
        if !forward {
            self.goes_back(state, state.at);
            return;
        }
        let mut run = state.run.clone();
        run.finishes();
        note(&mut self.found.forward, run.made());
        if !run.is_committed() || run.host.unix_path != state.run.host.unix_path {
            const LOST: &str = "new does not serve alone";
            self.bad(What::NoWayBack(LOST), state, state.at, state.told(LOST));
        }
    }

    /// Every process is gone, and the path decides who starts: old before the commit record and new behind it, once recovery
    /// has put the path right. Before that it is right already, but inside a move that lays a file there and behind the record.
    pub(super) fn reboots(&mut self, state: &State, instant: Option<Instant>) {
        let recorded = instant.is_some_and(Instant::is_recorded);
        let lays = matches!(instant, Some(Instant::Exchanged | Instant::InFlight | Instant::Taken));
        let in_the_window = lays && !state.run.leads_to_found();
        self.found.crashes.rebooted += 1;
        self.found.crashes.in_the_window += usize::from(in_the_window);
        let mut mended = state.run.clone();
        mended.reconciles(recorded);
        let right = if recorded {
            mended.leads_to_new()
        } else {
            mended.leads_to_found() && (in_the_window || state.run.leads_to_found())
        };
        if !right {
            let why =
                if recorded { "the old file would be started" } else { "another file would be started" };
            let rebooted = state.told(&format!("the host reboots{}", instant.map_or("", place)));
            let story = [&rebooted[..], &[why.to_owned()]].concat();
            self.bad(What::NoWayBack(why), state, state.at, story);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        plan::Plan,
        protocol::{Move, Signal},
        verify::{
            explore::{Explored, explore},
            scenes::{committing, read, standard},
        },
    };

    fn explored(path: &str, faults: u8) -> Explored {
        explore(&read(path), faults, 10_000)
    }

    /// The ends of the stories that this makes of a state.
    fn stories(plan: &Plan, act: impl FnOnce(&mut Search<'_>)) -> Vec<String> {
        let mut search = Search::new(plan, 1);
        act(&mut search);
        assert!(search.found.bad.iter().all(|bad| matches!(bad.what, What::NoWayBack(_))));
        search.found.bad.iter().map(|bad| bad.story.join(", ")).collect()
    }

    #[test]
    fn the_standard_plan_is_killed_and_rebooted_everywhere_and_always_ends_with_one_of_them() {
        for faults in 0..3 {
            let found = explored("plans/nginx.toml", faults);
            assert_eq!(found.bad, []);
            let Crashes { killed, rebooted, in_the_window } = found.crashes;
            assert!(killed > found.states && rebooted > found.states, "{:?}", found.crashes);
            // Three instants of each window, before USR2 is due and inside the way back.
            assert!(
                in_the_window > 0 && in_the_window % 3 == 0 && in_the_window < rebooted,
                "{in_the_window}"
            );
        }
    }

    #[test]
    fn without_a_staged_file_no_step_lays_another_one_at_the_path() {
        let found = explored("plans/package-managed.toml", 0);
        assert!(found.bad.is_empty() && found.crashes.rebooted > 0, "{found:?}");
        assert_eq!(found.crashes.in_the_window, 0);
    }

    #[test]
    fn others_may_die_with_the_runner_and_the_way_back_is_killed_too() {
        let plan = standard();
        let mut search = Search::new(&plan, 1);
        search.is_killed(&committing(&plan, true), Some(Instant::Installed));
        let places = "both are well, new is dead, has no workers, old is told HUP for that, old is dead";
        assert_eq!(search.found.crashes.killed, 5, "{places}");
        let mut search = Search::new(&plan, 1);
        let mut state = State::begins(&plan, true);
        // Nobody was seen to be executed: a stub exec cures what may be poisoned.
        state.run = state.run.inside(&Move::OpenWindow, false).swap_remove(0).1;
        search.goes_back(&state, 1);
        let Crashes { killed, rebooted, in_the_window } = search.found.crashes;
        assert_eq!((killed, rebooted, in_the_window), (4, 4, 3));
        assert_eq!(search.found.bad, []);
    }

    #[test]
    fn the_runner_is_killed_where_it_has_not_noticed_a_trouble() {
        let plan = standard();
        let mut state = State::begins(&plan, true);
        let old = state.run.master(Generation::Old).unwrap();
        let named = state.run.host.pid_file.take();
        // Poisoned by somebody else, and nothing shows it.
        state.run.host.tell(old, Signal::Usr2);
        state.run.host.pid_file = named;
        let told = stories(&plan, |search| search.troubled(&state, Trouble::Rotation));
        assert_eq!(
            told,
            ["somebody tells old-master USR1, the runner is killed, old does not serve as before"]
        );
    }

    #[test]
    fn a_path_that_is_left_to_new_before_the_record_is_found_by_the_reboot() {
        let plan = standard();
        let mut left = committing(&plan, true);
        left.run.makes(&Move::Install, false);
        let told = stories(&plan, |search| search.visit(&left));
        assert_eq!(told, ["the host reboots, another file would be started"]);
    }

    #[test]
    fn an_old_that_cannot_come_back_and_a_new_that_cannot_be_alone_are_found_by_the_killed_runner() {
        let plan = standard();
        let mut ended = committing(&plan, true);
        for which in [Generation::Old, Generation::New] {
            let who = ended.run.master(which).unwrap();
            ended.run.host.tell(who, Signal::Term);
        }
        let told = stories(&plan, |search| search.is_killed(&ended, None));
        assert_eq!(told, ["the runner is killed, no master lives"]);
        // Told USR2 without a pid file it is poisoned: every reload would add workers, and nobody ends that any more.
        let mut poisoned = committing(&plan, true);
        let [old, new] = [Generation::Old, Generation::New].map(|it| poisoned.run.master(it).unwrap());
        poisoned.run.host.kill(old);
        poisoned.run.host.pid_file = None;
        poisoned.run.host.tell(new, Signal::Usr2);
        let told = stories(&plan, |search| search.recovers(&poisoned, Some(Instant::Installed)));
        assert_eq!(told, ["new does not serve alone"]);
    }
}
