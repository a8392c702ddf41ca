//! What is told to both, and stories of it.

use std::fmt;

use changeover::protocol::nginx::{Configuration, Who};
use changeover::protocol::{Generation, Signal};

use crate::VERSIONS;
use crate::dice::Dice;

/// One thing that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Input {
    Tell(Who, Signal),
    /// A master is stopped: what it is told waits.
    Stop(Who),
    GoOn(Who),
    /// KILL to a master.
    Kill(Who),
    /// KILL to a worker of a master.
    WorkerDies(Who),
    RemovePidFile,
    /// The configuration on disk becomes this one.
    Configure(Configuration),
    /// The binary path leads to the file of this generation, or to an empty one that nobody may execute.
    Put(Option<Generation>),
}

/// Signals that reach a master together, and what else happens before it takes them.
pub(crate) fn together(who: Who, signals: &[Signal], meanwhile: &[Input]) -> Vec<Input> {
    let tell = signals.iter().map(|signal| Input::Tell(who, *signal));
    let inside: Vec<Input> = tell.chain(meanwhile.iter().copied()).collect();
    [&[Input::Stop(who)], inside.as_slice(), &[Input::GoOn(who)]].concat()
}

/// Signals reach old together, and with them the end of new by QUIT.
pub(crate) fn as_new_leaves(signals: &[Signal]) -> Vec<Input> {
    together(Who::Old, signals, &[Input::Tell(Who::New, Signal::Quit)])
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
        let begins = [Input::Tell(Who::Old, Signal::Usr2)];
        let first = if dice.below(4) > 0 { &begins[..] } else { &[] };
        let rest: Vec<Input> = (0..count).flat_map(|_| inputs(&mut dice)).collect();
        let inputs = [first, &rest].concat();
        Self { old, new, daemon: dice.below(10) > 0, inputs }
    }
}

fn inputs(dice: &mut Dice) -> Vec<Input> {
    let who = dice.of(&[Who::Old, Who::Old, Who::New, Who::New, Who::Third]);
    vec![match dice.below(21) {
        0..=10 => Input::Tell(who, signal(dice)),
        11..=13 => return together(who, &[signal(dice), signal(dice)], &[]),
        14 => return as_new_leaves(&[signal(dice)]),
        15 => Input::Kill(who),
        16 => Input::WorkerDies(who),
        17 => Input::RemovePidFile,
        18 => configure(dice),
        19 => put(dice),
        // Anything may happen while a master does not look.
        _ => {
            let meanwhile =
                [put(dice), configure(dice), Input::Tell(Who::New, signal(dice)), Input::RemovePidFile];
            return together(who, &[signal(dice)], &[dice.of(&meanwhile)]);
        }
    }]
}

fn configure(dice: &mut Dice) -> Input {
    use Configuration::{AsBefore, Broken, WithoutUnix};
    Input::Configure(dice.of(&[AsBefore, AsBefore, WithoutUnix, Broken]))
}

fn put(dice: &mut Dice) -> Input {
    Input::Put(dice.of(&[Some(Generation::New), Some(Generation::Old), None]))
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
