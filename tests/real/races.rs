//! The four races of nginx's signals (nginx-facts 16, 17, 18 and 19): each is brought about by two bare signals to a stopped
//! master that is then continued, and the harm is seen; the runner, met at the same instant, ends well.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::support::changeover::Line;
use crate::support::gate::Gate;
use crate::support::host::Host;
use crate::support::meeting::{
    Met, Moment, NO_WATCH, break_configuration, diagnosis, met, met_before_usr2, moves_back, plan,
    reloads_well,
};
use crate::support::scene::Scene;
use crate::support::wait_until;

const OLD: &str = "1.22.1";
const NEW: &str = "1.26.3";

/// A host of the old version that somebody changes over with bare signals.
struct Bare {
    host: Host,
    old: i32,
}

impl Bare {
    fn new() -> Self {
        let host = Host::new().running(OLD);
        let old = host.master().expect("a master");
        Self { host, old }
    }

    /// After USR2: both generations accept. Gives new's master.
    fn both(&self) -> i32 {
        self.host.install(NEW);
        self.host.kill(self.old, Signal::SIGUSR2);
        let new = || self.host.masters().into_iter().find(|master| *master != self.old);
        wait_until("new accepts", || new().is_some_and(|new| self.accept(new, 2)));
        new().expect("a new master")
    }

    /// After WINCH: new serves alone.
    fn drained(&self) -> i32 {
        let new = self.both();
        self.host.kill(self.old, Signal::SIGWINCH);
        // None is left that old has yet to reap: one more SIGCHLD would end the outage.
        let children = format!("/proc/{old}/task/{old}/children", old = self.old);
        let only_new = || self.host.read(&children).is_some_and(|pids| pids.trim() == new.to_string());
        wait_until("old's workers are gone", only_new);
        new
    }

    fn accept(&self, master: i32, count: usize) -> bool {
        self.host.accepting(master).len() == count
    }

    /// Sends signals to old while it is stopped, ends new, and lets old go on.
    fn together(&self, signals: &[Signal], new: Option<i32>) {
        assert!(self.host.stop(self.old), "it is stopped");
        for signal in signals {
            self.host.kill(self.old, *signal);
        }
        if let Some(new) = new {
            self.end(new);
            // It is a zombie a moment before its parent is told.
            wait_until("SIGCHLD waits for old", || self.is_told_of_a_child());
        }
        self.host.kill(self.old, Signal::SIGCONT);
    }

    fn is_told_of_a_child(&self) -> bool {
        let status = self.host.read(&format!("/proc/{}/status", self.old)).unwrap_or_default();
        let pending = status.lines().find_map(|line| line.strip_prefix("ShdPnd:"));
        let pending = pending.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        pending.is_some_and(|mask| mask & (1 << (Signal::SIGCHLD as u32 - 1)) != 0)
    }

    fn end(&self, new: i32) {
        self.host.kill(new, Signal::SIGTERM);
        assert!(self.host.wait_gone(new));
    }

    /// Old lives alone, no worker of it accepts, and a request stays in the queue.
    #[track_caller]
    fn nobody_accepts(&self) {
        wait_until("nobody accepts", || self.accept(self.old, 0));
        let address = self.host.address();
        let answer = self.host.sandbox.door().run_in_network(|| {
            let mut stream = TcpStream::connect(address)?;
            stream.set_read_timeout(Some(Duration::from_millis(300)))?;
            stream.write_all(b"GET /healthz HTTP/1.0\r\n\r\n")?;
            stream.read(&mut [0; 64])
        });
        assert!(answer.is_err(), "somebody answered: {answer:?}");
        assert!(self.accept(self.old, 0) && self.host.masters() == [self.old]);
    }
}

/// The run was met and went back: old serves as before, no client noticed anything, and old reloads well.
#[track_caller]
fn went_back(scene: &Scene, exit: i32, moves: &[&str]) {
    scene.rolled_back(exit);
    assert_eq!(moves_back(&scene.run), moves, "{}", scene.run);
    assert_eq!(scene.served.harmed(), 0, "{}", scene.served);
    reloads_well(scene);
}

