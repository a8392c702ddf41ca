//! What one signal to one master of the model would cause, in words: what is different after it was played.

use super::look::Guess;
use crate::{
    engine::Serving,
    protocol::{
        Generation, Signal,
        nginx::{Binary, Configuration, Executes, Host, Master, Names, NewBinary, Who},
    },
};

/// What a stopped master does with each signal.
const WAITS: &str = "waits until it is continued; then: ";

/// The masters by the names that people read: `old 812`.
#[derive(Clone, Debug)]
pub(super) struct Labels {
    pub(super) elder: String,
    pub(super) child: Option<String>,
}

/// What a signal would cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) text: String,
    /// Who accepts when all of it is over.
    pub(super) then: Serving,
}

/// One signal, played.
struct Play<'a> {
    guess: &'a Guess,
    labels: &'a Labels,
    who: Who,
    signal: Signal,
    before: Host,
    /// At once: workers still finish what they have.
    soon: Host,
    /// When they have.
    end: Host,
}

/// Plays a signal to a master.
pub(super) fn outcome(guess: &Guess, labels: &Labels, who: Who, signal: Signal) -> Outcome {
    // Workers that have something to finish are seen to.
    let mut before = guess.host;
    before.idle = false;
    let soon = told(before, who, signal);
    let play = Play { guess, labels, who, signal, before, soon, end: finished(soon) };
    let accepts =
        |who: Option<Who>| who.and_then(|who| play.end.master(who)).is_some_and(|it| it.accepting > 0);
    let then = Serving::of(accepts(Some(guess.elder)), accepts(guess.child) || play.started().is_some());
    let parts = if visible(&play.soon) == visible(&before) { vec![play.nothing()] } else { play.parts() };
    let waits = if before.master(who).is_some_and(|master| master.stopped) { WAITS } else { "" };
    Outcome { text: format!("{waits}{}", parts.join("; ")), then }
}

/// A signal, and what a stopped master does with it, and with all that it was told before, when it is continued.
fn told(mut host: Host, who: Who, signal: Signal) -> Host {
    host.tell(who, signal);
    host.go_on(who);
    host
}

/// The same once nobody has a connection any more.
fn finished(mut host: Host) -> Host {
    host.idle = true;
    for who in Who::ALL {
        host.drained(who);
    }
    host
}

type Shown = ([Option<(u8, u8, bool, NewBinary)>; 3], [u8; 3], Option<Names>, Option<Names>);

/// What of a host is seen, or matters later; not what is only flagged.
fn visible(host: &Host) -> Shown {
    let shown = |master: &Master| (master.accepting, master.draining, master.listens, master.new_binary);
    (Who::ALL.map(|who| host.master(who).map(shown)), host.strays, host.pid_file, host.oldbin)
}

