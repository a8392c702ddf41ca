//! What is told to both, and stories of it.

use std::fmt;

use changeover::protocol::Signal;
use changeover::protocol::nginx::Who;

use crate::VERSIONS;
use crate::dice::Dice;

/// One thing that happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Input {
    /// Signals that reach a master together.
    Tell(Who, Vec<Signal>),
    /// Signals reach old together, and with them the end of new by QUIT.
    AsNewLeaves(Vec<Signal>),
    /// KILL to a master.
    Kill(Who),
    /// KILL to a worker of a master.
    WorkerDies(Who),
    RemovePidFile,
    /// The configuration on disk becomes one that no nginx accepts.
    BreakConfiguration,
    RepairConfiguration,
    /// The binary path leads to an empty file that nobody may execute.
    EmptyPath,
    RepairPath,
}

/// What happens on a host, one after the other.
#[derive(Debug, Clone)]
pub(crate) struct Story {
    pub(crate) old: &'static str,
    /// What the path executes.
    pub(crate) new: &'static str,
    /// `daemon on`, as mostly.
    pub(crate) daemon: bool,
    pub(crate) inputs: Vec<Input>,
}

impl Story {
    /// The one that a seed stands for.
    pub(crate) fn of(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let (old, new) = (dice.of(&VERSIONS), dice.of(&VERSIONS));
        let count = 3 + dice.below(5);
        // Most of them begin as a changeover does.
        let begins = [Input::Tell(Who::Old, vec![Signal::Usr2])];
        let first = if dice.below(4) > 0 { &begins[..] } else { &[] };
        let rest = (0..count).map(|_| input(&mut dice));
        let inputs = first.iter().cloned().chain(rest.collect::<Vec<_>>()).collect();
        Self { old, new, daemon: dice.below(10) > 0, inputs }
    }
}

fn input(dice: &mut Dice) -> Input {
    let who = dice.of(&[Who::Old, Who::Old, Who::New, Who::New, Who::Third]);
    match dice.below(20) {
        0..=10 => Input::Tell(who, vec![signal(dice)]),
        11..=13 => {
            let mut signals = vec![signal(dice), signal(dice)];
            signals.dedup();
            Input::Tell(who, signals)
        }
        14 => Input::AsNewLeaves(vec![signal(dice)]),
        15 => Input::Kill(who),
        16 => Input::WorkerDies(who),
        17 => Input::RemovePidFile,
        18 if dice.below(2) == 0 => Input::RepairConfiguration,
        18 => Input::BreakConfiguration,
        _ if dice.below(2) == 0 => Input::RepairPath,
        _ => Input::EmptyPath,
    }
}

/// QUIT and TERM end a story early, so they are rarer.
fn signal(dice: &mut Dice) -> Signal {
    use Signal::{Hup, Quit, Term, Usr1, Usr2, Winch};
    dice.of(&[Usr1, Usr2, Usr2, Winch, Winch, Hup, Hup, Quit, Term])
}

impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}, daemon {}: {:?}", self.old, self.new, self.daemon, self.inputs)
    }
}
