//! Rules 0 to 2: old settles, the path, old's master is gone.

use super::builder::{NEW, after_winch, alone, both, ms, to_new, to_old, untouched};
use crate::protocol::{
    Generation, Identity, Master, Move, Next, PathHolds, PidFile, Signal, Stuck, Waiting, way_back::way_back,
};

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

#[test]
fn rule_2_no_master_lives_is_stuck_and_strays_are_left_alone() {
    for old in [Master::Dead, Master::Absent, Master::Leaving] {
        for new in [Master::Dead, Master::Absent, Master::Leaving] {
            both()
                .with(|now| (now.old.master, now.new.master) = (old, new))
                .with(|now| now.strays.old = [Identity { pid: 7, start: 7 }].into())
                .ends_stuck(Stuck::NoMaster);
        }
    }
}

#[test]
fn rule_2_an_unsettled_new_is_waited_for_and_then_stuck() {
    for new in [Master::Starting, Master::Busy, Master::Stopped] {
        let gone = both().with(|now| (now.old.master, now.new.master) = (Master::Dead, new));
        gone.clone().with(|now| now.new.unsettled_for = ms(29_000)).waits(Waiting::NewSettles, 1_000);
        gone.with(|now| now.new.unsettled_for = ms(30_000)).ends_stuck(Stuck::OldGoneNewUnsettled);
    }
}

#[test]
fn rule_2_a_new_that_accepts_nobody_is_told_hup() {
    both()
        .with(|now| now.old.master = Master::Dead)
        .with(|now| now.new.workers.titled.clear())
        .moves(to_new(Signal::Hup));
}

#[test]
fn rule_2_the_pid_file_names_the_new_that_stays() {
    for pid_file in
        [PidFile::Missing, PidFile::Unreadable, PidFile::Foreign(1), PidFile::Names(Generation::Old)]
    {
        both()
            .with(|now| now.old.master = Master::Dead)
            .with(|now| now.pid_file = pid_file)
            .moves(Move::WritePidFile { names: Generation::New });
    }
}

#[test]
fn rule_2_new_that_serves_alone_is_kept_for_a_person() {
    both().with(|now| now.old.master = Master::Dead).ends_stuck(Stuck::OldGoneNewServes);
}

#[test]
fn rule_2_an_old_that_was_told_to_leave_is_as_good_as_gone_and_never_waited_for() {
    both()
        .with(|now| now.old.master = Master::Leaving)
        .with(|now| now.old.unsettled_for = ms(60_000))
        .ends_stuck(Stuck::OldGoneNewServes);
}

#[test]
fn rule_2_a_back_master_is_old_and_new_is_ended_beside_it() {
    both().with(|now| now.reversed = true).new_is_well(true).moves(to_new(Signal::Quit));
    assert_eq!(both().new.id, Some(NEW));
}
