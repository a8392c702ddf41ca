//! The master that the pid file names, with its children and descriptors.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{listening, pid_file::is_master};
use crate::{
    host::{
        network::{self, Entered},
        process::{self, Process},
    },
    nginx::{
        self,
        arguments::{Arguments, ArgumentsError},
        printable,
    },
    observe,
    preflight::{
        facts::{PidFile, PidText},
        master::{Master, Network},
    },
    protocol::{ProcessFacts, RunState, Title, Workers},
};

/// The host reads no longer title.
const TITLE_MOST: usize = 4 << 10;

/// Reads the process that the pid file names; `None` when none lives.
pub(super) fn read(pid_file: &PidFile) -> Option<Master> {
    match pid_file.text {
        PidText::Names(pid) => of(pid),
        PidText::Missing | PidText::Empty | PidText::Unusable(_) => None,
    }
}

/// Reads one process; `None` when it does not live.
pub(in crate::preflight) fn of(pid: i32) -> Option<Master> {
    let process = Process::read(pid)?;
    let facts = observe::facts(pid)?;
    let children: Vec<ProcessFacts> = process::children(pid).into_iter().filter_map(observe::facts).collect();
    let workers = Workers::sort(&facts, &children);
    let proc = PathBuf::from(format!("/proc/{pid}"));
    let arguments = if title_cut(pid, process.command.len()) {
        Err(ArgumentsError::Cut)
    } else {
        Arguments::from_title(&process.command)
    };
    let executes = arguments.as_ref().ok().map(|arguments| {
        observe::executed(pid, Path::new(&arguments.program)).map_err(|error| error.to_string())
    });
    let (user, raised) = user(pid)?;
    let titled = nginx::title(&process.command) == Title::Master;
    let network = if titled { network(pid, &proc) } else { Network::Ours };
    Some(Master {
        id: process.id,
        exe: process.exe,
        title: printable(&process.command, 300),
        titled,
        stopped: process.activity.state == RunState::Stopped,
        exe_path: fs::read_link(proc.join("exe")).unwrap_or_default(),
        directory: fs::read_link(proc.join("cwd")).ok(),
        arguments,
        executes,
        user,
        raised,
        daemonized: observe::daemonized(pid),
        other_numbers: has_own(&proc, "pid"),
        network,
        parent_master: is_master(process.parent).then_some(process.parent),
        child_masters: children
            .iter()
            .filter(|child| child.execed_by(&facts))
            .map(|child| child.id.pid)
            .collect(),
        workers: workers.titled.into_iter().collect(),
        draining: workers.draining.len(),
        cache_manager: children.iter().any(|child| child.title == Title::CacheManager),
        held: listening::held_by(pid),
    })
}

/// Every master that runs here: one scan, for a pid file that names none.
pub(in crate::preflight) fn all() -> Vec<i32> {
    let mut masters: Vec<ProcessFacts> = process::all_pids()
        .into_iter()
        .filter_map(observe::facts)
        .filter(|it| it.title == Title::Master)
        .collect();
    // A worker just forked has its master's title.
    let pids: Vec<i32> = masters.iter().map(|master| master.id.pid).collect();
    masters.retain(|it| !pids.contains(&it.parent));
    masters.iter().map(|master| master.id.pid).collect()
}

/// Whether a title of this length fills the arguments and the environment that nginx writes it over.
fn title_cut(pid: i32, length: usize) -> bool {
    let stat = procfs::process::Process::new(pid).and_then(|process| process.stat());
    let room = stat.ok().and_then(|stat| stat.env_end?.checked_sub(stat.arg_start?)).filter(|room| *room > 0);
    length >= TITLE_MOST || room.is_some_and(|room| length as u64 + 1 >= room)
}

/// Its effective user and group, and whether these are others than the real ones.
fn user(pid: i32) -> Option<((u32, u32), bool)> {
    let status = procfs::process::Process::new(pid).and_then(|process| process.status()).ok()?;
    let effective = (status.euid, status.egid);
    Some((effective, effective != (status.ruid, status.rgid)))
}

/// Whether a process has the same numbers and the same network as this one: it is in no container.
pub(in crate::preflight) fn is_beside_us(pid: i32) -> bool {
    let proc = PathBuf::from(format!("/proc/{pid}"));
    !["pid", "net"].into_iter().any(|name| has_own(&proc, name))
}

/// Whether its namespace of this kind is another than ours.
fn has_own(proc: &Path, name: &str) -> bool {
    let theirs = fs::read_link(proc.join("ns").join(name));
    let ours = fs::read_link(Path::new("/proc/self/ns").join(name));
    matches!((theirs, ours), (Ok(theirs), Ok(ours)) if theirs != ours)
}

/// Enters the master's network, before anything is looked up in it: what listens, who has accepted, what a
/// configuration test binds. Where the namespace may not even be seen the master is another user's, and refused anyway.
fn network(pid: i32, proc: &Path) -> Network {
    if fs::read_link(proc.join("ns").join("net")).is_err() {
        return Network::Ours;
    }
    match network::enter(pid) {
        Ok(Entered::Same) => Network::Ours,
        Ok(Entered::Other) => Network::Entered,
        Err(error) => Network::Closed(error.to_string()),
    }
}
