//! Who holds a lock: asked of its file and of the processes that have it open. Nothing is taken.

use std::{
    fmt,
    fs::{self, File},
    io::{ErrorKind, Read as _},
    path::Path,
};

use rustix::fs::fstat;

use super::{
    files::{self, Symlinks, id_of},
    locks::Holder,
    process::{self, Process},
};
use crate::protocol::{FileId, Living, RunState};

/// The most that is read of a lock's file, in bytes.
const FILE_MOST: u64 = 512;
/// The most descriptors of one process that are looked at; a run opens its locks first of all.
const DESCRIPTORS_MOST: usize = 256;

/// Who holds a lock now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeldBy {
    /// Who took it, as its file says.
    pub holder: Option<Holder>,
    /// The living processes that hold it, as far as they may be seen: a run's own, and its guardian.
    pub processes: Vec<Living>,
}

impl HeldBy {
    /// Of the open file of a lock. One scan of all processes.
    #[must_use]
    pub fn of(lock: &File) -> Self {
        let holder = holder(lock);
        let Ok(id) = fstat(lock).map(|stat| id_of(&stat)) else { return Self { holder, ..Self::default() } };
        let took = holder.as_ref().map(|holder| holder.pid);
        // Of another user's process nobody may see what it has open: then its word counts.
        let holds = |pid: &i32| holds(*pid, id).unwrap_or(took == Some(*pid));
        let mut all = process::all_pids();
        all.sort_unstable();
        Self { holder, processes: all.into_iter().filter(holds).filter_map(living).collect() }
    }

    /// The process that took it, where it still holds it.
    #[must_use]
    pub fn taker(&self) -> Option<Living> {
        let took = self.holder.as_ref()?.pid;
        self.processes.iter().find(|process| process.pid == took).copied()
    }

    /// Another process that holds it too, or in its place: the guardian of a run.
    #[must_use]
    pub fn guardian(&self) -> Option<Living> {
        let took = self.holder.as_ref().map(|holder| holder.pid);
        self.processes.iter().find(|process| Some(process.pid) != took).copied()
    }

    /// Who has to go on so that the lock is let go: the process that took it, or where that is gone its guardian.
    #[must_use]
    pub fn at_work(&self) -> Option<Living> {
        self.taker().or_else(|| self.guardian())
    }
}

impl fmt::Display for HeldBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.holder, self.taker(), self.guardian()) {
            (Some(holder), None, Some(guardian)) => {
                write!(f, "process {}, the guardian of run {}", guardian.pid, holder.run)?;
            }
            (Some(holder), ..) => write!(f, "process {} (run {})", holder.pid, holder.run)?,
            (None, _, Some(other)) => write!(f, "process {}", other.pid)?,
            (None, ..) => write!(f, "another process")?,
        }
        match self.at_work() {
            Some(Living { pid, stopped: true }) => write!(f, ", which is stopped: kill -CONT {pid}"),
            _ => Ok(()),
        }
    }
}

/// What the holder wrote: its pid and its run. It may be about to write it.
fn holder(lock: &File) -> Option<Holder> {
    let mut text = String::new();
    lock.take(FILE_MOST).read_to_string(&mut text).ok()?;
    let mut words = text.split_whitespace();
    let pid = words.next()?.parse().ok()?;
    Some(Holder { pid, run: words.next()?.to_owned() })
}

fn living(pid: i32) -> Option<Living> {
    Process::read(pid).map(|process| Living { pid, stopped: process.activity.state == RunState::Stopped })
}

/// Whether a process has this file open with a lock on it (`proc_pid_fdinfo(5)`); `None` where that may not be seen.
fn holds(pid: i32, file: FileId) -> Option<bool> {
    let descriptors = match fs::read_dir(format!("/proc/{pid}/fd")) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => return None,
        entries => entries.into_iter().flatten().take(DESCRIPTORS_MOST).flatten(),
    };
    let locked = |number: &str| {
        let is_it = files::file_id(Path::new(&format!("/proc/{pid}/fd/{number}")), Symlinks::Follow);
        let info = || fs::read_to_string(format!("/proc/{pid}/fdinfo/{number}")).unwrap_or_default();
        is_it.is_ok_and(|id| id == file)
            && info().lines().any(|line| line.starts_with("lock:") && line.contains("FLOCK"))
    };
    Some(
        descriptors
            .into_iter()
            .filter_map(|entry| entry.file_name().into_string().ok())
            .any(|name| locked(&name)),
    )
}
