//! The text of `changeover status`: who serves, from which file, and what to do next.

use super::{OpenRun, Style, layout::field, words};
use crate::{
    diagnose::by_hand::{Causes, Shape},
    engine::{Serving, units},
    protocol::{Generation, GenerationState, Identity, Master, PathHolds, PidFile, Situation},
};

/// The most pids of one line.
const PIDS: usize = 40;

/// The names that a situation does not hold.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    /// The binary path.
    pub binary: &'a str,
    /// The pid file.
    pub pid_file: &'a str,
}

/// What `status` shows.
#[derive(Clone, Copy, Debug)]
pub struct Status<'a> {
    /// What is observed.
    pub situation: &'a Situation,
    /// The binary path and the pid file.
    pub names: Names<'a>,
    /// Files of runs beside the binary path.
    pub beside: &'a [Beside],
    /// What somebody has begun by hand, or left.
    pub shapes: &'a [Shape],
    /// What each signal would cause there.
    pub causes: &'a [Causes],
    /// A run that has not come to its end.
    pub open: Option<&'a OpenRun>,
}

/// A file that a run has laid beside the binary path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beside {
    /// Its path.
    pub file: String,
    /// The run's id, as its name says.
    pub run: String,
    /// What it is.
    pub is: BesideIs,
}

/// What a file beside the binary path is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BesideIs {
    /// The file that this generation runs.
    RunBy(Generation),
    /// The empty file of a stub exec: a run removes it at its end.
    Stub,
    /// A symlink: what the path was before a commit, or what a run exchanges it for.
    Link,
    /// Nobody runs it: the binary of before, or one that never came to run.
    Unused,
}

