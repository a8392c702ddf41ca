//! One living process, read from `/proc`: bounded, and never an error when it has gone.

use std::{
    collections::{BTreeSet, HashSet},
    os::fd::OwnedFd,
    path::Path,
};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, RawDir, open, openat, statat};

use crate::protocol::{Activity, FileId, Identity, RunState, SignalSet};

/// The longest command line that is read, in bytes.
const COMMAND_MAX: usize = 4 << 10;
/// The most that is read of any other file of `/proc`, in bytes.
const FILE_MAX: usize = 64 << 10;
/// The kernel hands out whole records of its lists (`seq_file`), of one pid each at the shortest: where less than a
/// record's room is left over there may be more, where more is left over there is not.
const RECORD: usize = 64;

/// One living process at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its pid and start time.
    pub id: Identity,
    /// Its parent's pid.
    pub parent: i32,
    /// What it does.
    pub activity: Activity,
    /// Where its stack begins, 0 where that may not be read, and in the middle of an exec. A fork has its parent's, an exec
    /// chooses another.
    pub start_stack: u64,
    /// The file that it runs; `None` where that may not be read.
    pub exe: Option<FileId>,
    /// Its command line or title, arguments joined by spaces, at most 4 KiB.
    pub command: String,
}

/// An open `/proc/PID`: all that is read through it is about one process, even when the pid is used again meanwhile.
#[derive(Debug)]
pub struct Opened {
    pid: i32,
    directory: OwnedFd,
}

impl Opened {
    /// Opens the process that has this pid now; `None` when there is none.
    #[must_use]
    pub fn new(pid: i32) -> Option<Self> {
        Some(Self { pid, directory: directory(pid)? })
    }

    /// All of it; `None` when it has gone, or is only a zombie.
    #[must_use]
    pub fn read(&self) -> Option<Process> {
        let stat = Stat::parse(&read_text(&self.directory, "stat", FILE_MAX)?)?;
        Some(Process {
            id: Identity { pid: self.pid, start: stat.start },
            parent: stat.parent,
            start_stack: stat.start_stack,
            activity: self.activity()?,
            exe: exe_in(&self.directory),
            command: command(&read_bounded(&self.directory, "cmdline", COMMAND_MAX)?),
        })
    }

    /// What it does now: less than half of the cost of all of it.
    #[must_use]
    pub fn activity(&self) -> Option<Activity> {
        activity(&read_text(&self.directory, "status", FILE_MAX)?)
    }

    /// Its children, zombies too, in no order; empty when it has gone.
    ///
    /// The kernel may leave children out while others exit (`proc(5)`), so the list is read twice and both count.
    #[must_use]
    pub fn children(&self) -> BTreeSet<i32> {
        let name = format!("task/{}/children", self.pid);
        let read = || read_text(&self.directory, &name, FILE_MAX).unwrap_or_default();
        [read(), read()]
            .iter()
            .flat_map(|text| text.split_ascii_whitespace())
            .filter_map(|pid| pid.parse().ok())
            .collect()
    }
}

impl Process {
    /// Reads the process that has this pid now; `None` when there is none, or only a zombie.
    #[must_use]
    pub fn read(pid: i32) -> Option<Self> {
        Opened::new(pid)?.read()
    }

    /// Reads this very process again; `None` when it has gone, also when its pid is used again.
    #[must_use]
    pub fn again(id: Identity) -> Option<Self> {
        Self::read(id.pid).filter(|process| process.id == id)
    }
}

/// The voluntary context switches of this very process; `None` when it has gone. Cheaper than a whole read.
#[must_use]
pub fn switches(id: Identity) -> Option<u64> {
    let process = Opened::new(id.pid)?;
    let stat = Stat::parse(&read_text(&process.directory, "stat", FILE_MAX)?)?;
    let activity = process.activity()?;
    (stat.start == id.start).then_some(activity.switches)
}

/// The file that the process with this pid runs now; `None` when it has gone or that may not be read.
#[must_use]
pub fn exe(pid: i32) -> Option<FileId> {
    exe_in(&directory(pid)?)
}

fn exe_in(dir: &OwnedFd) -> Option<FileId> {
    let found = statat(dir, "exe", AtFlags::empty()).ok()?;
    Some(FileId { dev: found.st_dev, ino: found.st_ino })
}

/// The children of the process with this pid ([`Opened::children`]).
#[must_use]
pub fn children(pid: i32) -> BTreeSet<i32> {
    Opened::new(pid).map(|process| process.children()).unwrap_or_default()
}