impl Play<'_> {
    fn label(&self, who: Who) -> &str {
        if who == self.guess.elder {
            return &self.labels.elder;
        }
        let child = self.labels.child.as_deref().filter(|_| self.guess.child == Some(who));
        child.unwrap_or("the new master")
    }

    /// The other living masters.
    fn others(&self) -> impl Iterator<Item = Who> {
        self.before.masters().map(|(who, _)| who).filter(|who| *who != self.who)
    }

    /// A master that was not there before.
    fn started(&self) -> Option<Who> {
        let new = |who: &Who| self.before.master(*who).is_none();
        self.end.masters().map(|(who, _)| who).find(new)
    }

    /// Nothing is different: why.
    fn nothing(&self) -> String {
        let leaves = self.before.master(self.who).is_some_and(Master::leaves);
        // Whether it would be heard if that one were not there.
        let holds = |other: &Who| {
            let mut alone = self.before;
            alone.kill(*other);
            visible(&told(alone, self.who, self.signal)) != visible(&alone)
        };
        match self.signal {
            _ if leaves => "nothing: it leaves already".to_owned(),
            Signal::Usr1 => "opens its logs anew, nothing else".to_owned(),
            Signal::Winch if self.before.master(self.who).is_some_and(|it| it.daemonized) => {
                "nothing: nobody of it accepts".to_owned()
            }
            signal => match (self.others().find(holds), self.before.master(self.who)) {
                (Some(other), _) if signal == Signal::Usr2 => {
                    format!("ignored while {} lives", self.label(other))
                }
                (_, Some(master)) if master.new_binary == NewBinary::Poisoned => {
                    "fails again: there is no pid file to rename".to_owned()
                }
                _ => "ignored: it does not run as a daemon".to_owned(),
            },
        }
    }

    fn parts(&self) -> Vec<String> {
        let mut parts = vec![self.target()];
        for other in self.others() {
            parts.extend(self.other(other));
        }
        if let Some(Names::Master(named)) = self.end.pid_file.filter(|now| Some(*now) != self.before.pid_file)
            && self.started().is_none()
            && self.end.master(named).is_some()
        {
            parts.push(format!("the pid file names {}", self.label(named)));
        }
        parts.extend(self.who_serves());
        let child_lives = self.guess.child.is_some_and(|child| self.end.master(child).is_some());
        if self.who == self.guess.elder && child_lives && self.end.master(self.who).is_none() {
            parts.push("nothing leads back".to_owned());
        }
        parts
    }

    /// What the master itself does.
    fn target(&self) -> String {
        let Some(before) = self.before.master(self.who) else { return String::new() };
        let at = self.who as usize;
        let left = |host: &Host| host.strays.get(at) > self.before.strays.get(at);
        let Some(soon) = self.soon.master(self.who) else {
            return match before.accepting + before.draining {
                0 => "it ends".to_owned(),
                _ if left(&self.soon) => "it ends at once, and its workers stay without a master".to_owned(),
                _ => "it ends at once with its workers, and their connections are cut".to_owned(),
            };
        };
        let mut text = self.workers(before, soon);
        if self.end.master(self.who).is_none() {
            text.push_str(", then it ends");
        }
        text
    }

    /// What it does with its workers.
    fn workers(&self, before: &Master, soon: &Master) -> String {
        let more = soon.accepting > before.accepting;
        if soon.draining > before.draining {
            return if soon.accepting > 0 {
                "reloads: it reads the configuration on disk, new workers start, those of before finish"
                    .to_owned()
            } else {
                "its workers finish what they have and leave".to_owned()
            };
        }
        if self.signal == Signal::Usr2 {
            return match (self.started(), soon.new_binary, more) {
                (Some(_), ..) => "starts a second master from the file at the path".to_owned(),
                (None, NewBinary::Poisoned, _) => {
                    "fails, and poisons it: from then on each HUP adds a set of workers and reads no configuration"
                        .to_owned()
                }
                (None, _, true) => "fails, and its workers start again from memory".to_owned(),
                (None, _, false) => "fails: nothing starts from the file at the path".to_owned(),
            };
        }
        if !more {
            let finish = "its workers finish what they have and leave";
            return if soon.draining > 0 { finish } else { "it closes its listening sockets" }.to_owned();
        }
        let what = if before.accepting > 0 { "starts one more set of workers" } else { "starts its workers" };
        let from =
            if self.reads_the_configuration() { "with the configuration on disk" } else { "from memory" };
        format!("{what} {from}")
    }

    /// Whether a configuration that is none would make a difference.
    fn reads_the_configuration(&self) -> bool {
        let mut broken = self.before;
        broken.configuration = Configuration::Broken;
        visible(&told(broken, self.who, self.signal)) != visible(&self.soon)
    }

    /// What another master does by itself then.
    fn other(&self, who: Who) -> Option<String> {
        let (before, end) = (self.before.master(who)?, self.end.master(who));
        let label = self.label(who);
        match end {
            None => Some(format!("{label} ends too")),
            Some(end) if end.accepting > before.accepting && before.accepting == 0 => {
                Some(format!("{label} starts its workers again by itself"))
            }
            Some(end) if end.accepting > before.accepting => {
                Some(format!("{label} starts one more set of workers by itself"))
            }
            Some(_) => None,
        }
    }

    /// Who serves, where that is different.
    fn who_serves(&self) -> Option<String> {
        if self.end.masters().all(|(_, master)| master.accepting == 0) {
            let left =
                if self.end.accepts() { "only workers without a master accept" } else { "nobody accepts" };
            return Some(format!("{left} then"));
        }
        let (before, end) = (self.before.masters().count(), self.end.masters().count());
        let alone =
            self.end.masters().next().filter(|(_, master)| end == 1 && before > 1 && master.accepting > 0);
        let alone = alone.filter(|_| self.end.strays == [0; 3]);
        alone.map(|(who, _)| format!("{} serves alone", self.label(who)))
    }
}

/// What an executed path becomes in the model.
pub(super) const fn executes(something: bool) -> Executes {
    if something { Executes::Master(Binary::recent(Generation::New)) } else { Executes::Nothing }
}
