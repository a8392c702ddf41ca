//! One test host: a real nginx in a sandbox, what can be done to it and what can be seen of it.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use changeover::observe;
use nix::sys::signal::Signal;

use super::builds;
use super::certificates;
use super::changeover::{Run, Running};
use super::config::Config;
use super::http::{Answer, Connection, Failure};
use super::load::{Load, Loading};
use super::process::{self, Process};
use super::sandbox::{Sandbox, executables};
use super::{holds_within, wait_until};

/// What the master executes.
pub(crate) const BINARY: &str = "/usr/sbin/nginx";
pub(crate) const PID_FILE: &str = "/run/nginx.pid";
pub(crate) const CONFIG: &str = "/etc/nginx/nginx.conf";
pub(crate) const ERROR_LOG: &str = "/var/log/nginx/error.log";

/// An instance of nginx, mostly the only one of a host of its own. Everything on the host ends when its last instance is
/// dropped.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) config: Config,
    /// argv[0] of nginx; where it is no absolute path, seen from the directory that nginx is started in.
    pub(crate) program: String,
    pub(crate) directory: Option<String>,
    /// The user and group that nginx and the runs have, where they are not root's.
    pub(crate) user: Option<u32>,
    /// A command that executes nginx, given after it with its arguments.
    pub(crate) starter: Vec<String>,
}

/// A file offered as the new binary, and what a plan must be told about it.
#[derive(Debug, Clone)]
pub(crate) struct Offer {
    /// Where it lies, as processes of the host see it.
    pub(crate) source: PathBuf,
    pub(crate) sha256: String,
    pub(crate) version: String,
}

impl Host {
    /// A host in namespaces of its own, with no nginx yet.
    pub(crate) fn new() -> Self {
        let sandbox = Sandbox::namespaces();
        Self::on(sandbox.expect("namespaces of one's own: run the tests as root, or with CAP_SYS_ADMIN"))
    }

    pub(crate) fn on(sandbox: Sandbox) -> Self {
        Self {
            sandbox: Arc::new(sandbox),
            config: Config::default(),
            program: BINARY.to_owned(),
            directory: None,
            user: None,
            starter: Vec::new(),
        }
    }

