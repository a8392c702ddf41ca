//! The floor: what a changeover takes at the very least. It trusts everything, judges little and never goes back.
//!
//! `floor SOURCE SHA256 TARGET PID-FILE ADDRESS`: copies and hashes, runs `-t` once, renames, USR2, WINCH, five
//! probes, QUIT, waiting by inotify and pidfd, and prints the microseconds since its start at each phase.
#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a measuring program: it prints, and stops at once"
)]
#![expect(clippy::disallowed_methods, reason = "it reads the clock and its arguments, and writes files")]

#[path = "../support/hex.rs"]
mod hex;

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use sha2::{Digest, Sha256};

const BLOCK: usize = 1 << 20;
const PROBES: usize = 5;

fn main() {
    let start = Instant::now();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [source, sha256, target, pid_file, address] = arguments.as_slice() else {
        println!("usage: floor SOURCE SHA256 TARGET PID-FILE ADDRESS");
        return;
    };
    let (target, pid_file) = (Path::new(target), Path::new(pid_file));
    let mut phases = vec![("start", 0)];
    let mut reached = |phase| phases.push((phase, start.elapsed().as_micros()));

    let old = read_pid(pid_file).expect("a pid in the pid file");
    let old_master = pidfd(old);
    let old_workers: Vec<OwnedFd> = workers(old).into_iter().map(pidfd).collect();
    let staged = target.with_file_name(".nginx.floor");
    assert_eq!(copy(Path::new(source), &staged), *sha256, "the digest");
    reached("staged");
    let tested = Command::new(&staged).arg("-t").stderr(Stdio::null()).status();
    assert!(tested.is_ok_and(|status| status.success()), "-t");
    reached("proven");

    let changes = inotify::init(inotify::CreateFlags::CLOEXEC).expect("inotify");
    let directory = pid_file.parent().expect("the pid file's directory");
    inotify::add_watch(&changes, directory, inotify::WatchFlags::CLOSE_WRITE).expect("watch the pid file");
    std::fs::rename(&staged, target).expect("rename over the binary");
    reached("renamed");
    pidfd_send_signal(&old_master, Signal::USR2).expect("USR2");
    reached("usr2");
    let new = loop {
        wait_readable(&changes, None);
        let mut events = [0; 4096];
        let _ = rustix::io::read(&changes, &mut events);
        if let Some(new) = read_pid(pid_file).filter(|new| *new != old) {
            break new;
        }
    };
    reached("new-master");
    let tick = Timespec { tv_sec: 0, tv_nsec: 500_000 };
    let new_master = pidfd(new);
    while workers(new).len() < old_workers.len() {
        assert!(!wait_readable(&new_master, Some(&tick)), "the new master is gone");
    }
    reached("accepting");
    pidfd_send_signal(&old_master, Signal::WINCH).expect("WINCH");
    for worker in &old_workers {
        wait_readable(worker, None);
    }
    reached("drained");
    for _ in 0..PROBES {
        probe(address);
    }
    reached("probed");
    pidfd_send_signal(&old_master, Signal::QUIT).expect("QUIT");
    wait_readable(&old_master, None);
    reached("old-gone");
    let phases: Vec<String> = phases.iter().map(|(name, at)| format!("\"{name}\":{at}")).collect();
    println!("{{{}}}", phases.join(","));
}

/// Copies in large blocks, with mode 0755, and returns the digest of what was copied.
fn copy(source: &Path, staged: &Path) -> String {
    let mut from = File::open(source).expect("the source");
    let mut to = File::create(staged).expect("the staged file");
    let mut block = vec![0; BLOCK];
    let mut digest = Sha256::new();
    loop {
        let size = from.read(&mut block).expect("read the source");
        if size == 0 {
            break;
        }
        digest.update(&block[..size]);
        to.write_all(&block[..size]).expect("write the staged file");
    }
    to.set_permissions(PermissionsExt::from_mode(0o755)).expect("the mode");
    hex::hex(&digest.finalize())
}

fn read_pid(file: &Path) -> Option<i32> {
    std::fs::read_to_string(file).ok()?.trim().parse().ok()
}

fn pidfd(pid: i32) -> OwnedFd {
    pidfd_open(Pid::from_raw(pid).expect("a pid"), PidfdFlags::empty()).expect("a pidfd")
}

/// The children of a master that are titled as workers.
fn workers(master: i32) -> Vec<i32> {
    let children =
        std::fs::read_to_string(format!("/proc/{master}/task/{master}/children")).unwrap_or_default();
    let titled = |pid: &i32| {
        let title = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&title).trim_end_matches('\0') == "nginx: worker process"
    };
    children.split_whitespace().filter_map(|pid| pid.parse().ok()).filter(titled).collect()
}

/// Waits until something can be read; `false` when the time-out came first.
fn wait_readable(fd: &OwnedFd, timeout: Option<&Timespec>) -> bool {
    poll(&mut [PollFd::from_borrowed_fd(fd.as_fd(), PollFlags::IN)], timeout).expect("poll") > 0
}

/// One request on a connection of its own; anything but a 200 ends the program.
fn probe(address: &str) {
    let mut stream = TcpStream::connect(address).expect("connect");
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").expect("send");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("read");
    assert!(answer.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&answer));
}