/// Every pid that is there now. For the one scan of a discovery, never for a loop.
#[must_use]
pub fn all_pids() -> Vec<i32> {
    open("/proc", OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
        .map(|proc| names(&proc).filter_map(|name| name.parse().ok()).collect())
        .unwrap_or_default()
}

/// Every file that a process executes now, as far as that may be read. For the end of a run, never for a loop.
#[must_use]
pub fn all_executed() -> HashSet<FileId> {
    all_pids().into_iter().filter_map(exe).collect()
}

/// The name of the running boot, from `/proc/sys/kernel/random/boot_id`.
#[must_use]
pub fn boot_id() -> Option<String> {
    let file =
        open("/proc/sys/kernel/random/boot_id", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok()?;
    let text = String::from_utf8(read_all(&file, 64)?).ok()?;
    Some(text.trim().to_owned())
}

pub(super) fn directory(pid: i32) -> Option<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    openat(CWD, Path::new("/proc").join(pid.to_string()), flags, Mode::empty()).ok()
}

/// The names in a directory that is open, without `.` and `..`.
pub(super) fn names(dir: &OwnedFd) -> impl Iterator<Item = String> {
    let mut buffer = Vec::with_capacity(32 << 10);
    let mut found = Vec::new();
    let mut entries = RawDir::new(dir, buffer.spare_capacity_mut());
    while let Some(Ok(entry)) = entries.next() {
        if let Ok(name) = entry.file_name().to_str() {
            found.push(name.to_owned());
        }
    }
    found.into_iter().filter(|name| name != "." && name != "..")
}

fn read_text(dir: &OwnedFd, name: &str, max: usize) -> Option<String> {
    // The name of a process may hold any bytes; everything that is looked for is ASCII.
    Some(String::from_utf8_lossy(&read_bounded(dir, name, max)?).into_owned())
}

fn read_bounded(dir: &OwnedFd, name: &str, max: usize) -> Option<Vec<u8>> {
    let file = openat(dir, name, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok()?;
    read_all(&file, max)
}

fn read_all(file: &OwnedFd, max: usize) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(4 << 10);
    let mut chunk = [0_u8; 4 << 10];
    while bytes.len() < max {
        let wanted = chunk.len().min(max - bytes.len());
        match rustix::io::read(file, chunk.get_mut(..wanted)?) {
            Ok(read) => {
                bytes.extend_from_slice(chunk.get(..read)?);
                if read == 0 || read + RECORD < wanted {
                    break;
                }
            }
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return None,
        }
    }
    Some(bytes)
}

fn command(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.trim_end_matches(['\0', ' ']).replace('\0', " ")
}

fn field<'a>(status: &'a str, key: &str) -> Option<&'a str> {
    status.lines().find_map(|line| line.strip_prefix(key)).map(str::trim)
}

/// What `/proc/PID/status` says; `None` for a zombie.
fn activity(status: &str) -> Option<Activity> {
    let mask = |key| field(status, key).and_then(|value| u64::from_str_radix(value, 16).ok());
    Some(Activity {
        state: state(field(status, "State:")?)?,
        blocked: SignalSet(mask("SigBlk:")?),
        pending: SignalSet(mask("SigPnd:")? | mask("ShdPnd:")?),
        caught: SignalSet(mask("SigCgt:")?),
        switches: field(status, "voluntary_ctxt_switches:")?.parse().ok()?,
    })
}

/// `None` for a zombie (`Z`) and for a process on its way out (`X`).
fn state(text: &str) -> Option<RunState> {
    match text.chars().next()? {
        'Z' | 'X' | 'x' => None,
        'R' => Some(RunState::Running),
        'S' => Some(RunState::Sleeping),
        'D' => Some(RunState::Uninterruptible),
        'T' | 't' => Some(RunState::Stopped),
        _ => Some(RunState::Other),
    }
}

/// The fields of `/proc/PID/stat` that matter here (`proc_pid_stat(5)`).
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    parent: i32,
    start: u64,
    start_stack: u64,
}

