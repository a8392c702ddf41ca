//! One row played on real nginx under load, and what is not as the table says.

use std::fs::File;
use std::path::PathBuf;
use std::time::Duration;

use nix::fcntl::{Flock, FlockArg};
use nix::sys::signal::Signal;

use crate::fault::Fault;
use crate::phase::{Met, Phase};
use crate::strike::STATE;
use crate::support::changeover::Line;
use crate::support::host::Host;
use crate::support::load::Load;
use crate::support::scene::Scene;
use crate::support::{builds, holds_within};
use crate::table::{Path, Row, Serves};
use crate::texts;

/// A row that was played.
pub(crate) struct Played(Scene);

impl Row {
    /// What it is called: `KILL to new, soak, plain`.
    pub(crate) fn name(&self) -> String {
        format!("{}, {}, {}", self.fault, self.phase, self.setup)
    }
}

impl Played {
    /// Lets the fault strike.
    pub(crate) fn of(row: &Row) -> Self {
        let host = row.setup.host();
        let offer = row.fault.offer(&host);
        row.fault.prepare(&host);
        Self(Scene::play_under(host, |host| {
            let load = host.start_load(&Load::close());
            let mut met = Met::at(row, host, &offer);
            row.fault.strike(&mut met);
            drop(met.gate.take());
            let mut run = met.run.wait();
            if row.fault == Fault::ReaderGone {
                run.lines = events_of_the_only_run(host);
            }
            if row.ends.serves != Serves::Nobody {
                load.go_on();
            }
            (run, load.stop())
        }))
    }

    /// One line of the printed table.
    pub(crate) fn line(&self, row: &Row, took: Duration) -> String {
        let scene = &self.0;
        let path =
            if scene.after.inode == scene.before.inode { "found" } else { scene.after.binary.as_str() };
        let path: String = path.chars().take(6).collect();
        format!(
            "{:31}  {:12}  {:11}  {:4}  {:6}  {path:6}  {:6}  {:7.2}",
            row.fault,
            row.phase,
            row.setup,
            scene.run.exit(),
            scene.run.said("serving"),
            scene.served.harmed(),
            took.as_secs_f64()
        )
    }

    /// What is not as it must be, with the whole run; empty where all is.
    pub(crate) fn faults(&self, row: &Row) -> Vec<String> {
        let mut faults = self.ended(row);
        faults.extend(self.left(row));
        self.told(faults, row)
    }

    /// The same, and what differs from the kept text.
    pub(crate) fn faults_and_text(&self, row: &Row) -> Vec<String> {
        let faults = self.faults(row);
        if faults.is_empty() {
            self.told(texts::differs(row, &self.0).into_iter().collect(), row)
        } else {
            faults
        }
    }

    fn told(&self, faults: Vec<String>, row: &Row) -> Vec<String> {
        if faults.is_empty() {
            return faults;
        }
        let Scene { run, host, before, after, served, .. } = &self.0;
        let all = faults.join("; ");
        let log = host.error_log();
        vec![format!("== {}: {all}\n{run}\n{before:?}\n{after:?}\n{served}\nerror.log\n{log}", row.name())]
    }

    /// Exit code, diagnosis, who serves and how many requests were harmed.
    fn ended(&self, row: &Row) -> Vec<String> {
        let Scene { run, served, after, .. } = &self.0;
        let code = run.verdict()["diagnosis"]["code"].as_str().unwrap_or_default();
        let (serving, version) = match row.ends.serves {
            Serves::Old => ("old", Some("1.22.1")),
            Serves::New => ("new", Some(builds::version(row.fault.build()))),
            Serves::Nobody => ("none", None),
        };
        let mut faults = Vec::new();
        let mut must = |holds: bool, what: String| {
            if !holds {
                faults.push(what);
            }
        };
        must(run.exit() == row.ends.exit, format!("exit {}, not {}", run.exit(), row.ends.exit));
        must(
            row.ends.code.split('|').any(|expected| expected == code),
            format!("code {code:?}, not {:?}", row.ends.code),
        );
        must(run.said("serving") == serving, format!("{} serves, not {serving}", run.said("serving")));
        must(after.answering.as_deref() == version, format!("{:?} answers", after.answering));
        must(served.harmed() <= row.ends.harmed, format!("{} requests harmed", served.harmed()));
        let usr2 = run.lines.iter().find(|line| line.name() == "window-opened");
        if let (Fault::Build(_), Some(usr2)) = (row.fault, usr2) {
            // What a build does to clients it does while it may serve them.
            let meanwhile = served.sent_between(usr2.at, run.ended).harmed();
            must(meanwhile == served.harmed(), format!("{meanwhile} harmed between USR2 and the verdict"));
        }
        faults
    }