impl Status<'_> {
    /// Who accepts connections, as far as it can be told.
    #[must_use]
    pub fn serving(&self) -> Serving {
        let accepts = |state: &GenerationState| state.master.lives() && !state.workers.titled.is_empty();
        Serving::of(accepts(&self.situation.old), accepts(&self.situation.new))
    }

    /// The lines to print.
    #[must_use]
    pub fn lines(&self, style: Style) -> Vec<String> {
        let situation = self.situation;
        let mut lines = if self.alone() {
            let head = if self.serving() == Serving::None { "nobody serves" } else { "nginx serves" };
            let mut lines = vec![style.strong(head)];
            lines.extend(field(style, "master", &generation(&situation.old)));
            lines
        } else {
            let mut lines = vec![style.strong(words::serving(self.serving()))];
            lines.extend(field(style, "old", &format!("master {}", generation(&situation.old))));
            lines.extend(field(style, "new", &format!("master {}", generation(&situation.new))));
            lines
        };
        lines.extend(field(style, "path", &format!("{} {}", self.names.binary, self.path())));
        for beside in self.beside {
            lines.extend(field(style, "beside", &format!("{} {}", beside.file, self.beside_is(beside.is))));
        }
        lines.extend(field(style, "pid file", &format!("{} {}", self.names.pid_file, self.pid_file())));
        if situation.oldbin {
            lines.extend(field(style, "", &format!("{}.oldbin is there", self.names.pid_file)));
        }
        for (count, Shape { code, text }) in self.shapes.iter().enumerate() {
            lines.extend(field(style, if count == 0 { "found" } else { "" }, &format!("{text} ({code})")));
        }
        for (count, causes) in self.causes.iter().enumerate() {
            lines.extend(field(style, if count == 0 { "signals" } else { "" }, &self.cause(causes)));
        }
        lines.extend(self.open.iter().flat_map(|open| open.lines(style)));
        for (count, line) in self.next().iter().enumerate() {
            lines.extend(field(style, if count == 0 { "next" } else { "" }, line));
        }
        lines
    }

    fn cause(&self, causes: &Causes) -> String {
        let Causes { signal, to, master, text, if_poisoned, .. } = causes;
        let whom = if self.alone() { "master".to_owned() } else { to.to_string() };
        let poisoned = if_poisoned.as_ref().map(|text| format!("; if it is poisoned: {text}"));
        format!("{signal} to {whom} {master}: {text}{}", poisoned.unwrap_or_default())
    }

    /// Whether there is one master only, which is neither old nor new.
    #[must_use]
    pub fn alone(&self) -> bool {
        self.situation.new.master == Master::Absent
    }

    fn runs_from_beside(&self) -> bool {
        self.alone() && self.beside.iter().any(|beside| matches!(beside.is, BesideIs::RunBy(_)))
    }

    /// The file that new runs, as far as it lies beside the path.
    fn new_file(&self) -> &str {
        let run = |beside: &&Beside| beside.is == BesideIs::RunBy(Generation::New);
        self.beside.iter().find(run).map_or("its file", |beside| &beside.file)
    }

    /// Whether a run has kept the file that old runs.
    fn kept(&self) -> bool {
        self.beside.iter().any(|beside| beside.is == BesideIs::RunBy(Generation::Old))
    }

    fn path(&self) -> &'static str {
        match self.situation.path {
            PathHolds::Found if self.alone() => "is the file that the master runs",
            PathHolds::Found => "is the file that old runs",
            PathHolds::Ours => "is the file that new runs",
            PathHolds::Stub => "is an empty file (of a stub exec)",
            PathHolds::Foreign if self.alone() => "is another file than the master runs",
            PathHolds::Foreign => "is another file than old and new run",
            PathHolds::Missing => "is missing",
        }
    }

    fn pid_file(&self) -> String {
        match self.situation.pid_file {
            PidFile::Names(_) if self.alone() => "names the master".into(),
            PidFile::Names(which) => format!("names the {which} master"),
            PidFile::Foreign(pid) => format!("names {pid}, which is no master of this nginx"),
            PidFile::Unreadable => "holds no usable pid".into(),
            PidFile::Missing => "is missing".into(),
        }
    }

    fn beside_is(&self, is: BesideIs) -> &'static str {
        match is {
            BesideIs::RunBy(_) if self.alone() => "is the file that the master runs",
            BesideIs::RunBy(Generation::Old) => "is the file that old runs",
            BesideIs::RunBy(Generation::New) => "is the file that new runs",
            BesideIs::Stub => "is the empty file of a run that goes on or was cut short",
            BesideIs::Link => "is a symlink: the path's own before a commit, or one that a run has laid",
            BesideIs::Unused => "is run by nobody: kept by a commit, or left by a run that was cut short",
        }
    }

    /// What to do next, a command or a sentence each; empty when nothing needs to be done.
    #[must_use]
    pub fn next(&self) -> Vec<String> {
        match self.open {
            // Whatever else there is to see, it is the run's.
            Some(open) if open.at_work().is_some() => open.next(),
            Some(open) => [open.next(), self.by_hand()].concat(),
            None => self.by_hand(),
        }
    }

    /// What a person does who does it by hand.
    fn by_hand(&self) -> Vec<String> {
        let (first, other) = (&self.situation.old, &self.situation.new);
        let (old, new) = (pid(first), pid(other));
        let leaves = (first.master == Master::Leaving, other.master == Master::Leaving);
        let mut next = continued(&[first, other]);
        next.extend(match ((first.master.lives(), other.master.lives()), self.serving()) {
            ((false, false), _) => vec!["start nginx: no master lives".into()],
            ((true, false), Serving::None) if leaves.0 => {
                vec![format!("start nginx when master {old} is gone: it was told to leave")]
            }
            ((true, false), Serving::None) => vec![format!("kill -HUP {old}: the master has no workers")],
            ((false, true), Serving::None) => vec![format!("kill -HUP {new}: the master has no workers")],
            ((true, true), Serving::New) if leaves.0 => {
                vec![format!("nothing: old master {old} leaves when its last connections are done")]
            }
            ((true, true), _) if leaves.0 => {
                vec![format!("kill -HUP {new}: it has no workers, and old master {old} was told to leave")]
            }
            ((true, true), Serving::Old) if leaves.1 => {
                vec![format!("nothing: new master {new} leaves when its last connections are done")]
            }
            ((true, true), _) if leaves.1 => {
                vec![format!("kill -HUP {old}: else nobody accepts until new master {new} is gone")]
            }
            ((true, true), serving) => {
                let back = match serving {
                    Serving::Old | Serving::Both => format!("kill -TERM {new}"),
                    Serving::New | Serving::None => {
                        format!("kill -HUP {old}, wait for its workers, kill -QUIT {new}")
                    }
                };
                let on = match self.situation.path {
                    PathHolds::Ours => String::new(),
                    _ => format!("let {} name {}, then ", self.names.binary, self.new_file()),
                };
                let head = match self.open {
                    Some(_) => "or by hand:",
                    None => "a changeover is half done, and no run goes on with it:",
                };
                vec![
                    head.into(),
                    format!("back to old: {back}"),
                    format!("on to new, when it answers well: {on}kill -QUIT {old}"),
                ]
            }
            ((true, false) | (false, true), _) => Vec::new(),
        });
        next.extend(self.strays());
        next.extend(self.files());
        next
    }

    /// Workers without a master are ended where somebody else serves. A long line would be cut within a number.
    fn strays(&self) -> Vec<String> {
        let all: Vec<_> =
            self.situation.strays.titled.iter().filter(|_| self.serving() != Serving::None).collect();
        let quit = |pids: &[&Identity]| {
            let pids: Vec<String> = pids.iter().map(ToString::to_string).collect();
            format!("kill -QUIT {}: nobody reloads or replaces them", pids.join(" "))
        };
        all.chunks(PIDS).map(quit).collect()
    }

    /// What is wrong with the path and the pid file, and what puts it right.
    fn files(&self) -> Vec<String> {
        let Names { binary, pid_file } = self.names;
        let situation = self.situation;
        let path = match situation.path {
            PathHolds::Found => None,
            PathHolds::Ours if situation.old.master == Master::Leaving => None,
            // Where an old file is kept, a commit was cut short; without one it was put there by somebody else.
            PathHolds::Ours if self.kept() => {
                Some("is the new file: put the old one back before a cold start")
            }
            PathHolds::Ours => Some("is the new file: a cold start starts that one"),
            PathHolds::Stub => Some("is an empty file: put the old one back at once"),
            // The master came from beside the path: a run was cut short, and the path names what it found.
            PathHolds::Foreign if self.runs_from_beside() => {
                Some("is what a restart would start, and not what runs: that lies beside it")
            }
            PathHolds::Foreign => Some("is what a restart would start: find out who put it there"),
            PathHolds::Missing => Some("is missing: put it back before a cold start"),
        };
        let mut lines: Vec<_> = path.map(|text| format!("{binary} {text}")).into_iter().collect();
        let serving = if situation.old.master.lives() { &situation.old } else { &situation.new };
        let names_it = matches!(situation.pid_file, PidFile::Names(_));
        if let Some(id) = serving.id.filter(|_| serving.master.lives() && !names_it) {
            let needed = "reload, log rotation and the next USR2 need it";
            lines.push(format!("write {id} into {pid_file}: {needed}"));
        }
        lines
    }
}