impl Stat {
    fn parse(text: &str) -> Option<Self> {
        // Field 2 is the name in parentheses, which may hold spaces and parentheses itself.
        let (_, rest) = text.rsplit_once(')')?;
        let mut fields = rest.split_ascii_whitespace();
        // Field 3 is the first one here: `nth` counts on from the field before.
        let parent = fields.nth(1)?.parse().ok()?;
        let start = fields.nth(22 - 4 - 1)?.parse().ok()?;
        let stack: u64 = fields.nth(28 - 22 - 1)?.parse().ok()?;
        let arguments: u64 = fields.nth(48 - 28 - 1)?.parse().ok()?;
        // In the middle of an exec both are one (`setup_arg_pages`): the stack has not got its place yet.
        Some(Self { parent, start, start_stack: if stack == arguments { 0 } else { stack } })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::process::{Child, Command};

    use rustix::event::{PollFd, PollFlags};

    use super::*;

    #[test]
    fn a_name_with_spaces_and_parentheses_does_not_shift_the_fields() {
        let text = stat(99, 105);
        assert_eq!(Stat::parse(&text), Some(Stat { parent: 3, start: 4711, start_stack: 99 }));
    }

    fn stat(stack: u64, arguments: u64) -> String {
        format!(
            "7 (a) b (c) S 3 7 7 0 -1 4194560 1 0 0 0 1 2 0 0 20 0 1 0 4711 100 200 18446744073709551615 1 2 {stack} \
             0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 3 4 5 {arguments} 6 7 8 0"
        )
    }

    #[test]
    fn a_stack_that_an_exec_has_not_placed_yet_is_not_known() {
        assert_eq!(Stat::parse(&stat(105, 105)).map(|stat| stat.start_stack), Some(0));
    }

    #[test]
    fn cut_or_foreign_text_is_no_process() {
        for text in ["", "7 (nginx", "7 (nginx) S", "7 (nginx) S x 7 7"] {
            assert_eq!(Stat::parse(text), None, "{text}");
        }
    }

    /// A process that ends with the test, also when that fails.
    pub(in crate::host) struct Sleeper(pub(in crate::host) Child);

    impl Sleeper {
        /// `spawn` returns while the exec is under way: read when that is over.
        pub(in crate::host) fn start() -> (Self, Process) {
            let sleeper = Self(Command::new("sleep").arg("1000").spawn().unwrap());
            let pid = i32::try_from(sleeper.0.id()).unwrap();
            loop {
                let process = Process::read(pid).unwrap();
                if process.start_stack != 0 && process.command == "sleep 1000" {
                    return (sleeper, process);
                }
            }
        }
    }

    impl Drop for Sleeper {
        fn drop(&mut self) {
            let _ = self.0.kill().and_then(|()| self.0.wait());
        }
    }

    #[test]
    fn a_child_is_found_read_and_gone_after_its_end_also_as_a_zombie() {
        let (mut child, process) = Sleeper::start();
        let me = i32::try_from(std::process::id()).unwrap();
        assert_eq!(process.parent, me);
        assert_eq!(process.exe, exe(process.id.pid));
        assert!(children_of_any_thread(me).contains(&process.id.pid));
        assert!(switches(process.id).is_some() && Process::again(process.id).is_some());
        let other = Identity { start: process.id.start + 1, ..process.id };
        assert_eq!((Process::again(other), switches(other)), (None, None));

        let held = crate::host::pidfd::Pidfd::open(process.id).unwrap();
        child.0.kill().unwrap();
        rustix::event::poll(&mut [PollFd::new(&held, PollFlags::IN)], None).unwrap();
        assert_eq!(Process::read(process.id.pid), None, "a zombie is dead");
        child.0.wait().unwrap();
        assert_eq!(Process::read(process.id.pid), None);
    }

    #[test]
    fn what_is_open_is_read_anew_each_time_and_never_another_process() {
        let (mut child, process) = Sleeper::start();
        let opened = Opened::new(process.id.pid).unwrap();
        let becomes = |wanted| {
            (0..1_000_000).any(|_| opened.activity().is_some_and(|activity| activity.state == wanted))
        };
        assert!(becomes(RunState::Sleeping));
        let held = crate::host::pidfd::Pidfd::open(process.id).unwrap();
        let stop = nix::sys::signal::Signal::SIGSTOP;
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(process.id.pid), stop).unwrap();
        assert!(becomes(RunState::Stopped));
        assert_eq!(opened.read().map(|process| process.id), Some(process.id));
        child.0.kill().unwrap();
        rustix::event::poll(&mut [PollFd::new(&held, PollFlags::IN)], None).unwrap();
        child.0.wait().unwrap();
        assert_eq!((opened.activity(), opened.read(), opened.children()), (None, None, BTreeSet::new()));
    }

    /// Test threads are not the main thread, whose children `children` lists.
    fn children_of_any_thread(pid: i32) -> BTreeSet<i32> {
        let threads = open(format!("/proc/{pid}/task"), OFlags::DIRECTORY, Mode::empty()).unwrap();
        names(&threads)
            .flat_map(|thread| {
                let text = read_text(&threads, &format!("{thread}/children"), FILE_MAX).unwrap_or_default();
                text.split_ascii_whitespace().map(|pid| pid.parse().unwrap()).collect::<Vec<i32>>()
            })
            .collect()
    }

    #[test]
    fn a_list_that_is_longer_than_one_read_is_read_to_its_end() {
        use std::os::unix::process::CommandExt as _;
        const MANY: usize = 1_000;
        let script = format!("for i in $(seq {MANY}); do sleep 60 & done; wait");
        let mut parent = Command::new("sh").args(["-c", &script]).process_group(0).spawn().unwrap();
        let pid = i32::try_from(parent.id()).unwrap();
        // More than any machine needs to start them; a list that is cut never gets there.
        let seen = (0..20_000).map(|_| children(pid).len()).find(|seen| *seen == MANY);
        let group = rustix::process::Pid::from_raw(pid).unwrap();
        rustix::process::kill_process_group(group, rustix::process::Signal::KILL).unwrap();
        parent.wait().unwrap();
        assert_eq!(seen, Some(MANY));
    }

    #[test]
    fn the_title_of_a_master_is_cut_at_the_padding() {
        assert_eq!(command(b"nginx: worker process\0\0\0\0"), "nginx: worker process");
        assert_eq!(command(b"sleep\x0010\0"), "sleep 10");
    }
}
