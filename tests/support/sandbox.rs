//! A root of its own for each test host: private mount, pid and network namespaces, or a directory without them.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use nix::sched::{CloneFlags, setns, unshare};

use super::{builds::project, python};

/// A running sandbox. Dropping it ends every process inside; so does the death of the test process.
#[derive(Debug)]
pub(crate) struct Sandbox {
    /// `unshare`, or the script that stands in for it. Its standard input keeps the sandbox alive.
    keeper: Child,
    /// Pid 1 of the namespaces as the machine numbers it; `None`: a prefix without namespaces.
    init: Option<u32>,
    /// Where the root of the sandbox is for processes inside it: `/`, or the prefix.
    inner_root: PathBuf,
    /// Children of the test process that live as long as the sandbox.
    kept: Mutex<Vec<Child>>,
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
        // The environments of Python are the project's; an interpreter of a user's own is not.
        command.args(["python", "salt"].iter().find_map(|environment| python::base(environment)));
        let mut keeper = spawn_keeper(&mut command);
        if !says_ready(&mut keeper) {
            let _ = keeper.wait();
            return None;
        }
        let init = children_of(keeper.id()).first().copied()?;
        Some(Self { keeper, init: Some(init), inner_root: PathBuf::from("/"), kept: Mutex::default() })
    }

    /// Starts a host that is only a directory: for machines without namespaces.
    pub(crate) fn prefix() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let root = std::env::temp_dir().join(format!("changeover-{}-{number}", std::process::id()));
        let script = project().join("tests/sandbox/prefix.sh");
        let mut keeper = spawn_keeper(Command::new(script).arg(&root));
        assert!(says_ready(&mut keeper), "the prefix {} could not be made", root.display());
        Self { keeper, init: None, inner_root: root, kept: Mutex::default() }
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

    /// A command for [`Sandbox::spawn`], in the project's directory, with a small clean environment.
    pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        command.env("HOME", "/root").env("LANG", "C.UTF-8").current_dir(project()).stdin(Stdio::null());
        command
    }

    /// Starts a command inside. The child's id is the machine's number for it.
    pub(crate) fn spawn(&self, command: &mut Command) -> Child {
        self.try_to_spawn(command).unwrap_or_else(|error| panic!("{command:?}: {error}"))
    }

    /// The same of a command that may not be there, or not for this moment.
    pub(crate) fn try_to_spawn(&self, command: &mut Command) -> std::io::Result<Child> {
        self.door().run(|door| {
            door.enter_everything();
            let _no_file_is_written = executables();
            command.spawn()
        })
    }

    /// Starts a command inside that runs until the sandbox ends.
    pub(crate) fn keep_running(&self, command: &mut Command) {
        let child = self.spawn(command);
        self.kept.lock().expect("the list of children").push(child);
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

    /// The way in for threads of the test process.
    pub(crate) fn door(&self) -> Door {
        let open =
            |init, name| File::open(format!("/proc/{init}/ns/{name}")).expect("the sandbox's namespaces");
        Door(self.init.map(|init| ["net", "mnt", "pid"].map(|name| open(init, name))))
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        // The kernel keeps a pid namespace until the last zombie in it is reaped, and these are ours to reap.
        for child in self.kept.get_mut().into_iter().flatten() {
            let _ = child.kill();
            let _ = child.wait();
        }
        let _ = self.keeper.wait();
    }
}

/// The network, mount and pid namespaces of a sandbox; nothing to enter where it has none of its own.
#[derive(Debug)]
pub(crate) struct Door(Option<[File; 3]>);

impl Door {
    /// Moves the calling thread into the network, for good.
    pub(crate) fn enter_network(&self) {
        if let Some([network, ..]) = &self.0 {
            setns(network, CloneFlags::CLONE_NEWNET).expect("enter the sandbox's network (are you root?)");
        }
    }

    /// Moves the calling thread into the network and the root; its children become processes of the sandbox.
    fn enter_everything(&self) {
        self.enter_network();
        if let Some([_, mounts, pids]) = &self.0 {
            // A thread shares its root with the others until it asks for one of its own.
            unshare(CloneFlags::CLONE_FS).expect("a root of the thread's own");
            setns(mounts, CloneFlags::CLONE_NEWNS).expect("enter the sandbox's root");
            setns(pids, CloneFlags::CLONE_NEWPID).expect("enter the sandbox's processes");
        }
    }

    /// Runs `work` on a thread of its own.
    fn run<T: Send>(&self, work: impl FnOnce(&Self) -> T + Send) -> T {
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| work(self));
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    /// Runs `work` on a thread inside the network.
    pub(crate) fn run_in_network<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        self.run(|door| {
            door.enter_network();
            work()
        })
    }
}

/// Held while an executable is written and while a process is started: a child that is born between the two has
/// the file open for writing until it executes something, and meanwhile nobody can execute the file.
pub(crate) fn executables() -> MutexGuard<'static, ()> {
    static LOCK: Mutex<()> = Mutex::new(());
    LOCK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A TCP port of the machine that nobody listens on now: for hosts without a network of their own.
pub(crate) fn free_port() -> u16 {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|socket| socket.local_addr());
    free.expect("a free port").port()
}

fn spawn_keeper(command: &mut Command) -> Child {
    let _no_file_is_written = executables();
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
