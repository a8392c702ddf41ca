//! Which host of the model looks like the one that is seen: the one that the fewest things lead to.

use std::collections::HashSet;

use super::look::{Guess, Look, Named};
use crate::protocol::{
    Generation, Signal, SignalSet,
    nginx::{Binary, Executes, Host, Names, NewBinary, Who},
};

/// No more things are taken to have happened one after the other.
const MOST_THINGS: usize = 4;
/// No more hosts are looked at.
const MOST_HOSTS: usize = 20_000;
/// What people and scripts send in an upgrade.
const SIGNALS: [Signal; 4] = [Signal::Usr2, Signal::Winch, Signal::Hup, Signal::Quit];

/// What is there, as far as it can be seen.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Guesses {
    /// The likeliest host.
    pub(super) likely: Option<Guess>,
    /// The likeliest one whose master is poisoned (nginx-facts 2): that cannot be seen.
    pub(super) poisoned: Option<Guess>,
}

impl Guesses {
    /// What was seen to wait for stopped masters.
    pub(super) fn tell(mut self, elder: SignalSet, child: SignalSet) -> Self {
        for guess in [&mut self.likely, &mut self.poisoned].into_iter().flatten() {
            let Guess { host, elder: one, child: other } = guess;
            for (who, told) in [(Some(*one), elder), (*other, child)] {
                let Some(who) = who.filter(|who| host.master(*who).is_some_and(|it| it.stopped)) else {
                    continue;
                };
                for signal in Signal::ALL.into_iter().filter(|signal| told.contains(*signal)) {
                    host.tell(who, signal);
                }
            }
        }
        self
    }
}

/// Looks for them among all hosts that a few things lead to.
pub(super) fn hosts_like(look: &Look, path: Executes, daemonized: bool) -> Guesses {
    let start = if daemonized { Host::serving } else { Host::in_the_foreground };
    let drains = look.elder.drains || look.child.is_some_and(|child| child.drains);
    let mut first = start(Binary::recent(Generation::Old));
    first.idle = !drains;
    let stopped = look.elder.stopped || look.child.is_some_and(|child| child.stopped);
    // No poisoned master is looked for where the pid file names it: as far as anybody can tell none was missing.
    let suspected = look.child.is_none() && look.pid_file != Some(Named::Elder);
    let (mut guesses, mut seen, mut layer) = (Guesses::default(), HashSet::from([first]), vec![first]);
    for _ in 0..=MOST_THINGS {
        for host in &layer {
            // Nothing waits for its stopped masters: one that was told nothing looks the same, and comes before it.
            let Some(guess) = Guess::of(*host).filter(|guess| guess.look() == Some(*look)) else { continue };
            let poisoned = host.masters().any(|(_, master)| master.new_binary == NewBinary::Poisoned);
            let place = if poisoned { &mut guesses.poisoned } else { &mut guesses.likely };
            let place = place.get_or_insert(guess);
            place.host.path = path;
        }
        if seen.len() > MOST_HOSTS || (guesses.likely.is_some() && (guesses.poisoned.is_some() || !suspected))
        {
            break;
        }
        layer =
            layer.iter().flat_map(|host| after(host, stopped)).filter(|host| seen.insert(*host)).collect();
    }
    guesses
}

/// What may come of a host by one thing more.
fn after(host: &Host, stopped: bool) -> Vec<Host> {
    let mut all = Vec::new();
    let mut add = |change: &dyn Fn(&mut Host)| {
        let mut next = *host;
        change(&mut next);
        all.push(next);
    };
    add(&|host| host.pid_file = None);
    add(&|host| host.pid_file = Some(Names::Other));
    add(&|host| host.oldbin = Some(Names::Other));
    for who in Who::ALL.into_iter().filter(|who| host.master(*who).is_some()) {
        for signal in SIGNALS {
            add(&|host| host.tell(who, signal));
        }
        if stopped {
            add(&|host| host.stop(who));
        }
        add(&|host| host.kill(who));
        add(&|host| host.workers_give_up(who));
        add(&|host| host.drained(who));
    }
    all
}
