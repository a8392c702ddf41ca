//! A run that is met at a moment by somebody who changes the host behind its back.

use std::os::unix::fs::MetadataExt as _;

use nix::sys::signal::Signal;

use super::changeover::{Line, Run, Running};
use super::host::{BINARY, CONFIG, Host, Offer};
use super::scene::Scene;
use super::wait_until;

/// Takes the watch out of the plan.
pub(crate) const NO_WATCH: (&str, &str) =
    ("[[watch]]\nprobe = \"health\"\ninterval = \"250ms\"\nfail-after = 3\n", "");

/// Time to do something before USR2 is due.
pub(crate) const SOAK_FIRST: (&str, &str) = (
    "action = \"signal\"\nsignal = \"USR2\"",
    "action = \"soak\"\nfor = \"2s\"\n\n[[step]]\naction = \"signal\"\nsignal = \"USR2\"",
);

/// When the run is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Before WINCH: all workers of both generations accept, and new must stay so for a while.
    BothAccept,
    /// After WINCH: new serves alone, and soaks.
    Soak,
}

/// The plan with a soak and a watch, with each text replaced.
pub(crate) fn changed(changes: &[(&str, &str)]) -> String {
    let plan = std::fs::read_to_string("plans/soak-and-watch.toml").expect("the plan");
    changes.iter().fold(plan, |plan, (from, to)| {
        assert!(plan.contains(from), "the plan has no {from}");
        plan.replace(from, to)
    })
}

/// A copy of it on the host.
pub(crate) fn plan(host: &Host, changes: &[(&str, &str)]) -> &'static str {
    // A machine that is busy with other tests is no sick build.
    let plan = changed(changes).replace("[probe.health]\n", "[probe.health]\nrequest-timeout = \"10s\"\n");
    host.write("/srv/plan.toml", plan);
    "/srv/plan.toml"
}

/// A run under way, the host, and the masters as they are when it is met.
#[derive(Debug)]
pub(crate) struct Met<'h> {
    pub(crate) host: &'h Host,
    pub(crate) run: Running,
    pub(crate) old: i32,
    pub(crate) new: i32,
}

impl<'h> Met<'h> {
    /// Starts the run on a host and returns at the moment. Every wait of the plan is long enough to be met, and a
    /// watch is only in it where it is changed: a run that is stopped would hold a connection open.
    pub(crate) fn at(moment: Moment, host: &'h Host, offer: &Offer, changes: &[(&str, &str)]) -> Self {
        let stable = if moment == Moment::BothAccept { "20s" } else { "50ms" };
        let stable = ("stable-for = \"1s\"", format!("stable-for = \"{stable}\""));
        let mut all = vec![(stable.0, stable.1.as_str())];
        all.extend_from_slice(changes);
        if !changes.iter().any(|(from, _)| NO_WATCH.0.contains(from)) {
            all.push(NO_WATCH);
        }
        let plan = plan(host, &all);
        let old = host.master().expect("a master");
        let mut run = host.start_changeover(&["run", plan, "--set", "soak=1m"], offer);
        run.wait_for("the moment", |line| match moment {
            Moment::BothAccept => {
                let new = line.name() == "workers" && line.event["generation"] == "new";
                new && line.event["accepting"] == line.event["expected"]
            }
            Moment::Soak => line.name() == "step-started" && line.event["action"] == "soak",
        });
        let new = host.masters().into_iter().find(|master| *master != old).expect("a new master");
        Self { host, run, old, new }
    }

    /// Does something while the run does not look: to it, everything happens at once.
    pub(crate) fn unseen(&self, act: impl FnOnce(&Self)) {
        self.run.signal(Signal::SIGSTOP);
        act(self);
        self.run.signal(Signal::SIGCONT);
    }

    /// Waits until the run has noticed that something is wrong.
    pub(crate) fn fails(&mut self) {
        self.run.wait_for("the failure", |line| line.name() == "step-failed");
    }

    /// Ends a process and returns when it is gone.
    pub(crate) fn end(&self, pid: i32, signal: Signal) {
        self.host.kill(pid, signal);
        assert!(self.host.wait_gone(pid), "{signal} does not end {pid}");
    }

    /// Stops old's master, does something, and lets it go on: it takes all signals of that time together.
    pub(crate) fn together_for_old(&self, act: impl FnOnce()) {
        assert!(self.host.stop(self.old), "old is stopped");
        act();
        self.host.kill(self.old, Signal::SIGCONT);
    }
}

/// Asks the run to stop, so that it goes back.
pub(crate) fn interrupt(met: Met<'_>) -> Run {
    met.run.signal(Signal::SIGINT);
    met.run.wait()
}

/// Meets a run on a loaded host of 1.22.1 that changes to 1.26.3.
pub(crate) fn met(moment: Moment, act: impl FnOnce(Met<'_>) -> Run) -> Scene {
    met_on(Host::new().running("1.22.1"), "1.26.3", moment, act)
}

/// Meets a run on any host, under load.
pub(crate) fn met_on(host: Host, build: &str, moment: Moment, act: impl FnOnce(Met<'_>) -> Run) -> Scene {
    let offer = host.offer(build);
    Scene::play_with(host, |host| act(Met::at(moment, host, &offer, &[])))
}

/// A changeover of this host to 1.26.3 that is met while it waits before USR2; the second is old's master.
pub(crate) fn met_before_usr2(host: Host, act: impl FnOnce(&Host, i32, Running) -> Run) -> Scene {
    let offer = host.offer("1.26.3");
    Scene::play_with(host, |host| {
        let old = host.master().expect("a master");
        let plan = plan(host, &[NO_WATCH, SOAK_FIRST]);
        let mut run = host.start_changeover(&["run", plan], &offer);
        run.wait_for("the first soak", |line| line.event["action"] == "soak");
        act(host, old, run)
    })
}

/// The code of what went wrong.
pub(crate) fn diagnosis(run: &Run) -> &str {
    run.verdict()["diagnosis"]["code"].as_str().unwrap_or_default()
}

/// The moves of the way back in order, short: `HUP old`, `stub-exec`.
pub(crate) fn moves_back(run: &Run) -> Vec<String> {
    let made = |line: &&Line| line.name() == "move-made" && line.event["way_back"] == true;
    let text = |line: &Line| {
        let said = |key: &str| line.event[key].as_str().unwrap_or_default().to_owned();
        match said("move").as_str() {
            "signal" => format!("{} {}", said("signal"), said("to")),
            other => other.to_owned(),
        }
    };
    run.lines.iter().filter(made).map(text).collect()
}

/// The inode at a path of the host; nothing there is `None`.
pub(crate) fn inode(host: &Host, path: &str) -> Option<u64> {
    std::fs::symlink_metadata(host.path(path)).ok().map(|file| file.ino())
}

/// The inode at the binary path.
pub(crate) fn binary_inode(host: &Host) -> Option<u64> {
    inode(host, BINARY)
}

/// The configuration on disk is one that no nginx accepts.
pub(crate) fn break_configuration(host: &Host) {
    host.write(CONFIG, "this is no configuration");
}

/// The master that serves now is not poisoned: a reload leaves as many workers as before.
#[track_caller]
pub(crate) fn reloads_well(scene: &Scene) {
    let (host, old) = (&scene.host, scene.after.masters[0]);
    let before = host.accepting(old);
    host.kill(old, Signal::SIGHUP);
    wait_until("the reload is over", || {
        let now = host.accepting(old);
        now.iter().all(|pid| !before.contains(pid)) && now.len() == before.len()
    });
}
