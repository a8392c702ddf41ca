//! Preflight against a real nginx in a private prefix.
#![expect(clippy::disallowed_methods, reason = "tests make and remove the files they look at")]

use std::{
    fs,
    io::ErrorKind,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};

use super::{Input, Level, PidText, Report, Socket, run};
use crate::{
    host::{
        files::{Symlinks, hash_file},
        process::Process,
        scratch::{NGINX, Scratch},
    },
    plan::Plan,
};

/// A running nginx with everything it has in one directory; ended and removed at the end.
struct Nginx {
    scratch: Scratch,
    port: u16,
    /// The process itself where it is no daemon.
    child: Option<Child>,
}

impl Nginx {
    /// As a daemon, with two workers.
    fn start(settings: &str) -> Self {
        let mut nginx = Self::prepare(settings);
        nginx.run("daemon on;");
        nginx
    }

    fn prepare(settings: &str) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let nginx = Self { scratch: Scratch::new(), port, child: None };
        for directory in ["sbin", "logs"] {
            fs::create_dir(nginx.path(directory)).unwrap();
        }
        fs::set_permissions(nginx.scratch.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::copy(NGINX, nginx.path("sbin/nginx")).unwrap();
        // The offered file is another one: some bytes more do not change what it does.
        let mut new = fs::read(NGINX).unwrap();
        new.extend_from_slice(b"other");
        fs::write(nginx.path("new"), new).unwrap();
        fs::set_permissions(nginx.path("new"), fs::Permissions::from_mode(0o755)).unwrap();
        nginx.configure(settings);
        nginx
    }

