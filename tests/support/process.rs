//! The processes of a test host, as its own `/proc` shows them.

use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use nix::sys::signal::Signal;
use rustix::process::pidfd_send_signal;

/// One living process; numbers are those inside the sandbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) pid: i32,
    pub(crate) parent: i32,
    pub(crate) state: char,
    /// The command line or the title nginx has put over it.
    pub(crate) title: String,
    /// The inode of the file it executes; 0 when it cannot be read.
    pub(crate) exe: u64,
    /// Ticks since boot when it started: with the pid its identity.
    pub(crate) start: u64,
}

impl Process {
    pub(crate) fn is_master(&self) -> bool {
        self.title.starts_with("nginx: master process")
    }

    /// A worker that accepts: titled exactly so.
    pub(crate) fn is_worker(&self) -> bool {
        self.title == "nginx: worker process"
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.title == "nginx: worker process is shutting down"
    }
}

/// Every process under `proc` that is neither a zombie nor a kernel thread.
pub(crate) fn all(proc: &Path) -> Vec<Process> {
    let entries = std::fs::read_dir(proc).into_iter().flatten().flatten();
    let mut found: Vec<_> =
        entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect::<Vec<i32>>();
    found.sort_unstable();
    found.into_iter().filter_map(|pid| one(proc, pid)).filter(|process| process.state != 'Z').collect()
}

/// One process, zombies too.
pub(crate) fn one(proc: &Path, pid: i32) -> Option<Process> {
    let directory = proc.join(pid.to_string());
    let stat = std::fs::read_to_string(directory.join("stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
    let command_line = std::fs::read(directory.join("cmdline")).ok()?;
    let title = String::from_utf8_lossy(&command_line).trim_end_matches('\0').replace('\0', " ");
    Some(Process {
        pid,
        parent: fields.get(1)?.parse().ok()?,
        state: fields.first()?.chars().next()?,
        title: title.trim_end().to_owned(),
        exe: std::fs::metadata(directory.join("exe")).map_or(0, |file| file.ino()),
        start: fields.get(19)?.parse().ok()?,
    })
}

/// Signals a process. Its directory under `proc` stands for it as a pidfd does (`pidfd_send_signal(2)`), whatever number the
/// test process would have for it.
pub(crate) fn kill(proc: &Path, pid: i32, signal: Signal) -> std::io::Result<()> {
    let process = File::open(proc.join(pid.to_string()))?;
    let signal = rustix::process::Signal::from_named_raw(signal as i32).ok_or(ErrorKind::InvalidInput)?;
    Ok(pidfd_send_signal(&process, signal)?)
}
