//! An upgrade that somebody has begun by hand and not finished: what it is, and what each signal would cause.
//!
//! The second is not written down anywhere: the host of the model that looks like the one that is seen is looked for, and the
//! signal is played on it.

mod look;
mod outcome;
mod search;
#[cfg(test)]
mod tests;

use look::{Guess, Look, restarted};
use outcome::{Labels, Outcome, executes, outcome};
use search::{Guesses, hosts_like};

use crate::{
    engine::{Serving, units},
    protocol::{Generation, GenerationState, Master, PathHolds, PidFile, Signal, Situation, nginx::Who},
};

/// What is seen of a host; old is the only master, or the one that has executed the other.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// The masters, the path and the pid file.
    pub situation: &'a Situation,
    /// Whom `.oldbin` names, where it is there.
    pub oldbin: Option<PidFile>,
    /// The pid file's path.
    pub pid_file: &'a str,
    /// Old runs as a daemon: else it ignores USR2 and WINCH.
    pub daemonized: bool,
}

/// One thing that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// `observe/…`.
    pub code: &'static str,
    /// What it is, in one line.
    pub text: String,
}

/// What a signal to a master would cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Causes {
    /// Which.
    pub signal: Signal,
    /// To whose master; the only one is old's.
    pub to: Generation,
    /// Its pid.
    pub master: i32,
    /// What it would cause.
    pub text: String,
    /// The same where the master is poisoned, which cannot be seen; `None` where it is the same, or not suspected.
    pub if_poisoned: Option<String>,
    /// Who accepts when all of it is over.
    pub then: Serving,
}

/// Signals in the order in which they grow worse.
const SIGNALS: [Signal; 6] =
    [Signal::Usr1, Signal::Hup, Signal::Usr2, Signal::Winch, Signal::Quit, Signal::Term];