/// Stopped masters are continued before anything else.
fn continued(masters: &[&GenerationState]) -> Vec<String> {
    let stopped = masters.iter().filter(|state| state.master == Master::Stopped);
    stopped.map(|state| format!("kill -CONT {}: it takes no signal before", pid(state))).collect()
}

fn pid(state: &GenerationState) -> i32 {
    state.id.map_or(0, |id| id.pid)
}

/// Workers that nobody finds by a pid file.
#[must_use]
pub fn left_behind(style: Style, workers: &[i32]) -> Vec<String> {
    let pids: Vec<String> = workers.iter().take(PIDS).map(i32::to_string).collect();
    let more = if workers.len() > PIDS { " …" } else { "" };
    let text = format!(
        "{} without a master {}: {}{more}; QUIT or TERM ends each of them",
        units::count(workers.len(), "worker"),
        if workers.len() == 1 { "accepts" } else { "accept" },
        pids.join(" ")
    );
    if workers.is_empty() { Vec::new() } else { field(style, "found", &text) }
}

fn generation(state: &GenerationState) -> String {
    let Some(id) = state.id else { return "unknown".into() };
    let master = match state.master {
        Master::Absent | Master::Settled => "",
        Master::Starting => ", starting",
        Master::Busy => ", busy",
        Master::Stopped => ", stopped (state T)",
        Master::Leaving => ", leaving",
        Master::Dead => ", gone",
    };
    let draining = match state.workers.draining.len() {
        0 => String::new(),
        draining => format!(", {draining} draining"),
    };
    let workers = units::count(state.workers.titled.len(), "worker");
    format!("{id}{master}, {workers}{draining}")
}
