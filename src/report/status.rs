//! The text of `changeover status`: who serves, from which file, and what to do next.

use super::{Style, layout::field, words};
use crate::{
    engine::{Serving, units},
    protocol::{Generation, GenerationState, Master, PathHolds, PidFile, Situation},
};

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
    /// The version that old runs, where its file says one.
    pub old_version: Option<&'a str>,
    /// The version that new runs.
    pub new_version: Option<&'a str>,
}

impl Status<'_> {
    /// Who accepts connections, as far as it can be told.
    #[must_use]
    pub fn serving(&self) -> Serving {
        let accepts = |state: &GenerationState| state.master.lives() && !state.workers.titled.is_empty();
        match (accepts(&self.situation.old), accepts(&self.situation.new)) {
            (true, true) => Serving::Both,
            (true, false) => Serving::Old,
            (false, true) => Serving::New,
            (false, false) => Serving::None,
        }
    }

    /// The lines to print.
    #[must_use]
    pub fn lines(&self, style: Style) -> Vec<String> {
        let situation = self.situation;
        let mut lines = vec![style.strong(words::serving(self.serving()))];
        lines.extend(field(style, "old", &generation(&situation.old, self.old_version)));
        lines.extend(field(style, "new", &generation(&situation.new, self.new_version)));
        lines.extend(field(style, "path", &format!("{} {}", self.names.binary, path(situation.path))));
        lines.extend(field(
            style,
            "pid file",
            &format!("{} {}", self.names.pid_file, pid_file(situation.pid_file)),
        ));
        if situation.oldbin {
            lines.extend(field(style, "", &format!("{}.oldbin is there", self.names.pid_file)));
        }
        let strays = situation.strays.old.len() + situation.strays.new.len();
        if strays > 0 {
            let text = format!("{strays} left behind without a master, they may still take connections");
            lines.extend(field(style, "strays", &text));
        }
        for (count, line) in self.next().iter().enumerate() {
            lines.extend(field(style, if count == 0 { "next" } else { "" }, line));
        }
        lines
    }

    /// What to do next, a command or a sentence each; empty when nothing needs to be done.
    #[must_use]
    pub fn next(&self) -> Vec<String> {
        let pid = |state: &GenerationState| state.id.map_or(0, |id| id.pid);
        let (old, new) = (pid(&self.situation.old), pid(&self.situation.new));
        let lives = (self.situation.old.master.lives(), self.situation.new.master.lives());
        let mut next = match (lives, self.serving()) {
            ((false, false), _) => vec!["start nginx: no master lives".into()],
            ((true, false), Serving::None) => vec![format!("kill -HUP {old}: the master has no workers")],
            ((false, true), Serving::None) => vec![format!("kill -HUP {new}: the master has no workers")],
            ((true, true), Serving::Old | Serving::Both) => vec![
                format!("a changeover is under way; back to old: kill -TERM {new}"),
                format!("on to new, when it answers well: kill -QUIT {old}"),
            ],
            ((true, true), Serving::New | Serving::None) => vec![
                format!(
                    "a changeover is under way; back to old: kill -HUP {old}, wait for its workers, kill -QUIT {new}"
                ),
                format!("on to new, when it answers well: kill -QUIT {old}"),
            ],
            ((true, false) | (false, true), _) => Vec::new(),
        };
        next.extend(files(self.situation, self.names));
        next
    }
}

fn generation(state: &GenerationState, version: Option<&str>) -> String {
    let Some(id) = state.id.filter(|_| state.master != Master::Absent) else { return "none".into() };
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
    let version = version.map_or_else(String::new, |version| format!(", {version}"));
    let workers = units::count(state.workers.titled.len(), "worker");
    format!("master {id}{master}, {workers}{draining}{version}")
}

const fn path(holds: PathHolds) -> &'static str {
    match holds {
        PathHolds::Found => "is the file that old runs",
        PathHolds::Ours => "is the new file",
        PathHolds::Stub => "is an empty file (of a stub exec)",
        PathHolds::Foreign => "is a file of somebody else",
        PathHolds::Missing => "is missing",
    }
}

fn pid_file(names: PidFile) -> String {
    match names {
        PidFile::Names(Generation::Old) => "names the old master".into(),
        PidFile::Names(Generation::New) => "names the new master".into(),
        PidFile::Foreign(pid) => format!("names {pid}, which is neither master"),
        PidFile::Unreadable => "holds no usable pid".into(),
        PidFile::Missing => "is missing".into(),
    }
}

/// What is wrong with the path and the pid file, and what puts it right.
fn files(situation: &Situation, names: Names<'_>) -> Vec<String> {
    let path = match situation.path {
        PathHolds::Found => None,
        PathHolds::Ours => Some("is the new file: put the old one back before a cold start"),
        PathHolds::Stub => Some("is an empty file: put the old one back at once"),
        PathHolds::Foreign => Some("was changed by somebody else: find out by whom"),
        PathHolds::Missing => Some("is missing: put it back before a cold start"),
    };
    let mut lines: Vec<_> = path.map(|text| format!("{} {text}", names.binary)).into_iter().collect();
    let serving = if situation.old.master.lives() { &situation.old } else { &situation.new };
    let names_it = matches!(situation.pid_file, PidFile::Names(_));
    if let Some(id) = serving.id.filter(|_| serving.master.lives() && !names_it) {
        lines.push(format!(
            "write {id} into {}: reload, log rotation and the next USR2 need it",
            names.pid_file
        ));
    }
    lines
}
