//! The observer on a real nginx: a private prefix, no port, only a unix socket in it.

mod nginx;
mod resumed;

use std::time::Duration;

use nginx::{Nginx, kill, signal};

use super::{
    FindError, Observer, facts, find,
    observer::state,
    tree::{Listening, Tracked, Tree},
};
use crate::protocol::{Generation, Master, Move, PathHolds, PidFile, Question, Signal, Situation};

impl Observer {
    /// Observes every 2 ms until it is so.
    #[track_caller]
    fn until(&mut self, what: &str, is_so: impl Fn(&Situation) -> bool) -> Situation {
        let mut last = None;
        for _ in 0..5_000 {
            let now = nginx::pause();
            let situation = self.observe(now);
            if is_so(&situation) {
                return situation;
            }
            last = Some(situation);
        }
        panic!("never {what}: {last:#?}");
    }
}

fn accepts(state: &crate::protocol::GenerationState) -> bool {
    state.accepting() == Some(2)
}

#[test]
fn a_running_nginx_is_settled_and_accepts_with_its_workers() {
    let nginx = Nginx::start();
    let seen = nginx.observer().until("settled", |now| accepts(&now.old));
    assert_eq!((seen.path, seen.pid_file), (PathHolds::Found, PidFile::Names(Generation::Old)));
    assert_eq!(seen.new.master, Master::Absent);
    assert!(seen.old.listens && !seen.oldbin && !seen.reversed && !seen.old.poison_suspected);
    assert!(seen.unix_paths_gone.is_empty() && seen.old.exe == Some(nginx.found()));
}

#[test]
fn a_changeover_and_back_is_seen_move_by_move() {
    let nginx = Nginx::start();
    let mut observer = nginx.observer();
    let before = observer.until("settled", |now| accepts(&now.old));
    let ours = nginx.put_another_file();
    observer.set_ours(ours);
    assert_eq!(observer.until("exchanged", |_| true).path, PathHolds::Ours);

    signal(before.old.id.unwrap(), Signal::Usr2);
    let both = observer.until("both accept", |now| accepts(&now.new));
    assert_eq!(both.new.exe, Some(ours));
    assert_eq!(both.pid_file, PidFile::Names(Generation::New));
    assert!(both.oldbin && accepts(&both.old) && both.new.listens);
    assert!(both.old.workers.titled.is_disjoint(&both.new.workers.titled));
    let named = find(&nginx.pid_file()).unwrap();
    assert_eq!((Some(named.old.id), named.new.map(|new| new.id)), (both.old.id, both.new.id));

    signal(before.old.id.unwrap(), Signal::Winch);
    let empty = observer.until("old is empty", |now| now.old.accepting() == Some(0));
    assert!(empty.old.switches > both.old.switches && empty.old.fatal());
    signal(before.old.id.unwrap(), Signal::Hup);
    observer.until("old accepts again", |now| accepts(&now.old));

    let new = both.new.id.unwrap();
    let term = Move::Signal { signal: Signal::Term, to: Generation::New };
    observer.record(term, None, Duration::ZERO, true);
    assert_eq!(observer.until("told", |_| true).new.master, Master::Leaving, "told by us");
    signal(new, Signal::Term);
    let back = observer.until("new is gone", |now| now.new.master == Master::Dead && accepts(&now.old));
    assert_eq!((back.pid_file, back.new.id), (PidFile::Names(Generation::Old), Some(new)));
    assert!(!back.oldbin && back.strays == crate::protocol::Strays::default());
    assert_eq!(back.old.stability.crashes, 0);
}

#[test]
fn the_same_file_again_is_a_new_master_and_not_a_fork() {
    let nginx = Nginx::start();
    let mut observer = nginx.observer();
    let before = observer.until("settled", |now| accepts(&now.old));
    signal(before.old.id.unwrap(), Signal::Usr2);
    let both = observer.until("both accept", |now| accepts(&now.new) && accepts(&now.old));
    assert_eq!(both.new.exe, both.old.exe);
}

#[test]
fn the_workers_of_a_killed_master_are_strays_and_nobody_elses_are() {
    let nginx = Nginx::start();
    let other = nginx.start_beside();
    kill(find(&other.pid_file()).unwrap().old.id);
    let mut observer = nginx.observer();
    let before = observer.until("settled", |now| accepts(&now.old));
    signal(before.old.id.unwrap(), Signal::Usr2);
    observer.until("both accept", |now| accepts(&now.new) && accepts(&now.old));
    kill(before.old.id.unwrap());
    let killed = observer.until("old is dead", |now| now.old.master == Master::Dead);
    assert_eq!(killed.strays.old, before.old.workers.titled);
    assert!(killed.strays.new.is_empty() && accepts(&killed.new));
    for stray in &killed.strays.old {
        kill(*stray);
    }
    observer.until("no strays", |now| now.strays.old.is_empty());
}

