//! Another process observes on, by what the first has remembered.

use super::{
    super::{Instance, Known, Memory, Observer},
    accepts,
    nginx::{Nginx, kill, signal},
};
use crate::protocol::{Generation, Identity, Master, Signal};

/// An nginx that has executed another file, which serves beside it; what another process needs, and who has observed it.
fn both(nginx: &Nginx) -> (Instance, Observer) {
    let mut instance = nginx.instance();
    let mut observer = nginx.observer();
    observer.until("settled", |now| accepts(&now.old));
    let ours = nginx.put_another_file();
    instance.ours = Some(ours);
    observer.set_ours(ours);
    signal(observer.old(), Signal::Usr2);
    observer.until("both accept", |now| accepts(&now.new) && accepts(&now.old));
    (instance, observer)
}

fn memory(masters: &[(Generation, Known)]) -> Memory {
    Memory { moves: Vec::new(), masters: masters.to_vec() }
}

/// Both as the observer knows them.
fn known(observer: &Observer) -> [(Generation, Known); 2] {
    [Generation::Old, Generation::New].map(|which| (which, observer.known(which).unwrap()))
}

/// The same once old has left, with the path as it was found.
fn new_alone(nginx: &Nginx) -> (Instance, Observer, [(Generation, Known); 2]) {
    let (instance, mut first) = both(nginx);
    nginx.put_back();
    let both = known(&first);
    signal(both[0].1.id, Signal::Quit);
    first.until("old is gone", |now| now.old.master == Master::Dead);
    (instance, first, both)
}

fn is_gone(id: Identity) -> bool {
    super::facts(id.pid).is_none_or(|facts| facts.id != id)
}

#[test]
fn the_workers_of_a_master_that_died_while_nobody_looked_are_its_strays() {
    let nginx = Nginx::start();
    let (instance, mut first) = both(&nginx);
    let seen = first.observe(super::nginx::pause());
    let masters = known(&first);
    kill(first.old());
    let mut resumed = Observer::resume(instance, memory(&masters));
    let killed = resumed.until("old is dead", |now| now.old.master == Master::Dead && accepts(&now.new));
    assert_eq!((killed.strays.old, killed.new.id), (seen.old.workers.titled, seen.new.id));
    assert!(killed.strays.new.is_empty());
}

#[test]
fn the_workers_of_a_master_that_was_replaced_before_are_strays_by_its_stack_and_by_what_they_hold() {
    let nginx = Nginx::start();
    let (instance, mut first) = both(&nginx);
    let killed = first.observe(super::nginx::pause()).new;
    let [old, replaced] = known(&first);
    kill(replaced.1.id);
    while !is_gone(replaced.1.id) {
        super::nginx::pause();
    }
    first.until("old may execute again", |now| !now.oldbin && now.new.master == Master::Dead);
    signal(first.old(), Signal::Usr2);
    first.until("another one accepts", |now| now.new.id != killed.id && accepts(&now.new));
    let [_, present] = known(&first);
    for start_stack in [replaced.1.start_stack, 0] {
        // Where the stack could not be read, the sockets that it got from old tell.
        let replaced = (Generation::New, Known { start_stack, ..replaced.1 });
        let resumed = Observer::resume(instance.clone(), memory(&[old, replaced, present]));
        let seen = { resumed }.until("seen", |now| accepts(&now.old) && accepts(&now.new));
        assert_eq!(seen.strays.new, killed.workers.titled, "{start_stack}");
        assert!(seen.strays.old.is_empty());
    }
}

#[test]
fn a_back_master_is_old_for_whoever_goes_on_too() {
    let nginx = Nginx::start();
    let (instance, mut first, [old, new]) = new_alone(&nginx);
    signal(new.1.id, Signal::Usr2);
    let reversed = first.until("reversed", |now| now.reversed && accepts(&now.old));
    let [back, _] = known(&first);
    let mut resumed = Observer::resume(instance, memory(&[old, new, back]));
    let seen = resumed.until("seen", |now| accepts(&now.old) && accepts(&now.new));
    assert_eq!((seen.old.id, seen.new.id, seen.reversed), (reversed.old.id, reversed.new.id, true));
}

#[test]
fn a_new_master_that_nobody_noted_is_the_one_that_the_pid_file_names_once_old_is_dead() {
    let nginx = Nginx::start();
    let (instance, first) = both(&nginx);
    let [old, new] = known(&first);
    kill(old.1.id);
    let mut resumed = Observer::resume(instance, memory(&[old]));
    let seen = resumed.until("new is known", |now| now.old.master == Master::Dead && accepts(&now.new));
    assert_eq!(seen.new.id, Some(new.1.id));
}

#[test]
fn an_old_that_a_service_manager_has_started_is_no_back_master() {
    let nginx = Nginx::start();
    let (instance, mut first, [old, new]) = new_alone(&nginx);
    let client = nginx.open_request();
    signal(new.1.id, Signal::Quit);
    first.until("new leaves", |now| now.new.master == Master::Leaving);
    nginx.start_again();
    first.until("another one serves", |now| accepts(&now.old) && !now.reversed);
    let [again, _] = known(&first);
    let mut resumed = Observer::resume(instance, memory(&[old, new, again]));
    let seen = resumed.until("seen", |now| accepts(&now.old) && now.new.master == Master::Leaving);
    assert_eq!((seen.old.id, seen.reversed), (Some(again.1.id), false));
    drop(client);
}

#[test]
fn an_old_that_somebody_told_quit_while_nobody_looked_is_leaving() {
    let nginx = Nginx::start();
    let mut first = nginx.observer();
    first.until("settled", |now| accepts(&now.old));
    let old = (Generation::Old, first.known(Generation::Old).unwrap());
    let (instance, client) = (nginx.instance(), nginx.open_request());
    signal(old.1.id, Signal::Quit);
    first.until("old leaves", |now| now.old.master == Master::Leaving);
    let mut resumed = Observer::resume(instance, memory(&[old]));
    resumed.until("old leaves", |now| now.old.master == Master::Leaving);
    drop(client);
}