    /// The path, the processes and the files afterwards.
    fn left(&self, row: &Row) -> Vec<String> {
        let Scene { before, after, host, .. } = &self.0;
        let mut faults = Vec::new();
        let mut must = |holds: bool, what: String| {
            if !holds {
                faults.push(what);
            }
        };
        let path = match row.ends.path {
            Path::Found => after.inode == before.inode,
            Path::New => after.binary == row.fault.build(),
            Path::Theirs => after.binary == "1.18.0",
        };
        must(path, format!("the path holds {} ({})", after.binary, after.inode));
        let locks = held_locks(host);
        must(locks.is_empty(), format!("locks are held: {locks:?}"));
        if row.ends.exit == 30 && row.phase != Phase::BeforeUsr2 {
            // Both generations are there: what they run and what names them stays, and `status` names it.
            return faults;
        }
        // What new replaced is kept; and what was found, where it cannot be put back.
        let held = row.ends.path == Path::Theirs && row.phase == Phase::ExecWindow;
        let beside = usize::from(row.ends.path == Path::New || held);
        let held = row.fault.holds_files();
        must(held || after.beside.len() <= beside, format!("left beside the path: {:?}", after.beside));
        must(after.oldbin.is_none(), format!(".oldbin is left: {:?}", after.oldbin));
        if row.ends.serves == Serves::Nobody {
            return faults;
        }
        if row.ends.exit >= 30 {
            // Stuck: the orphans of a killed master serve on, or both masters are there.
            return faults;
        }
        must(after.names == before.names, format!("beside the pid file: {:?}", after.names));
        must(after.masters.len() == 1, format!("masters: {:?}", after.masters));
        if let [master] = *after.masters {
            must(after.accepting == before.accepting, format!("{} workers accept", after.accepting));
            must((after.strays, after.draining) == (0, 0), "processes are left over".to_owned());
            let named = after.pid_file.as_deref().map(str::trim) == Some(&*master.to_string());
            must(named, format!("the pid file says {:?}", after.pid_file));
            let latent = lives_on(host, master, !row.fault.breaks_configuration());
            must(latent.is_ok(), latent.err().unwrap_or_default().to_owned());
        }
        faults
    }
}

/// What the run has written about itself.
fn events_of_the_only_run(host: &Host) -> Vec<Line> {
    let inside = |directory: PathBuf| {
        let mut entries = directory.read_dir().expect("the run's directory").flatten();
        entries.next().expect("a run").path()
    };
    let text = std::fs::read_to_string(inside(inside(host.path(STATE))).join("events.jsonl"));
    text.expect("its events").lines().map(|line| Line::of(line.to_owned())).collect()
}

/// Milliseconds from WINCH until this build is judged, and until old serves alone again: by the standard plan without
/// `stable-for`.
pub(crate) fn from_winch(build: &str) -> [f64; 2] {
    let host = crate::setup::Setup::Plain.host();
    let plan = std::fs::read_to_string("plans/nginx.toml").expect("the plan");
    host.write("/srv/nginx.toml", plan.replace("stable-for = \"1s\"", "stable-for = \"0s\""));
    let offer = host.offer(build);
    let load = host.start_load(&Load::close());
    let run = host.changeover(&["run", "/srv/nginx.toml"], &offer);
    drop(load);
    assert_eq!(run.exit(), 20, "{run}");
    let at = |name: &str, signal: &str| {
        let is = |line: &&crate::support::changeover::Line| {
            line.name() == name && (signal.is_empty() || line.event["signal"] == signal)
        };
        run.lines.iter().find(is).and_then(|line| line.event["ms"].as_f64()).expect("the event")
    };
    [at("step-failed", ""), at("verdict", "")].map(|then| then - at("move-made", "WINCH"))
}

/// No harm is left that shows later: a log rotation changes nothing, a worker that dies is replaced, and a reload, where
/// the configuration is one, leaves as many workers as before (nginx-facts 2, 17 and 25).
pub(crate) fn lives_on(host: &Host, master: i32, configured: bool) -> Result<(), &'static str> {
    const PATIENCE: Duration = Duration::from_secs(5);
    let before = host.accepting(master);
    let ends = |now: &[i32], ended: &[i32]| {
        let stay = before.iter().filter(|pid| !ended.contains(pid)).all(|pid| now.contains(pid));
        now.len() == before.len() && stay && now.iter().all(|pid| !ended.contains(pid))
    };
    let [dies, ..] = *before else { return Err("it has no worker") };
    host.kill(master, Signal::SIGUSR1);
    host.kill(dies, Signal::SIGKILL);
    if !holds_within(PATIENCE, || ends(&host.accepting(master), &[dies])) {
        return Err("a worker that dies is not replaced, or a log rotation ends others");
    }
    if !configured {
        return Ok(());
    }
    let before = host.accepting(master);
    host.kill(master, Signal::SIGHUP);
    let reloaded = || {
        let now = host.accepting(master);
        now.len() == before.len() && now.iter().all(|pid| !before.contains(pid))
    };
    if holds_within(PATIENCE, reloaded) { Ok(()) } else { Err("it does not reload well") }
}

/// Locks that somebody does not let go: a process that ends loses its title, by which it is waited for, before its files.
pub(crate) fn held_locks(host: &Host) -> Vec<PathBuf> {
    let is_held = |path: &PathBuf| {
        let file = File::open(path).expect("a lock's file");
        Flock::lock(file, FlockArg::LockExclusiveNonblock).is_err()
    };
    let held = || {
        let files = host.path("/run/lock").read_dir().into_iter().flatten().flatten();
        files.map(|entry| entry.path()).filter(is_held).collect::<Vec<_>>()
    };
    holds_within(Duration::from_secs(5), || held().is_empty());
    held()
}
