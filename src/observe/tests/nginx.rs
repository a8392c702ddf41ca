//! A real nginx in a directory of its own, ended with everything it started.

use std::{
    fs,
    io::Write,
    os::unix::net::UnixStream,
    path::PathBuf,
    process::Command,
    sync::OnceLock,
    time::{Duration, Instant},
};

use crate::{
    host::{
        pidfd::Pidfd,
        process::Process,
        scratch::{NGINX, Scratch},
    },
    observe::{Instance, Observer, files, find},
    protocol::{Baseline, FileId, Identity, Limits, OldFile, Signal},
};

const CONFIG: &str = "
pid nginx.pid;
error_log error.log notice;
worker_processes 2;
events {}
http {
  access_log off;
  client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp; uwsgi_temp_path tmp; scgi_temp_path tmp;
  server { listen unix:SOCKET; return 204; }
}
";

/// One instance.
pub(super) struct Nginx {
    dir: Scratch,
    found: FileId,
}

/// Lets 2 ms pass and says how much time has passed in all.
#[expect(clippy::disallowed_methods, reason = "the clock of these tests")]
pub(super) fn pause() -> Duration {
    static START: OnceLock<Instant> = OnceLock::new();
    std::thread::sleep(Duration::from_millis(2));
    START.get_or_init(Instant::now).elapsed()
}

#[expect(clippy::disallowed_methods, reason = "the files of these tests")]
impl Nginx {
    pub(super) fn start() -> Self {
        let dir = Scratch::new();
        Self { found: copy(&dir, "nginx"), dir }.started()
    }

    /// Another instance that runs the very same file.
    pub(super) fn start_beside(&self) -> Self {
        let dir = Scratch::new();
        fs::hard_link(self.dir.path().join("nginx"), dir.path().join("nginx")).unwrap();
        Self { found: self.found, dir }.started()
    }

    fn started(self) -> Self {
        self.start_again();
        self
    }

    /// Starts it, also where it has run and is gone.
    pub(super) fn start_again(&self) {
        self.listen_on("server.sock");
        let dir = self.dir.path();
        let started = Command::new(dir.join("nginx"))
            .args(["-e", "error.log", "-c", "nginx.conf", "-p"])
            .arg(dir)
            .status()
            .unwrap();
        assert!(started.success());
        // The first process ends before its child writes the pid file and listens for signals.
        while find(&self.pid_file()).map_or(true, |found| found.old.workers.titled.len() < 2) {
            pause();
        }
    }

    /// The master that the present one has executed, once its workers accept.
    pub(super) fn child(&self) -> Identity {
        loop {
            let new = find(&self.pid_file()).ok().and_then(|found| found.new);
            if let Some(new) = new.filter(|new| new.workers.titled.len() == 2) {
                return new.id;
            }
            pause();
        }
    }

    /// Writes the configuration.
    pub(super) fn listen_on(&self, name: &str) {
        self.write("nginx.conf", &CONFIG.replace("SOCKET", self.dir.path().join(name).to_str().unwrap()));
    }

    pub(super) fn pid_file(&self) -> PathBuf {
        self.dir.path().join("nginx.pid")
    }

    pub(super) fn found(&self) -> FileId {
        self.found
    }

    fn master(&self) -> Identity {
        find(&self.pid_file()).unwrap().old.id
    }

    pub(super) fn observer(&self) -> Observer {
        Observer::new(self.instance())
    }

    /// The instance as it is now.
    pub(super) fn instance(&self) -> Instance {
        let socket = self.dir.path().join("server.sock");
        Instance {
            pid_file: self.pid_file(),
            binary_path: self.dir.path().join("nginx"),
            found: self.found,
            kept: None,
            old: self.master(),
            ours: None,
            stub: None,
            unix_paths: vec![(socket.clone(), files::file_id(&socket).unwrap())],
            streams: true,
            baseline: Baseline {
                accepting: 2,
                cache_manager: false,
                old_file: OldFile::Found,
                term_unlinks: false,
            },
            limits: Limits { quit_timeout: Duration::from_secs(10) },
        }
    }

    /// Another inode with the same bytes takes the path.
    pub(super) fn put_another_file(&self) -> FileId {
        let ours = copy(&self.dir, "staged");
        fs::hard_link(self.dir.path().join("nginx"), self.dir.path().join("kept")).unwrap();
        fs::rename(self.dir.path().join("staged"), self.dir.path().join("nginx")).unwrap();
        ours
    }

    /// The file as found takes the path again.
    pub(super) fn put_back(&self) {
        fs::rename(self.dir.path().join("kept"), self.dir.path().join("nginx")).unwrap();
    }

    pub(super) fn remove(&self, name: &str) {
        fs::remove_file(self.dir.path().join(name)).unwrap();
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        self.dir.write(name, text.as_bytes());
    }

    /// A client in the middle of its request: its worker drains until it goes.
    pub(super) fn open_request(&self) -> UnixStream {
        let mut client = UnixStream::connect(self.dir.path().join("server.sock")).unwrap();
        client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n").unwrap();
        // The worker must have accepted it: a second request on another connection is answered after it.
        let mut other = UnixStream::connect(self.dir.path().join("server.sock")).unwrap();
        other.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        std::io::Read::read_to_end(&mut other, &mut answer).unwrap();
        client
    }
}

pub(super) fn signal(to: Identity, signal: Signal) {
    Pidfd::open(to).unwrap().send(signal).unwrap();
}

pub(super) fn kill(id: Identity) {
    Pidfd::open(id).unwrap().kill().unwrap();
}

fn copy(dir: &Scratch, name: &str) -> FileId {
    let to = dir.path().join(name);
    // In a process of its own: a descriptor that this one writes through would be inherited by what other tests
    // start meanwhile, and the copy could not be executed.
    let copied = Command::new("cp").arg(NGINX).arg(&to).status().unwrap();
    assert!(copied.success(), "these tests need what `make setup` unpacks");
    files::file_id(&to).unwrap()
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Whatever runs a file or has a title of this directory was started here.
        let mine = |process: &Process| {
            let exe = fs::read_link(format!("/proc/{}/exe", process.id.pid));
            exe.is_ok_and(|exe| exe.starts_with(self.dir.path()))
        };
        loop {
            let all = crate::host::process::all_pids().into_iter().filter_map(Process::read);
            let left: Vec<Process> = all.filter(mine).collect();
            if left.is_empty() {
                break;
            }
            for process in left {
                let _ = Pidfd::open(process.id).and_then(|held| held.kill());
            }
            pause();
        }
    }
}