impl Seen<'_> {
    /// What is half done; nothing on a host where one master serves, or two after a commit.
    #[must_use]
    pub fn shapes(&self) -> Vec<Shape> {
        let (old, new) = (&self.situation.old, &self.situation.new);
        let two = old.master.lives() && new.master.lives();
        let masters = if two { self.two_masters() } else { self.one_master() };
        let name = |which: Generation| if two { which.to_string() } else { "master".to_owned() };
        let stopped = [(Generation::Old, old), (Generation::New, new)].into_iter();
        let stopped = stopped.filter(|(_, state)| state.master == Master::Stopped);
        let stopped = stopped.map(|(which, state)| self::stopped(&name(which), state));
        masters.into_iter().chain(stopped).chain(self.strays()).collect()
    }

    fn two_masters(&self) -> Vec<Shape> {
        let (old, new) = (&self.situation.old, &self.situation.new);
        let (elder, child) = (format!("old {}", pid(old)), format!("new {}", pid(new)));
        let text = match (accepts(old), accepts(new)) {
            // The end of a changeover: it needs nobody.
            (_, true) if old.master == Master::Leaving => None,
            (_, false) if old.master == Master::Leaving => {
                Some(format!("{elder} was told to leave, and {child} does not accept either"))
            }
            (true, _) if new.master == Master::Leaving => {
                Some(format!("only {elder} accepts: {child} was told to leave"))
            }
            (false, _) if new.master == Master::Leaving => {
                Some(format!("nobody accepts: {child} was told to leave, and {elder} was told WINCH"))
            }
            (true, true) if restarted(old, new) => {
                Some(format!("both accept: {elder} was told WINCH, and HUP after it"))
            }
            (true, true) => Some(format!("both accept: {elder} was told USR2, and no WINCH yet")),
            (false, true) => Some(format!("only {child} accepts: {elder} was told USR2 and WINCH")),
            (true, false) => Some(format!("only {elder} accepts: {child} has no workers")),
            (false, false) => Some("nobody accepts".to_owned()),
        };
        let leave = format!("{}{}", leave(old), leave(new));
        let masters = text
            .map(|text| Shape { code: "observe/two-masters", text: format!("two masters, {text}{leave}") });
        let named = match self.situation.pid_file {
            PidFile::Names(_) => None,
            _ => Some(self.named_by_nobody()),
        };
        masters.into_iter().chain(named).collect()
    }

    fn one_master(&self) -> Vec<Shape> {
        let old = &self.situation.old;
        if !old.master.lives() {
            return Vec::new();
        }
        let (master, leaves) = (pid(old), old.master == Master::Leaving);
        let drained = match (accepts(old), leaves) {
            (true, _) => None,
            (false, true) => Some(format!("master {master} was told to leave, and there is no other one")),
            (false, false) => {
                Some(format!("master {master} lives and nobody of it accepts: WINCH, or its workers gave up"))
            }
        };
        let drained =
            drained.map(|text| Shape { code: "observe/drained", text: format!("{text}{}", leave(old)) });
        let oldbin = self.oldbin.filter(|oldbin| *oldbin != PidFile::Missing).map(|names| {
            let whom = match names {
                PidFile::Names(_) => "it names this one",
                _ => "an old master was killed, or an upgrade was cut short",
            };
            let text = format!("{}.oldbin is there, and no second master: {whom}", self.pid_file);
            Shape { code: "observe/oldbin-left", text }
        });
        [drained, oldbin, self.pid_file_of_one()].into_iter().flatten().collect()
    }

    fn pid_file_of_one(&self) -> Option<Shape> {
        let (old, file) = (&self.situation.old, self.situation.pid_file);
        if file == PidFile::Names(Generation::Old) || old.master == Master::Leaving {
            return None;
        }
        let oldbin = self.oldbin.is_some_and(|oldbin| oldbin != PidFile::Missing);
        if file != PidFile::Missing && !oldbin {
            return Some(self.named_by_nobody());
        }
        let text = format!(
            "master {} may be poisoned: {}, and a USR2 that it was sent meanwhile has broken it",
            pid(old),
            self.file_in_words()
        );
        Some(Shape { code: "observe/poison-suspected", text })
    }

    fn named_by_nobody(&self) -> Shape {
        Shape { code: "observe/pid-file-names-nobody", text: self.file_in_words() }
    }

    fn file_in_words(&self) -> String {
        let path = self.pid_file;
        match self.situation.pid_file {
            PidFile::Missing => format!("there is no {path}"),
            PidFile::Unreadable => format!("{path} holds no pid"),
            PidFile::Foreign(pid) => format!("{path} names {pid}, which is no master of this nginx"),
            PidFile::Names(which) => format!("{path} names the {which} master"),
        }
    }

    fn strays(&self) -> Option<Shape> {
        let strays = &self.situation.strays;
        let (all, accepting) = (strays.old.len() + strays.new.len(), strays.titled.len());
        let text = format!(
            "{} without a master, {accepting} of them accept: it was killed",
            units::count(all, "worker")
        );
        (all > 0).then_some(Shape { code: "observe/strays", text })
    }

    /// What each signal to each living master would cause; nothing where the model has no such host, and where a master
    /// starts: it blocks them for a while.
    #[must_use]
    pub fn causes(&self) -> Vec<Causes> {
        let (old, new) = (&self.situation.old, &self.situation.new);
        let starts = |state: &GenerationState| state.master == Master::Starting;
        let look = Look::of(self.situation, self.oldbin).filter(|_| !starts(old) && !starts(new));
        let Some(look) = look else { return Vec::new() };
        let something = !matches!(self.situation.path, PathHolds::Missing | PathHolds::Stub);
        let guesses = hosts_like(&look, executes(something), self.daemonized);
        // Where only a poisoned one looks so, it is one.
        let Guesses { likely: Some(likely), poisoned } = guesses.tell(old.pending, new.pending) else {
            return Vec::new();
        };
        let lone = look.child.is_none();
        let labels = Labels {
            elder: format!("{} {}", if lone { "master" } else { "old" }, pid(old)),
            child: (!lone).then(|| format!("new {}", pid(new))),
        };
        let masters = [(Generation::Old, old), (Generation::New, new)];
        let living = masters.into_iter().filter(|(_, state)| state.master.lives());
        let told = living.flat_map(|(to, state)| SIGNALS.map(|signal| (to, pid(state), signal)));
        told.filter_map(|(to, master, signal)| {
            let play = |guess: &Guess| plays(guess, &labels, to, signal);
            let Outcome { text, then } = play(&likely)?;
            let if_poisoned =
                poisoned.as_ref().and_then(play).map(|it| it.text).filter(|other| *other != text);
            Some(Causes { signal, to, master, text, if_poisoned, then })
        })
        .collect()
    }
}

/// A stopped master, and what it was told meanwhile.
fn stopped(name: &str, state: &GenerationState) -> Shape {
    let told: Vec<String> = Signal::ALL
        .into_iter()
        .filter(|signal| state.pending.contains(*signal))
        .map(|signal| signal.to_string())
        .collect();
    let waits = if told.is_empty() { String::new() } else { format!("; {} waits for it", told.join(" ")) };
    let text = format!("{name} {} is stopped, and takes no signal until it is continued{waits}", pid(state));
    Shape { code: "observe/stopped-master", text }
}

/// What is left of a master's workers beside those that accept.
fn leave(state: &GenerationState) -> String {
    match state.workers.draining.len() {
        0 => String::new(),
        1 => format!("; 1 worker of {} has not finished yet", pid(state)),
        many => format!("; {many} workers of {} have not finished yet", pid(state)),
    }
}

fn plays(guess: &Guess, labels: &Labels, to: Generation, signal: Signal) -> Option<Outcome> {
    let who: Who = match to {
        Generation::Old => guess.elder,
        Generation::New => guess.child?,
    };
    Some(outcome(guess, labels, who, signal))
}

fn pid(state: &GenerationState) -> i32 {
    state.id.map_or(0, |id| id.pid)
}

fn accepts(state: &GenerationState) -> bool {
    !state.workers.titled.is_empty()
}
