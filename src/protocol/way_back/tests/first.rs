//! Rules 0 and 1: old settles, and the path.

use super::builder::{after_winch, alone, both, ms, to_old, untouched};
use crate::protocol::{Master, Move, Next, PathHolds, Signal, Stuck, Waiting, way_back::way_back};

#[test]
fn rule_0_old_is_waited_for_while_it_handles_something() {
    for master in [Master::Busy, Master::Stopped, Master::Starting] {
        both()
            .with(|now| now.old.master = master)
            .with(|now| now.old.unsettled_for = ms(1_000))
            .waits(Waiting::OldSettles, 29_000);
    }
}

#[test]
fn rule_0_an_old_master_that_never_settles_is_stuck() {
    for master in [Master::Busy, Master::Stopped] {
        both()
            .with(|now| now.old.master = master)
            .with(|now| now.old.unsettled_for = ms(30_000))
            .ends_stuck(Stuck::OldDoesNotSettle);
    }
}

#[test]
fn rule_0_nothing_was_touched_is_said_of_a_settled_old_only() {
    untouched()
        .with(|now| now.answers.baseline_holds = Some(true))
        .with(|now| now.old.master = Master::Busy)
        .waits(Waiting::OldSettles, 30_000);
}

#[test]
fn rule_1_our_file_and_our_stub_leave_the_path() {
    for path in [PathHolds::Ours, PathHolds::Stub] {
        both().with(|now| now.path = path).moves(Move::ExchangeBack);
    }
}

#[test]
fn rule_1_a_foreign_file_is_never_touched_and_the_processes_still_come_back() {
    for path in [PathHolds::Foreign, PathHolds::Missing] {
        after_winch().with(|now| now.path = path).moves(to_old(Signal::Hup));
        let proven = alone().with(|now| now.path = path).with(|now| now.answers.baseline_holds = Some(true));
        assert_eq!(way_back(&proven), Next::RolledBack);
    }
}

#[test]
fn rule_1_a_path_that_cannot_be_put_back_does_not_stop_the_processes_but_is_no_success() {
    let failing = |mut now: crate::protocol::Situation| {
        for age in [600, 500, 400, 300, 200, 100] {
            now = now.back(Move::ExchangeBack, age);
        }
        now.with(|now| now.path = PathHolds::Ours)
    };
    failing(after_winch()).moves(to_old(Signal::Hup));
    failing(alone()).with(|now| now.answers.baseline_holds = Some(true)).ends_stuck(Stuck::NoProgress);
}