    /// Changes the configuration that [`Host::running`] will write.
    pub(crate) fn with(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config);
        self
    }

    pub(crate) fn workers(self, workers: usize) -> Self {
        self.with(|config| config.workers = workers)
    }

    /// Another instance on the same host, started from the same path; it is not running yet.
    pub(crate) fn another(&self, name: &'static str, port: u16) -> Self {
        let (sandbox, program) = (Arc::clone(&self.sandbox), self.program.clone());
        Self {
            sandbox,
            config: Config { name, port, ..Config::default() },
            program,
            directory: None,
            user: None,
            starter: Vec::new(),
        }
    }

    /// The pid file of this instance.
    pub(crate) fn pid_file(&self) -> String {
        format!("/run/{}.pid", self.config.name)
    }

    pub(super) fn config_file(&self) -> String {
        format!("/etc/nginx/{}.conf", self.config.name)
    }

    /// Puts a build at the binary path, starts it and waits until all its workers accept.
    pub(crate) fn running(self, build: &str) -> Self {
        self.install(build);
        self.write_config();
        self.start();
        self
    }

    pub(crate) fn write_config(&self) {
        self.write(&self.config_file(), self.config.text(&self.sandbox.inner("/")));
        let certificates = if self.config.speaks_tls() { certificates::files() } else { &[] };
        for (path, text) in certificates {
            self.write(path, text);
        }
    }

    /// Starts nginx from the binary path and waits until it serves with all its workers.
    pub(crate) fn start(&self) {
        if self.config.daemon {
            self.launch();
        } else {
            self.keep_running();
        }
        // A fork has its master's title until it has one of its own.
        let begins = |master| self.children(master).iter().any(Process::is_master);
        let serves = |master| self.accepting(master).len() == self.config.workers && !begins(master);
        wait_until("nginx serves", || self.master().is_some_and(serves));
    }

    /// Starts nginx and waits until it is a daemon.
    pub(crate) fn launch(&self) {
        let output = self.output(self.nginx());
        assert!(output.status.success(), "nginx did not start: {output:?}\n{}", self.error_log());
    }

    /// Starts nginx, and does not wait for anything.
    pub(crate) fn keep_running(&self) {
        self.sandbox.keep_running(&mut self.nginx());
    }

    /// Runs a command of the host to its end.
    pub(crate) fn exec(&self, program: &str, arguments: &[&str]) -> Output {
        let mut command = Sandbox::command(program);
        command.args(arguments);
        self.output(command)
    }

    pub(crate) fn output(&self, mut command: Command) -> Output {
        let child = self.sandbox.spawn(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
        child.wait_with_output().expect("the output of a command in the host")
    }

    /// Lays a build at `/srv/nginx/VERSION/nginx`.
    pub(crate) fn offer(&self, build: &str) -> Offer {
        let bytes = std::fs::read(builds::executable(build)).expect("read the build");
        self.offer_bytes(builds::version(build), &bytes, 0o755)
    }

    /// Lays any bytes there, with any mode.
    pub(crate) fn offer_bytes(&self, version: &str, bytes: &[u8], mode: u32) -> Offer {
        let path = format!("/srv/nginx/{version}/nginx");
        let _nobody_is_started = executables();
        self.write(&path, bytes);
        std::fs::set_permissions(self.path(&path), PermissionsExt::from_mode(mode)).expect("set the mode");
        let sha256 = builds::sha256_of(&self.path(&path));
        Offer { source: self.sandbox.inner(&path), sha256, version: version.to_owned() }
    }

    /// `--set` arguments for the inputs of the plans in `plans/`.
    pub(crate) fn sets(&self, offer: &Offer) -> Vec<String> {
        let mut inputs = vec![
            format!("version={}", offer.version),
            format!("sha256={}", offer.sha256),
            format!("source={}", offer.source.display()),
        ];
        if !self.sandbox.is_private() || self.config.name != "nginx" {
            inputs.push(format!("pid-file={}", self.sandbox.inner(&self.pid_file()).display()));
        }
        if self.config.port != 80 {
            inputs.push(format!("health-url=http://{}/healthz", self.address()));
        }
        inputs.into_iter().flat_map(|input| ["--set".to_owned(), input]).collect()
    }

    /// The program under test with these arguments, for [`Sandbox::spawn`].
    pub(crate) fn changeover_command(&self, arguments: &[&str], offer: &Offer) -> Command {
        let mut command = Sandbox::command(runner());
        command.args(arguments).args(self.sets(offer));
        self.as_user(&mut command);
        if !self.sandbox.is_private() {
            command.arg("--state-dir").arg(self.sandbox.inner("/var/lib/changeover"));
        }
        command
    }

    /// The program under test with these arguments and no others, to its end.
    pub(crate) fn changeover_bare(&self, arguments: &[&str]) -> Run {
        self.start_bare(arguments).wait()
    }

    /// The same, started.
    pub(crate) fn start_bare(&self, arguments: &[&str]) -> Running {
        self.start_in(runner(), arguments)
    }

    /// A command that starts the program under test, to its end.
    pub(crate) fn run_in(&self, program: &str, arguments: &[&str]) -> Run {
        self.start_in(program, arguments).wait()
    }

    fn start_in(&self, program: impl AsRef<OsStr>, arguments: &[&str]) -> Running {
        let mut command = Sandbox::command(program);
        command.args(arguments);
        self.as_user(&mut command);
        Running::spawn(command, &self.sandbox)
    }

    /// `changeover ARGUMENTS --output json --set …`, started; the events can be read as they come.
    pub(crate) fn start_changeover(&self, arguments: &[&str], offer: &Offer) -> Running {
        let mut command = self.changeover_command(arguments, offer);
        command.args(["--output", "json"]);
        Running::spawn(command, &self.sandbox)
    }

    /// The same, to its end.
    pub(crate) fn changeover(&self, arguments: &[&str], offer: &Offer) -> Run {
        self.start_changeover(arguments, offer).wait()
    }

    pub(crate) fn start_load(&self, load: &Load) -> Loading {
        load.start(self.address(), self.sandbox.door())
    }

    /// One request of its own.
    pub(crate) fn get(&self, path: &str) -> Result<Answer, Failure> {
        let address = self.address();
        self.sandbox.door().run_in_network(|| Connection::open(address)?.get(path, false))
    }

    pub(crate) fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.config.port).into()
    }

    /// The test process's path for a file of the host.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.sandbox.outer(path)
    }

    /// A file of the host as text; `None` when it is not there.
    pub(crate) fn read(&self, path: &str) -> Option<String> {
        std::fs::read(self.path(path)).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Writes a file of the host, and the directories above it.
    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().expect("a file's directory")).expect("make the directory");
        std::fs::write(&path, content).unwrap_or_else(|error| panic!("write {}: {error}", path.display()));
    }

    /// The names in a directory of the host; none where there is no such directory.
    pub(crate) fn names_in(&self, directory: &str) -> BTreeSet<String> {
        let entries = self.path(directory).read_dir().into_iter().flatten().flatten();
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    }

    pub(crate) fn error_log(&self) -> String {
        self.read(ERROR_LOG).unwrap_or_default()
    }

    /// Every living process of the host but other instances' masters and their children.
    pub(crate) fn processes(&self) -> Vec<Process> {
        let all = process::all(&self.sandbox.proc());
        if self.sandbox.is_private() {
            let config = self.config_file();
            let another =
                |it: &&Process| it.is_master() && it.title.contains(" -c ") && !it.title.contains(&config);
            let others: Vec<i32> = all.iter().filter(another).map(|process| process.pid).collect();
            let ours = |it: &Process| !others.contains(&it.pid) && !others.contains(&it.parent);
            return all.into_iter().filter(ours).collect();
        }
        let ours = |process: &Process| process.title.contains(&*self.sandbox.inner("/").to_string_lossy());
        let masters: Vec<i32> =
            all.iter().filter(|process| ours(process)).map(|process| process.pid).collect();
        all.into_iter().filter(|process| ours(process) || masters.contains(&process.parent)).collect()
    }

    /// The pid that the pid file names.
    pub(crate) fn master(&self) -> Option<i32> {
        self.read(&self.pid_file())?.trim().parse().ok()
    }

    /// Living masters by pid.
    pub(crate) fn masters(&self) -> Vec<i32> {
        self.processes().iter().filter(|process| process.is_master()).map(|process| process.pid).collect()
    }

    /// Living children of a process.
    pub(crate) fn children(&self, parent: i32) -> Vec<Process> {
        self.processes().into_iter().filter(|process| process.parent == parent).collect()
    }

    /// Pids of a master's workers that accept.
    pub(crate) fn accepting(&self, master: i32) -> Vec<i32> {
        self.children(master).iter().filter(|child| child.is_worker()).map(|child| child.pid).collect()
    }

    /// Processes of nginx that belong to no living master.
    pub(crate) fn strays(&self) -> Vec<Process> {
        let masters = self.masters();
        let nginx = |process: &Process| process.title.starts_with("nginx: ") && !process.is_master();
        self.processes()
            .into_iter()
            .filter(|process| nginx(process) && !masters.contains(&process.parent))
            .collect()
    }

    /// Processes that execute the file with this inode.
    pub(crate) fn executing(&self, inode: u64) -> Vec<Process> {
        self.processes().into_iter().filter(|process| process.exe == inode).collect()
    }

    pub(crate) fn is_alive(&self, pid: i32) -> bool {
        process::one(&self.sandbox.proc(), pid).is_some_and(|process| process.state != 'Z')
    }

    /// Every living master waits for its next signal: nothing that was sent is still in flight.
    pub(crate) fn is_quiet(&self) -> bool {
        self.masters().into_iter().all(|master| self.is_at_rest(master))
    }

    /// This master waits for its next signal, or is gone.
    pub(crate) fn is_at_rest(&self, master: i32) -> bool {
        self.sandbox.outer_pid(master).and_then(observe::facts).is_none_or(|master| master.quiet())
    }

    /// Signals a process of the host.
    pub(crate) fn kill(&self, pid: i32, signal: Signal) {
        process::kill(&self.sandbox.proc(), pid, signal)
            .unwrap_or_else(|error| panic!("{signal} to process {pid} of the host: {error}"));
    }

    /// Signals a process that may have ended meanwhile, by itself or by another's hand.
    pub(crate) fn kill_if_there(&self, pid: i32, signal: Signal) {
        let _ = process::kill(&self.sandbox.proc(), pid, signal);
    }

    /// Stops a process, and returns once it is: from here on its signals wait. False where it has ended instead.
    pub(crate) fn stop(&self, pid: i32) -> bool {
        let state = || process::one(&self.sandbox.proc(), pid).map(|process| process.state);
        wait_until("the process is stopped", || {
            // Again each time: a run that it meets may let it go on.
            self.kill_if_there(pid, Signal::SIGSTOP);
            matches!(state(), None | Some('T' | 'Z'))
        });
        state() == Some('T')
    }

    /// Waits until a process is gone.
    pub(crate) fn wait_gone(&self, pid: i32) -> bool {
        holds_within(super::PATIENCE, || !self.is_alive(pid))
    }

    /// The version of the worker that answers one request now.
    pub(crate) fn answering(&self) -> Option<String> {
        self.get("/healthz").ok()?.version
    }
}

/// The program under test: beside the running test or example executable's directory.
pub(crate) fn runner() -> PathBuf {
    let exe = std::env::current_exe().expect("own path");
    let directories = exe.ancestors().skip(2).map(Path::to_path_buf);
    let found = directories.map(|directory| directory.join("changeover")).find(|path| path.is_file());
    found.expect("the `changeover` binary beside the tests: cargo build")
}
