//! Which host of the model looks like the one that is seen: the one that the fewest things lead to.

use std::collections::HashSet;

use super::look::{Guess, Look, Named};
use crate::protocol::{
    Generation, Signal,
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

/// Looks for them among all hosts that a few things lead to.
pub(super) fn hosts_like(look: &Look, path: Executes, daemonized: bool) -> Guesses {
    let start = if daemonized { Host::serving } else { Host::in_the_foreground };
    let drains = look.elder.drains || look.child.is_some_and(|child| child.drains);
    let mut first = start(Binary::recent(Generation::Old));
    first.idle = !drains;
    // A master whose pid file names it was not poisoned by a missing one, as far as anybody can tell.
    let suspected = look.child.is_none() && look.pid_file != Some(Named::Elder);
    let (mut guesses, mut seen, mut layer) = (Guesses::default(), HashSet::from([first]), vec![first]);
    for _ in 0..=MOST_THINGS {
        for host in &layer {
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
        layer = layer.iter().flat_map(after).filter(|host| seen.insert(*host)).collect();
    }
    if !suspected {
        guesses.poisoned = None;
    }
    guesses
}

/// What may come of a host by one thing more.
fn after(host: &Host) -> Vec<Host> {
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
        add(&|host| host.kill(who));
        add(&|host| host.workers_give_up(who));
        add(&|host| host.drained(who));
    }
    all
}