/// Stops old, does what a stranger does, asks the run to go back, and lets old go on once the run waits for it.
fn interrupted_while_old_is_stopped(moment: Moment, stranger: impl FnOnce(&Met<'_>)) -> Scene {
    met(moment, |mut met| {
        assert!(met.host.stop(met.old), "it is stopped");
        stranger(&met);
        met.run.signal(Signal::SIGINT);
        met.run.wait_for("the way back waits", |line| line.event["waiting"] == "old-settles");
        met.host.kill(met.old, Signal::SIGCONT);
        met.run.wait()
    })
}

// 16: WINCH is in flight to old when new is told TERM.

#[test]
fn bare_signals_16_winch_in_flight_as_new_leaves_is_an_outage() {
    let bare = Bare::new();
    let new = bare.both();
    bare.together(&[Signal::SIGWINCH], Some(new));
    bare.nobody_accepts();
}

#[test]
fn the_runner_16_tells_new_to_leave_only_after_old_has_handled_winch_and_accepts_again() {
    let scene = interrupted_while_old_is_stopped(Moment::BothAccept, |met| {
        met.host.kill(met.old, Signal::SIGWINCH);
    });
    went_back(&scene, 21, &["HUP old", "USR1 old", "QUIT new"]);
}

// 17: WINCH and a stranger's HUP come together.

#[test]
fn bare_signals_17_winch_together_with_hup_is_latched_and_an_outage_as_new_leaves() {
    let bare = Bare::new();
    let new = bare.both();
    bare.together(&[Signal::SIGWINCH, Signal::SIGHUP], None);
    wait_until("old has twice its workers", || bare.accept(bare.old, 4));
    bare.end(new);
    bare.nobody_accepts();
}

#[test]
fn the_runner_17_sends_winch_only_after_old_has_handled_a_strangers_hup() {
    let host = Host::new().running(OLD);
    let offer = host.offer(NEW);
    let scene = Scene::play_with(host, |host| {
        let old = host.master().expect("a master");
        let short = ("signal = \"WINCH\"\n", "signal = \"WINCH\"\ntimeout = \"4s\"\n");
        let plan = plan(host, &[("stable-for = \"1s\"", "stable-for = \"2s\""), NO_WATCH, short]);
        let mut run = host.start_changeover(&["run", plan, "--set", "soak=200ms"], &offer);
        run.wait_for("new accepts", |line| line.event["generation"] == "new" && line.event["accepting"] == 2);
        assert!(host.stop(old), "it is stopped");
        host.kill(old, Signal::SIGHUP);
        // Half of its time is over, and it still waits for old to be quiet.
        run.wait_for("WINCH is late", |line| line.name() == "slow");
        let winch = |line: &&Line| line.name() == "move-made" && line.event["signal"] == "WINCH";
        assert!(!run.lines().iter().any(|line| winch(&line)), "WINCH went to a stopped master");
        host.kill(old, Signal::SIGCONT);
        run.wait()
    });
    scene.committed(NEW);
    reloads_well(&scene);
}

// 18: HUP to old just as new dies.

#[test]
fn bare_signals_18_hup_as_new_leaves_doubles_the_workers() {
    let bare = Bare::new();
    let new = bare.drained();
    bare.together(&[Signal::SIGHUP], Some(new));
    wait_until("old has twice its workers", || bare.accept(bare.old, 4));
}

#[test]
fn bare_signals_18_hup_as_new_leaves_is_an_outage_with_a_configuration_that_old_rejects() {
    let bare = Bare::new();
    let new = bare.drained();
    break_configuration(&bare.host);
    bare.together(&[Signal::SIGHUP], Some(new));
    bare.nobody_accepts();
}

#[test]
fn the_runner_18_tells_new_to_leave_only_after_old_has_handled_hup() {
    let scene = interrupted_while_old_is_stopped(Moment::Soak, |met| {
        met.host.kill(met.old, Signal::SIGHUP);
        break_configuration(met.host);
    });
    scene.host.write_config();
    went_back(&scene, 21, &["USR1 old", "QUIT new"]);
}

// 19: USR2 is in flight when the file at the path is exchanged back.

#[test]
fn bare_signals_19_usr2_in_flight_as_the_file_is_put_back_is_a_second_master_of_the_old_file() {
    let bare = Bare::new();
    assert!(bare.host.stop(bare.old), "it is stopped");
    bare.host.install(NEW);
    bare.host.kill(bare.old, Signal::SIGUSR2);
    bare.host.install(OLD);
    bare.host.kill(bare.old, Signal::SIGCONT);
    let second = || bare.host.masters().into_iter().find(|master| *master != bare.old);
    wait_until("a second master accepts", || second().is_some_and(|second| bare.accept(second, 2)));
    let executing = bare.host.executing(bare.host.binary_inode());
    assert!(executing.iter().any(|process| Some(process.pid) == second()));
    assert_eq!(bare.host.binary_on_disk(), OLD);
}

// 36: HUP brings back the workers of a drained old, and QUIT then ends it without them.

#[test]
fn bare_signals_36_quit_after_hup_leaves_workers_that_accept_without_a_master() {
    let bare = Bare::new();
    bare.drained();
    bare.host.kill(bare.old, Signal::SIGHUP);
    wait_until("old accepts again", || bare.accept(bare.old, 2));
    let workers = bare.host.accepting(bare.old);
    bare.host.kill(bare.old, Signal::SIGQUIT);
    assert!(bare.host.wait_gone(bare.old));
    let strays: Vec<i32> = bare.host.strays().iter().filter(|it| it.is_worker()).map(|it| it.pid).collect();
    assert_eq!(strays, workers, "they have heard of nothing");
}

#[test]
fn the_runner_19_ends_what_old_executes_after_the_exec_window_was_given_up() {
    let scene = met_before_usr2(Host::new().running(OLD), |host, old, mut run| {
        assert!(host.stop(old), "it is stopped");
        run.wait_for("USR2 is due", |line| line.event["about"] == "USR2 to old");
        // Held between its last look at old and USR2: the window is about to open.
        let mut gate = Gate::hold(&run);
        host.kill(old, Signal::SIGCONT);
        gate.until_exchange();
        assert!(host.stop(old), "it is stopped");
        drop(gate);
        run.wait_for("the window is given up", |line| line.name() == "window-closed");
        run.wait_for("the way back waits", |line| line.event["waiting"] == "old-settles");
        host.kill(old, Signal::SIGCONT);
        run.wait()
    });
    assert_eq!(diagnosis(&scene.run), "run/signal-not-handled", "{}", scene.run);
    scene.rolled_back(20);
    // The second master of the old file leaves; where the machine is too busy for it to settle, it is told TERM, and
    // that cuts at most one request of each client.
    let moves = moves_back(&scene.run);
    assert!(moves == ["USR1 old", "QUIT new"] || moves == ["USR1 old", "TERM new"], "{}", scene.run);
    assert!(scene.served.lost() <= 8 && scene.served.refused() == 0, "{}", scene.served);
    reloads_well(&scene);
}

/// A second upgrade by hand is named, and its master leaves: it is no new generation.
#[track_caller]
fn second_upgrade_ended(scene: &Scene) {
    assert_eq!(diagnosis(&scene.run), "run/foreign-master", "{}", scene.run);
    scene.rolled_back(20);
    reloads_well(scene);
}

#[test]
fn a_second_upgrade_by_hand_before_usr2_is_named_and_ended() {
    let scene = met_before_usr2(Host::new().running(OLD), |host, old, run| {
        host.kill(old, Signal::SIGUSR2);
        run.wait()
    });
    second_upgrade_ended(&scene);
}

#[test]
fn a_second_upgrade_by_hand_as_the_exec_window_opens_is_named_and_ended() {
    let scene = met_before_usr2(Host::new().running(OLD), |host, old, run| {
        let mut gate = Gate::hold(&run);
        gate.until_exchange();
        host.kill(old, Signal::SIGUSR2);
        let second = || host.masters().into_iter().find(|master| *master != old);
        wait_until("a stranger's master accepts", || {
            second().is_some_and(|it| host.accepting(it).len() == 2)
        });
        drop(gate);
        run.wait()
    });
    second_upgrade_ended(&scene);
}