#[test]
fn another_master_of_the_same_file_and_its_workers_are_no_strays() {
    let nginx = Nginx::start();
    let mut observer = nginx.observer();
    let before = observer.until("settled", |now| accepts(&now.old));
    observer.set_ours(nginx.put_another_file());
    signal(before.old.id.unwrap(), Signal::Usr2);
    let both = observer.until("both accept", |now| accepts(&now.new));
    signal(before.old.id.unwrap(), Signal::Quit);
    observer.until("old is gone", |now| now.old.master == Master::Dead);
    signal(both.new.id.unwrap(), Signal::Usr2);
    let third = || find(&nginx.pid_file()).ok().and_then(|found| found.new);
    observer.until("a third master serves", |_| third().is_some_and(|third| third.workers.titled.len() == 2));
    let last = observer.until("seen", |now| accepts(&now.new));
    kill(last.new.id.unwrap());
    let killed = observer.until("new is dead", |now| now.new.master == Master::Dead);
    assert_eq!(killed.strays.new, last.new.workers.titled);
}

#[test]
fn a_reload_to_another_listener_is_seen_as_listening() {
    let nginx = Nginx::start();
    let mut observer = nginx.observer();
    let before = observer.until("settled", |now| accepts(&now.old));
    nginx.listen_on("other.sock");
    signal(before.old.id.unwrap(), Signal::Hup);
    let after = observer.until("reloaded", |now| {
        accepts(&now.old) && now.old.workers.titled.is_disjoint(&before.old.workers.titled)
    });
    assert!(after.old.listens);
    assert_eq!(after.unix_paths_gone.len(), 1);
}

#[test]
fn a_back_master_is_old_in_a_reversed_pair() {
    let nginx = Nginx::start();
    let mut observer = nginx.observer();
    let before = observer.until("settled", |now| accepts(&now.old));
    let ours = nginx.put_another_file();
    observer.set_ours(ours);
    signal(before.old.id.unwrap(), Signal::Usr2);
    let both = observer.until("both accept", |now| accepts(&now.new));
    nginx.put_back();
    signal(before.old.id.unwrap(), Signal::Quit);
    observer.until("old is gone", |now| now.old.master == Master::Dead);
    signal(both.new.id.unwrap(), Signal::Usr2);
    let reversed = observer.until("reversed", |now| now.reversed && accepts(&now.old));
    assert_eq!((reversed.new.id, reversed.old.exe), (both.new.id, Some(nginx.found())));
}

#[test]
fn a_master_of_the_found_file_that_the_pid_file_names_is_old_once_old_is_dead() {
    let nginx = Nginx::start();
    let mut observer = nginx.observer();
    let before = observer.until("settled", |now| accepts(&now.old));
    signal(before.old.id.unwrap(), Signal::Quit);
    observer.until("old is gone", |now| now.old.master == Master::Dead);
    nginx.start_again();
    let again = observer.until("another one serves", |now| accepts(&now.old));
    assert!(again.old.id != before.old.id && !again.reversed);
    assert_eq!(again.pid_file, PidFile::Names(Generation::Old));
}

#[test]
fn a_child_that_was_seen_to_be_executed_is_known_when_its_parent_dies_before_the_next_look() {
    let nginx = Nginx::start();
    let mut observer = nginx.observer();
    let before = observer.until("settled", |now| accepts(&now.old));
    let (old, ours) = (before.old.id.unwrap(), nginx.put_another_file());
    observer.set_ours(ours);
    signal(old, Signal::Usr2);
    let new = nginx.child();
    observer.executed(Generation::Old, &facts(new.pid).unwrap());
    kill(old);
    let killed = observer.until("old is dead", |now| now.old.master == Master::Dead);
    assert_eq!((killed.new.id, killed.new.exe), (Some(new), Some(ours)));
    nginx.put_back();
    signal(new, Signal::Usr2);
    let back = nginx.child();
    observer.executed(Generation::New, &facts(back.pid).unwrap());
    kill(new);
    let reversed = observer.until("new is dead", |now| now.new.master == Master::Dead);
    assert_eq!((reversed.old.id, reversed.reversed), (Some(back), true));
    // Nobody is its parent any more, so it takes USR2 from whoever sends it.
    observer.until("alone", |now| !now.reversed && accepts(&now.old));
    signal(back, Signal::Usr2);
    let second = nginx.child();
    let both = observer.until("a second master", |now| now.new.master.lives());
    assert_eq!((both.old.id, both.new.id, both.reversed), (Some(back), Some(second), false));
}

#[test]
fn a_master_told_quit_by_somebody_else_is_leaving_while_its_client_stays() {
    let nginx = Nginx::start();
    let mut observer = nginx.observer();
    let before = observer.until("settled", |now| accepts(&now.old));
    let client = nginx.open_request();
    signal(before.old.id.unwrap(), Signal::Quit);
    let leaving = observer.until("leaving", |now| now.old.master == Master::Leaving);
    assert!(!leaving.old.listens && leaving.old.unsettled_for < Duration::from_secs(5));
    observer.until("drains", |now| now.old.workers.draining.len() == 1 && now.old.workers.titled.is_empty());
    drop(client);
    observer.until("dead", |now| now.old.master == Master::Dead);
}

