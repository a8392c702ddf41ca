//! Rules 3 to 5: old comes back to strength while new covers for it.

use super::builder::{WORKERS, after_winch, both, flushed, ms, reversed, to_new, to_old};
use crate::protocol::{Identity, Master, Move, Past, Question, Signal, Stuck, Waiting};

#[test]
fn rule_3_old_starts_its_workers_whatever_new_is() {
    for new in [Master::Starting, Master::Settled, Master::Busy, Master::Stopped, Master::Leaving] {
        after_winch().with(|now| now.new.master = new).moves(to_old(Signal::Hup));
    }
}

#[test]
fn rule_3_draining_workers_and_cache_processes_do_not_accept() {
    after_winch()
        .with(|now| now.old.workers.draining = [Identity { pid: 5, start: 5 }].into())
        .with(|now| now.old.workers.cache = [Identity { pid: 6, start: 5 }].into())
        .moves(to_old(Signal::Hup));
}

#[test]
fn rule_3_a_back_master_is_waited_for_unless_new_was_told_quit() {
    let empty = |age| {
        let now = reversed().with(|now| now.old.workers.titled.clear());
        now.with(|now| now.past.last_mut().unwrap().age = ms(age))
    };
    empty(1_000).waits(Waiting::OldAccepts, 9_000);
    empty(10_000).back(to_new(Signal::Quit), 100).moves(to_old(Signal::Hup));
}

#[test]
fn rule_3_a_back_master_that_somebody_has_drained_is_reloaded_twice() {
    let reloaded = |ages: &[u64]| {
        let empty = reversed().with(|now| now.old.workers.titled.clear());
        let empty = empty.with(|now| now.past.last_mut().unwrap().age = ms(30_000));
        ages.iter().fold(empty, |now, age| now.back(to_old(Signal::Hup), *age))
    };
    reloaded(&[]).moves(to_old(Signal::Hup));
    reloaded(&[4_000]).waits(Waiting::OldAccepts, 6_000);
    reloaded(&[10_000]).moves(to_old(Signal::Hup));
    reloaded(&[20_000, 10_000]).ends_stuck(Stuck::OldDoesNotAccept);
}

#[test]
fn rule_3_an_old_that_never_accepts_is_stuck_after_a_bounded_number_of_hups() {
    let mut now = after_winch();
    for age in [600, 500, 400, 300, 200, 100] {
        now = now.back(to_old(Signal::Hup), age);
    }
    now.ends_stuck(Stuck::OldDoesNotAccept);
}

#[test]
fn rule_4_old_is_flushed_once_when_the_way_back_begins() {
    both().moves(to_old(Signal::Usr1));
    both().back(to_old(Signal::Usr1), 10).asks(Question::NewHealth);
}

#[test]
fn rule_4_a_flush_of_the_plan_is_older_than_the_way_back() {
    both().done(to_old(Signal::Usr1), 10).moves(to_old(Signal::Usr1));
}

#[test]
fn rule_4_old_is_flushed_again_after_every_signal_to_it() {
    for signal in [Signal::Hup, Signal::Winch] {
        flushed().back(to_old(signal), 10).moves(to_old(Signal::Usr1));
    }
    flushed().back(Move::StubExec, 10).moves(to_old(Signal::Usr1));
    flushed().back(to_new(Signal::Hup), 10).asks(Question::NewHealth);
}

#[test]
fn rule_4_what_an_earlier_master_was_told_says_nothing_about_this_one() {
    let earlier = Some(Identity { pid: 99, start: 0 });
    both()
        .with(|now| {
            now.past.push(Past {
                what: to_old(Signal::Usr1),
                to: earlier,
                age: ms(1),
                way_back: true,
                sent: true,
            });
        })
        .moves(to_old(Signal::Usr1));
}

#[test]
fn rule_4_a_back_master_is_not_flushed() {
    reversed().asks(Question::NewHealth);
}

#[test]
fn rule_5_a_wrong_number_is_repaired_from_memory_while_a_well_new_covers() {
    let wrong = || flushed().old_workers(2 * WORKERS);
    wrong().asks(Question::NewHealth);
    wrong().new_is_well(true).moves(to_old(Signal::Winch));
    flushed().old_workers(1).new_is_well(true).moves(to_old(Signal::Winch));
}

#[test]
fn rule_5_a_sick_new_cannot_cover() {
    let wrong = || flushed().old_workers(2 * WORKERS);
    wrong().new_is_well(false).moves(to_new(Signal::Term));
    wrong().with(|now| now.new.stability.replaced = true).moves(to_new(Signal::Term));
    wrong().with(|now| now.new.workers.titled.clear()).moves(to_new(Signal::Term));
}

#[test]
fn rule_5_winch_is_sent_once() {
    flushed()
        .back(to_old(Signal::Winch), 400)
        .back(to_old(Signal::Hup), 300)
        .back(to_old(Signal::Usr1), 200)
        .old_workers(2 * WORKERS)
        .new_is_well(true)
        .moves(to_new(Signal::Quit));
}

#[test]
fn rule_5_a_back_master_with_another_number_is_waited_for_and_then_new_leaves_all_the_same() {
    let wrong = reversed().old_workers(1);
    wrong.clone().waits(Waiting::OldAccepts, 9_000);
    let last = wrong.with(|now| now.past.last_mut().unwrap().age = ms(10_000));
    last.new_is_well(true).moves(to_new(Signal::Quit));
}
