//! Rule 6: new leaves.

use super::builder::{flushed, ms, to_new};
use crate::protocol::{Master, Move, Question, Signal, Situation, Stuck, Waiting};

fn starting() -> Situation {
    flushed().with(|now| now.new.master = Master::Starting).with(|now| now.new.workers.titled.clear())
}

fn frozen() -> Situation {
    flushed().back(Move::FreezeNew, 10).with(|now| now.new.master = Master::Stopped)
}

#[test]
fn rule_6_a_starting_new_is_waited_for_and_not_for_ever() {
    starting().with(|now| now.new.unsettled_for = ms(2_500)).waits(Waiting::NewStarts, 7_500);
    starting().with(|now| now.new.unsettled_for = ms(10_000)).moves(to_new(Signal::Term));
}

#[test]
fn rule_6_a_new_that_still_handles_something_is_judged_a_second_later() {
    let busy = || flushed().with(|now| now.new.master = Master::Busy);
    busy().with(|now| now.new.unsettled_for = ms(400)).waits(Waiting::NewSettles, 600);
    busy().with(|now| now.new.unsettled_for = ms(1_000)).moves(to_new(Signal::Term));
    busy().with(|now| now.new.stability.crashes = 1).moves(to_new(Signal::Term));
}

#[test]
fn rule_6_a_well_new_is_told_quit_and_a_sick_one_term() {
    flushed().asks(Question::NewHealth);
    flushed().new_is_well(true).moves(to_new(Signal::Quit));
    flushed().new_is_well(false).moves(to_new(Signal::Term));
}

#[test]
fn rule_6_what_can_be_seen_to_be_sick_is_not_asked() {
    flushed().with(|now| now.new.workers.titled.clear()).moves(to_new(Signal::Term));
    flushed().with(|now| now.new.stability.replaced = true).moves(to_new(Signal::Term));
    flushed().with(|now| now.new.master = Master::Stopped).moves(to_new(Signal::Term));
}

#[test]
fn rule_6_a_new_that_somebody_else_told_to_leave_may_drain() {
    flushed().with(|now| now.new.master = Master::Leaving).moves(to_new(Signal::Quit));
}

#[test]
fn rule_6_after_quit_it_has_the_quit_timeout_and_then_term() {
    let told = |age| flushed().back(to_new(Signal::Quit), age).with(|now| now.new.master = Master::Leaving);
    told(0).waits(Waiting::NewLeaves, 10_000);
    told(9_999).waits(Waiting::NewLeaves, 1);
    told(10_000).moves(to_new(Signal::Term));
}

#[test]
fn rule_6_after_term_it_has_four_seconds_and_then_it_is_frozen() {
    let told = |age| {
        let quit = flushed().back(to_new(Signal::Quit), age + 10_000);
        quit.back(to_new(Signal::Term), age).with(|now| now.new.master = Master::Leaving)
    };
    told(500).waits(Waiting::NewLeaves, 3_500);
    told(4_000).moves(Move::FreezeNew);
}

#[test]
fn rule_6_a_frozen_new_loses_its_children_and_then_its_master() {
    frozen().moves(Move::KillNewWorkers);
    frozen().with(|now| now.new.workers.titled.clear()).moves(Move::KillNewMaster);
    let untitled =
        frozen().with(|now| now.new.workers.untitled = std::mem::take(&mut now.new.workers.titled));
    untitled.moves(Move::KillNewWorkers);
    let draining =
        frozen().with(|now| now.new.workers.draining = std::mem::take(&mut now.new.workers.titled));
    draining.moves(Move::KillNewWorkers);
    let cache = frozen().with(|now| now.new.workers.cache = std::mem::take(&mut now.new.workers.titled));
    cache.moves(Move::KillNewWorkers);
}

#[test]
fn rule_6_the_kernel_has_a_second_for_each_kill() {
    frozen().back(Move::KillNewWorkers, 100).waits(Waiting::NewLeaves, 900);
    frozen().back(Move::KillNewWorkers, 1_000).moves(Move::KillNewWorkers);
    let no_children = || frozen().with(|now| now.new.workers.titled.clear());
    no_children().back(Move::KillNewMaster, 100).waits(Waiting::NewLeaves, 900);
    no_children().back(Move::KillNewMaster, 1_000).moves(Move::KillNewMaster);
}

#[test]
fn rule_6_nobody_is_killed_before_the_master_is_stopped() {
    let not_yet = |age| flushed().back(Move::FreezeNew, age);
    not_yet(100).waits(Waiting::NewLeaves, 900);
    not_yet(1_000).moves(Move::FreezeNew);
}

#[test]
fn rule_6_a_new_that_cannot_be_ended_is_stuck() {
    let mut now = frozen().with(|now| now.new.workers.titled.clear());
    for age in [6_000, 5_000, 4_000, 3_000, 2_000, 1_000] {
        now = now.back(Move::KillNewMaster, age);
    }
    now.ends_stuck(Stuck::NewDoesNotLeave);
}

#[test]
fn rule_6_a_new_that_would_unlink_unix_sockets_never_gets_term() {
    let unlinks = |now: Situation| now.with(|now| now.baseline.term_unlinks = true);
    unlinks(flushed().new_is_well(false)).moves(to_new(Signal::Quit));
    unlinks(flushed().with(|now| now.new.master = Master::Stopped)).moves(to_new(Signal::Quit));
    unlinks(starting().with(|now| now.new.unsettled_for = ms(10_000))).moves(to_new(Signal::Quit));
    unlinks(flushed().back(to_new(Signal::Quit), 9_000)).waits(Waiting::NewLeaves, 1_000);
    unlinks(flushed().back(to_new(Signal::Quit), 10_000)).moves(Move::FreezeNew);
}

#[test]
fn rule_6_the_clock_of_a_quit_that_the_plan_sent_counts() {
    flushed().done(to_new(Signal::Quit), 10_000).moves(to_new(Signal::Term));
}

#[test]
fn rule_6_a_quit_that_was_refused_is_sent_again_and_its_time_does_not_run() {
    let refused = |times| {
        let told =
            (0..times).fold(flushed().new_is_well(true), |now, _| now.back(to_new(Signal::Quit), 9_000));
        told.with(|now| {
            for past in now.past.iter_mut().filter(|past| past.what == to_new(Signal::Quit)) {
                past.sent = false;
            }
        })
    };
    refused(1).moves(to_new(Signal::Quit));
    refused(6).ends_stuck(Stuck::NewDoesNotLeave);
}