    /// Runs it with these directives, until it is as far as it will come.
    fn run(&mut self, directives: &str) {
        let mut command = self.nginx();
        command.args(["-g", directives]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // A child that another test forks just now holds the copy open for writing until it execs.
        self.child = std::iter::repeat_with(|| command.spawn())
            .find(|it| it.as_ref().err().is_none_or(|error| error.kind() != ErrorKind::ExecutableFileBusy))
            .map(Result::unwrap);
        let workers = if directives.contains("master_process off") { 0 } else { 2 };
        // The pid file is written before the titles.
        let ready = |it: Process| workers == 0 || it.command.starts_with("nginx: master");
        until(|| Process::read(self.pid()).is_some_and(ready) && self.workers() >= workers);
    }

    fn nginx(&self) -> Command {
        let mut command = Command::new(self.path("sbin/nginx"));
        command
            .arg("-p")
            .arg(self.scratch.path())
            .arg("-c")
            .arg(self.path("nginx.conf"))
            .arg("-e")
            .arg(self.path("logs/e"));
        command
    }

    fn configure(&self, settings: &str) {
        let directory = self.scratch.path().display().to_string();
        let text = "worker_processes 2; pid DIR/nginx.pid; error_log DIR/logs/error.log; events {} http { access_log off; \
            client_body_temp_path DIR/b; proxy_temp_path DIR/p; fastcgi_temp_path DIR/f; uwsgi_temp_path DIR/u; \
            scgi_temp_path DIR/s; SETTINGS }"
            .replace("SETTINGS", settings)
            .replace("DIR", &directory)
            .replace("PORT", &self.port.to_string());
        fs::write(self.path("nginx.conf"), text).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    fn pid(&self) -> i32 {
        fs::read_to_string(self.path("nginx.pid")).unwrap_or_default().trim().parse().unwrap_or(-1)
    }

    fn workers(&self) -> usize {
        let children = crate::host::process::children(self.pid());
        children
            .into_iter()
            .filter_map(Process::read)
            .filter(|it| it.command == "nginx: worker process")
            .count()
    }

    fn plan(&self) -> Plan {
        let sha256 = hash_file(&self.path("new"), Symlinks::Refuse).unwrap().sha256;
        let text = format!(
            "format = 1\nname = \"n\"\n[service]\nkind = \"nginx\"\npid-file = \"{}\"\n[[step]]\naction = \
             \"replace-binary\"\nsource = \"{}\"\nsha256 = \"{sha256}\"\n[[step]]\naction = \"rollback\"\n",
            self.path("nginx.pid").display(),
            self.path("new").display(),
        );
        toml::from_str(&text).unwrap()
    }

    async fn preflight(&self, stage: bool) -> Report {
        self.judge(&self.plan(), stage).await
    }

    async fn judge(&self, plan: &Plan, stage: bool) -> Report {
        run(&Input { plan, run: "r1", state: None, stage }).await
    }

    fn beside(&self) -> Vec<String> {
        let names = fs::read_dir(self.path("sbin")).unwrap();
        names
            .map(|it| it.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != "nginx")
            .collect()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let pid = Some(self.pid()).filter(|pid| *pid > 1).and_then(Pid::from_raw);
        if let Some(pid) = pid {
            let _ = kill_process(pid, Signal::TERM);
        }
        // The parent of a daemon has left long ago; in the foreground it is nginx itself.
        let _ = self.child.as_mut().map(Child::wait);
        until(|| pid.is_none_or(|pid| Process::read(pid.as_raw_nonzero().get()).is_none()));
    }
}

/// Waits for what nginx does by itself; no test waits for ever.
fn until(done: impl Fn() -> bool) {
    let clock = crate::host::clock::Clock::start();
    while !done() {
        assert!(clock.elapsed().as_secs() < 20, "nginx did not come so far");
        std::thread::yield_now();
    }
}

fn codes(report: &Report) -> Vec<&str> {
    report.findings.iter().map(|finding| finding.code).collect()
}

const SERVER: &str = "server { listen 127.0.0.1:PORT; } server { listen unix:DIR/app.sock; }";

#[tokio::test]
async fn a_healthy_nginx_passes_and_the_new_file_is_staged_and_proven() {
    let nginx = Nginx::start(SERVER);
    let clock = crate::host::clock::Clock::start();
    let report = nginx.preflight(true).await;
    let took = clock.elapsed();
    assert_eq!(report.findings, []);
    let ready = report.ready.unwrap();
    assert_eq!((ready.old.pid, ready.new_workers, ready.baseline.accepting), (nginx.pid(), Some(2), 2));
    assert_eq!(ready.old_version, ready.new_version);
    assert!(ready.unix_paths.len() == 1 && ready.streams);
    let staged = ready.staged.unwrap();
    assert_eq!(nginx.beside(), [".nginx.changeover-r1"]);
    assert_eq!(hash_file(&staged.path, Symlinks::Refuse).unwrap(), staged.file);
    let found = hash_file(&nginx.path("sbin/nginx"), Symlinks::Refuse).unwrap();
    assert_eq!(ready.fingerprint.sha256, Some(found.sha256), "what is kept after a commit can be proven");
    assert!(took.as_secs() < 5, "{took:?}");
}

#[tokio::test]
async fn a_preview_writes_nothing() {
    let nginx = Nginx::start(SERVER);
    let report = nginx.preflight(false).await;
    assert_eq!(report.findings, []);
    assert!(report.ready.unwrap().staged.is_none());
    assert_eq!(nginx.beside(), Vec::<String>::new());
}

#[tokio::test]
async fn all_that_is_wrong_is_told_at_once_and_nothing_stays_behind() {
    let nginx = Nginx::start(&SERVER.replace("PORT", "PORT reuseport"));
    nginx.configure("server { listen 127.0.0.1:PORT; }");
    let after = std::time::SystemTime::now() + std::time::Duration::from_secs(60);
    fs::File::open(nginx.path("nginx.conf")).unwrap().set_modified(after).unwrap();
    fs::write(nginx.path("nginx.pid.oldbin"), "1\n").unwrap();
    let report = nginx.preflight(true).await;
    let expected = [
        "preflight/oldbin-stale",
        "preflight/configuration-newer",
        "preflight/fewer-sockets",
        "preflight/unix-listener-removed",
    ];
    assert_eq!(codes(&report), expected);
    assert!(report.refused() && report.ready.is_none());
    assert_eq!(nginx.beside(), Vec::<String>::new());
    let held = report.facts.master.unwrap().held;
    assert!(held.iter().any(|held| held.count == 2 && matches!(held.socket, Socket::Tcp(_))), "{held:?}");
}

#[tokio::test]
async fn a_configuration_that_nginx_rejects_is_told_in_its_words() {
    let nginx = Nginx::start(SERVER);
    nginx.configure("nonsense on;");
    let report = nginx.preflight(true).await;
    let rejected = report.findings.iter().find(|it| it.code == "preflight/configuration-rejected").unwrap();
    assert!(rejected.seen.contains("unknown directive \"nonsense\" in "), "{}", rejected.seen);
    assert!(codes(&report).contains(&"preflight/running-binary-rejects-configuration"));
    assert_eq!(nginx.beside(), Vec::<String>::new());
}

#[tokio::test]
async fn a_garbage_file_another_digest_and_no_execute_bit_are_refused() {
    let nginx = Nginx::start(SERVER);
    let right = nginx.plan();
    fs::set_permissions(nginx.path("new"), fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(codes(&nginx.judge(&right, true).await), ["preflight/source-not-executable"]);
    fs::set_permissions(nginx.path("new"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(nginx.path("new"), "garbage").unwrap();
    assert_eq!(codes(&nginx.judge(&right, true).await), ["preflight/sha256-differs"]);
    let report = nginx.preflight(true).await;
    assert_eq!(codes(&report), ["preflight/build-does-not-run"]);
    assert!(report.findings[0].seen.contains("Exec format error"), "{}", report.findings[0].seen);
    fs::remove_file(nginx.path("new")).unwrap();
    assert_eq!(codes(&nginx.judge(&right, true).await), ["preflight/source-not-staged"]);
    assert_eq!(nginx.beside(), Vec::<String>::new());
}

#[tokio::test]
async fn without_a_pid_file_nothing_is_run_and_none_is_made() {
    let nginx = Nginx::start(SERVER);
    let plan = nginx.plan();
    let (pid_file, away) = (nginx.path("nginx.pid"), nginx.path("away"));
    fs::rename(&pid_file, &away).unwrap();
    let report = nginx.judge(&plan, true).await;
    let made = pid_file.exists();
    fs::rename(&away, &pid_file).unwrap();
    assert_eq!(codes(&report), ["preflight/pid-file-missing"]);
    assert_eq!(report.facts.pid_file.text, PidText::Missing);
    assert!(report.facts.pid_file.others.contains(&nginx.pid()));
    assert!(!made && report.facts.running.is_none());
}

#[tokio::test]
async fn the_wanted_file_that_runs_already_leaves_nothing_to_do() {
    let nginx = Nginx::start(SERVER);
    fs::copy(nginx.path("sbin/nginx"), nginx.path("new")).unwrap();
    let report = nginx.preflight(true).await;
    assert!(report.nothing_to_do.is_some() && report.ready.is_none(), "{:?}", report.findings);
    assert_eq!(nginx.beside(), Vec::<String>::new());
    assert_eq!(report.count(Level::Refuse), 0);
}

#[tokio::test]
async fn a_file_put_over_the_running_one_is_refused_and_a_symlink_to_it_passes() {
    let nginx = Nginx::start(SERVER);
    let path = nginx.path("sbin/nginx");
    fs::rename(&path, nginx.path("kept")).unwrap();
    fs::copy(nginx.path("kept"), &path).unwrap();
    assert_eq!(codes(&nginx.preflight(true).await), ["preflight/binary-path-differs"]);
    fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink(Path::new("../kept"), &path).unwrap();
    let report = nginx.preflight(true).await;
    assert_eq!(codes(&report), Vec::<&str>::new());
    assert_eq!(report.ready.unwrap().staged.unwrap().path.parent(), path.parent());
    fs::remove_file(nginx.path("kept")).unwrap();
    assert_eq!(codes(&nginx.preflight(true).await), ["preflight/binary-path-dangling"]);
}

#[tokio::test]
async fn nginx_in_the_foreground_is_refused() {
    let mut nginx = Nginx::prepare(SERVER);
    nginx.run("daemon off;");
    assert_eq!(codes(&nginx.preflight(true).await), ["preflight/daemon-off"]);
}

#[tokio::test]
async fn nginx_without_a_master_process_is_refused_and_nothing_is_run() {
    let mut nginx = Nginx::prepare(SERVER);
    nginx.run("master_process off;");
    let report = nginx.preflight(true).await;
    assert_eq!(codes(&report), ["preflight/master-process-off"]);
    assert!(report.facts.running.is_none());
}

#[tokio::test]
async fn a_second_generation_is_refused_from_below_and_from_above() {
    let nginx = Nginx::start(SERVER);
    let plan = nginx.plan();
    let old = nginx.pid();
    rustix::process::kill_process(
        rustix::process::Pid::from_raw(old).unwrap(),
        rustix::process::Signal::USR2,
    )
    .unwrap();
    until(|| nginx.pid() != old && nginx.workers() >= 2);
    let new = nginx.pid();
    let above = nginx.judge(&plan, true).await;
    fs::write(nginx.path("nginx.pid"), format!("{old}\n")).unwrap();
    let below = nginx.judge(&plan, true).await;
    for pid in [new, old] {
        fs::write(nginx.path("nginx.pid"), format!("{pid}\n")).unwrap();
        let pid = Pid::from_raw(pid).unwrap();
        kill_process(pid, Signal::TERM).unwrap();
        until(|| Process::read(pid.as_raw_nonzero().get()).is_none());
    }
    assert_eq!(above.facts.master.as_ref().unwrap().held.len(), 2, "{:?}", above.findings);
    assert_eq!(codes(&above), ["preflight/oldbin-live", "preflight/second-master"]);
    assert_eq!(codes(&below), ["preflight/oldbin-live", "preflight/second-master"]);
    assert_eq!(below.facts.master.unwrap().child_masters, [new]);
}
