//! A root of its own for each test host: private mount, pid and network namespaces, or a directory without them.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use nix::sched::{CloneFlags, setns};

use super::builds::project;
use super::wait_until;

/// A running sandbox. Dropping it ends every process inside; so does the death of the test process.
#[derive(Debug)]
pub(crate) struct Sandbox {
    /// `unshare`, or the script that stands in for it. Its standard input keeps the sandbox alive.
    keeper: Child,
    /// Pid 1 of the namespaces as the machine numbers it; `None`: a prefix without namespaces.
    init: Option<u32>,
    /// Where the root of the sandbox is for processes inside it: `/`, or the prefix.
    inner_root: PathBuf,
}

impl Sandbox {
    /// Starts a sandbox in namespaces of its own; `None` where the kernel or the container does not permit them.
    pub(crate) fn namespaces() -> Option<Self> {
        let script = project().join("tests/sandbox/init.sh");
        let mut command = Command::new("unshare");
        command.args(["-m", "-n", "-p", "-f", "--kill-child"]).arg(script).arg(project());
        // Where CARGO_TARGET_DIR points elsewhere the runner lies outside the project.
        let target =
            std::env::current_exe().ok().and_then(|exe| exe.ancestors().nth(3).map(Path::to_path_buf));
        command.args(target.filter(|target| !target.starts_with(project())));
        let mut keeper = spawn_keeper(&mut command);
        if !says_ready(&mut keeper) {
            let _ = keeper.wait();
            return None;
        }
        let init = children_of(keeper.id()).first().copied()?;
        Some(Self { keeper, init: Some(init), inner_root: PathBuf::from("/") })
    }

    /// Starts a host that is only a directory: for machines without namespaces.
    pub(crate) fn prefix() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let root = std::env::temp_dir().join(format!("changeover-{}-{number}", std::process::id()));
        let script = project().join("tests/sandbox/prefix.sh");
        let mut keeper = spawn_keeper(Command::new(script).arg(&root));
        assert!(says_ready(&mut keeper), "the prefix {} could not be made", root.display());
        Self { keeper, init: None, inner_root: root }
    }

    /// Whether the host has namespaces of its own.
    pub(crate) fn is_private(&self) -> bool {
        self.init.is_some()
    }

    /// The path that processes inside use for `path` of the host.
    pub(crate) fn inner(&self, path: &str) -> PathBuf {
        self.inner_root.join(path.trim_start_matches('/'))
    }

    /// The path that the test process uses for `path` of the host.
    pub(crate) fn outer(&self, path: &str) -> PathBuf {
        match self.init {
            Some(init) => PathBuf::from(format!("/proc/{init}/root")).join(path.trim_start_matches('/')),
            None => self.inner(path),
        }
    }

    /// `/proc` as processes inside see it.
    pub(crate) fn proc(&self) -> PathBuf {
        if self.is_private() { self.outer("/proc") } else { PathBuf::from("/proc") }
    }

    /// A command that runs inside, in the project's directory, with a small clean environment.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = match self.init {
            Some(init) => {
                let mut command = Command::new("nsenter");
                command.args(["-t", &init.to_string(), "-m", "-n", "-p", "--"]);
                command
            }
            None => Command::new("/usr/bin/env"),
        };
        if self.is_private() {
            command.arg("/usr/bin/env");
        }
        command.args(["-i", "-C"]).arg(project());
        command.args([
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME=/root",
            "LANG=C.UTF-8",
        ]);
        command.arg(program).stdin(Stdio::null());
        command
    }

    /// The machine's number for the process that a command from [`Sandbox::command`] became.
    pub(crate) fn pid_of(&self, child: &Child) -> i32 {
        let pid = if self.is_private() {
            let mut forked = Vec::new();
            wait_until("nsenter has forked", || {
                forked = children_of(child.id());
                !forked.is_empty()
            });
            forked[0]
        } else {
            child.id()
        };
        i32::try_from(pid).expect("a pid")
    }

    /// The machine's number for process `pid` of the sandbox.
    pub(crate) fn outer_pid(&self, pid: i32) -> Option<i32> {
        let Some(init) = self.init else { return Some(pid) };
        let namespace = std::fs::read_link(format!("/proc/{init}/ns/pid")).ok()?;
        let entries = std::fs::read_dir("/proc").ok()?;
        entries.flatten().find_map(|entry| {
            let outer: i32 = entry.file_name().to_str()?.parse().ok()?;
            if std::fs::read_link(entry.path().join("ns/pid")).ok()? != namespace {
                return None;
            }
            let status = std::fs::read_to_string(entry.path().join("status")).ok()?;
            let inner =
                status.lines().find_map(|line| line.strip_prefix("NSpid:"))?.split_whitespace().last()?;
            (inner.parse() == Ok(pid)).then_some(outer)
        })
    }

    /// The door to the sandbox's network, for threads of the test process.
    pub(crate) fn network(&self) -> Network {
        let open =
            |init| File::open(format!("/proc/{init}/ns/net")).expect("the sandbox's network namespace");
        Network(self.init.map(open))
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// A network namespace that a thread can move into; nothing to do where the host has none of its own.
#[derive(Debug)]
pub(crate) struct Network(Option<File>);

impl Network {
    /// Moves the calling thread in, for good.
    pub(crate) fn enter(&self) {
        if let Some(namespace) = &self.0 {
            setns(namespace, CloneFlags::CLONE_NEWNET).expect("enter the sandbox's network (are you root?)");
        }
    }

    /// Runs `work` on a thread inside.
    pub(crate) fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        std::thread::scope(|scope| {
            let inside = scope.spawn(|| {
                self.enter();
                work()
            });
            inside.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }
}

fn spawn_keeper(command: &mut Command) -> Child {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

fn says_ready(keeper: &mut Child) -> bool {
    let mut line = String::new();
    let stdout = keeper.stdout.take().expect("a piped stdout");
    BufReader::new(stdout).read_line(&mut line).is_ok() && line == "ready\n"
}

fn children_of(pid: u32) -> Vec<u32> {
    let list = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}