#[test]
fn a_stopped_master_is_stopped_and_time_passes() {
    let nginx = Nginx::start();
    let mut observer = nginx.observer();
    let before = observer.until("settled", |now| accepts(&now.old));
    let held = crate::host::pidfd::Pidfd::open(before.old.id.unwrap()).unwrap();
    held.freeze().unwrap();
    observer.until("stopped", |now| now.old.master == Master::Stopped);
    held.send(Signal::Hup).unwrap();
    let pending = observer.until("a while", |now| now.old.unsettled_for > Duration::from_millis(50));
    assert!(pending.old.pending.contains(Signal::Hup));
    held.thaw().unwrap();
    let reloaded = observer.until("settled", |now| {
        accepts(&now.old) && now.old.workers.titled.is_disjoint(&before.old.workers.titled)
    });
    assert_eq!(reloaded.old.stability.crashes, 0, "a reload is no crash");
}

#[test]
fn workers_killed_again_and_again_are_a_crash_loop() {
    let nginx = Nginx::start();
    let mut observer = nginx.observer();
    for _ in 0..3 {
        let now = observer.until("settled", |now| accepts(&now.old));
        kill(*now.old.workers.titled.first().unwrap());
        observer.until("replaced", |now| now.old.stability.replaced);
    }
    let end = observer.until("settled", |now| accepts(&now.old));
    assert!(end.old.stability.crash_loop(2) && !end.old.fatal());
}

#[test]
fn files_that_are_gone_or_wrong_are_seen() {
    let nginx = Nginx::start();
    let mut observer = nginx.observer();
    observer.until("settled", |now| accepts(&now.old));
    nginx.remove("nginx");
    nginx.remove("server.sock");
    nginx.write("nginx.pid", "1\n");
    let seen = observer.until("seen", |_| true);
    assert_eq!((seen.path, seen.pid_file), (PathHolds::Missing, PidFile::Foreign(1)));
    assert_eq!(seen.unix_paths_gone.len(), 1);
    nginx.write("nginx", "not ours");
    nginx.write("nginx.pid", "");
    let seen = observer.until("seen", |_| true);
    assert_eq!((seen.path, seen.pid_file), (PathHolds::Foreign, PidFile::Unreadable));
    assert!(matches!(find(&nginx.pid_file()), Err(FindError::Unreadable(_))));
    nginx.remove("nginx.pid");
    assert_eq!(observer.until("seen", |_| true).pid_file, PidFile::Missing);
    assert!(matches!(find(&nginx.pid_file()), Err(FindError::NoPidFile(_))));
}

#[test]
fn answers_are_forgotten_after_a_move_and_a_failed_baseline_is_asked_again() {
    let nginx = Nginx::start();
    let mut observer = nginx.observer();
    observer.until("settled", |now| accepts(&now.old));
    let at = nginx::pause();
    observer.answer(Question::ConfigurationTest, true, at);
    observer.answer(Question::BaselineProbes, false, at);
    let soon = observer.observe(at).answers;
    assert_eq!((soon.baseline_holds, soon.configuration_passes), (Some(false), Some(true)));
    let later = observer.observe(at + Duration::from_millis(200)).answers;
    assert_eq!((later.baseline_holds, later.baseline_failures), (None, 1));
    observer.record(Move::UnlinkOldbin, None, at, true);
    let after = observer.observe(at + Duration::from_millis(300));
    assert_eq!((after.answers.configuration_passes, after.answers.baseline_failures), (None, 1));
    assert_eq!(after.past.first().unwrap().age, Duration::from_millis(300));
}

#[test]
fn baseline_probes_prove_nothing_when_a_worker_came_or_went_meanwhile() {
    let nginx = Nginx::start();
    let mut observer = nginx.observer();
    let now = observer.until("settled", |now| accepts(&now.old));
    kill(*now.old.workers.titled.first().unwrap());
    observer.answer(Question::BaselineProbes, true, nginx::pause());
    let changed = observer.until("replaced", |now| now.answers.baseline_holds != Some(true));
    assert_eq!(changed.answers.baseline_failures, 1);
}

#[test]
fn a_master_that_dies_between_two_reads_of_one_look_is_dead_and_not_leaving() {
    let nginx = Nginx::start();
    let mut observer = nginx.observer();
    let id = observer.until("settled", |now| accepts(&now.old)).old.id.unwrap();
    let (tree, mut listening) =
        (Tree::read(id).unwrap(), Listening::new(crate::host::listening::listening(), true));
    let mut tracked = Tracked::new(id, None, 0);
    let mut look = || state(&mut tracked, Some(&tree), nginx::pause(), &mut listening, &[]).master;
    assert_ne!(look(), Master::Leaving);
    kill(id);
    while facts(id.pid).is_some_and(|facts| facts.id == id) {
        nginx::pause();
    }
    // Its process was read before, its sockets are read now.
    assert_eq!(look(), Master::Dead);
}
