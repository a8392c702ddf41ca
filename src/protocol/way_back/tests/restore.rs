//! Rules 7 to 12: new is gone.

use std::path::PathBuf;

use super::builder::{WORKERS, alone, to_old, untouched};
use crate::protocol::{
    Generation, Identity, Move, Next, PathHolds, PidFile, Question, Signal, Situation, Stuck, Waiting,
    way_back::way_back,
};

const WRITE: Move = Move::WritePidFile { names: Generation::Old };

fn nobody_accepts() -> Situation {
    alone().old_workers(0)
}

#[test]
fn rule_7_the_pid_file_names_old_again() {
    for pid_file in
        [PidFile::Missing, PidFile::Unreadable, PidFile::Foreign(1), PidFile::Names(Generation::New)]
    {
        alone().with(|now| now.pid_file = pid_file).moves(WRITE);
    }
}

#[test]
fn rule_7_a_stale_oldbin_is_removed_after_the_pid_file_was_written() {
    alone().with(|now| now.oldbin = true).moves(Move::UnlinkOldbin);
    alone().with(|now| (now.oldbin, now.pid_file) = (true, PidFile::Missing)).moves(WRITE);
}

#[test]
fn rule_7_a_unix_path_that_is_gone_is_linked_back() {
    let path = PathBuf::from("/run/app.sock");
    let gone = alone().with(|now| now.unix_paths_gone = vec![path.clone()]);
    gone.moves(Move::LinkUnixPath { path });
}

#[test]
fn rule_7_a_file_that_cannot_be_repaired_is_left_and_the_end_is_stuck() {
    let mut now = alone().with(|now| now.pid_file = PidFile::Missing);
    for age in [600, 500, 400, 300, 200, 100] {
        now = now.back(WRITE, age);
    }
    now.clone().asks(Question::BaselineProbes);
    now.with(|now| now.answers.baseline_holds = Some(true)).ends_stuck(Stuck::NoProgress);
}

#[test]
fn rule_8_old_restarts_from_memory_twice_then_from_disk() {
    nobody_accepts().moves(Move::StubExec);
    nobody_accepts().back(Move::StubExec, 200).moves(Move::StubExec);
    let twice = || nobody_accepts().back(Move::StubExec, 200).back(Move::StubExec, 100);
    twice().asks(Question::ConfigurationTest);
    twice().test_passes(true).moves(to_old(Signal::Hup));
    twice().test_passes(false).ends_stuck(Stuck::OldDoesNotAccept);
    twice().back(to_old(Signal::Hup), 50).test_passes(true).ends_stuck(Stuck::OldDoesNotAccept);
}

#[test]
fn rule_8_a_foreign_file_is_not_moved_aside_for_a_stub() {
    for path in [PathHolds::Foreign, PathHolds::Missing] {
        let foreign = || nobody_accepts().with(|now| now.path = path);
        foreign().asks(Question::ConfigurationTest);
        foreign().test_passes(true).moves(to_old(Signal::Hup));
        foreign().test_passes(false).ends_stuck(Stuck::OldDoesNotAccept);
    }
}

#[test]
fn rule_8_old_is_flushed_after_the_last_signal_to_it() {
    alone().back(Move::StubExec, 10).moves(to_old(Signal::Usr1));
    alone().back(to_old(Signal::Hup), 10).moves(to_old(Signal::Usr1));
    untouched().done(Move::OpenWindow, 10).moves(to_old(Signal::Usr1));
}

#[test]
fn rule_8_an_old_that_was_told_nothing_is_not_flushed() {
    untouched().asks(Question::BaselineProbes);
}

#[test]
fn rule_9_a_wrong_number_is_reloaded_from_a_disk_that_passes() {
    let wrong = || alone().old_workers(2 * WORKERS);
    wrong().asks(Question::ConfigurationTest);
    wrong().test_passes(true).moves(to_old(Signal::Hup));
}

#[test]
fn rule_9_a_poisoned_old_is_cured_before_it_is_told_hup() {
    let wrong = || alone().old_workers(2 * WORKERS).test_passes(true);
    wrong().with(|now| now.old.poison_suspected = true).moves(Move::StubExec);
    wrong().back(Move::StubExec, 20).back(to_old(Signal::Usr1), 10).moves(to_old(Signal::Hup));
}

#[test]
fn rule_9_with_a_disk_that_fails_old_is_emptied_and_rule_8_fills_it_from_memory() {
    alone().old_workers(1).test_passes(false).moves(to_old(Signal::Winch));
    alone().back(to_old(Signal::Winch), 10).old_workers(0).test_passes(false).moves(Move::StubExec);
}

#[test]
fn rule_9_old_is_not_emptied_where_nothing_could_fill_it() {
    let foreign = alone().old_workers(1).with(|now| now.path = PathHolds::Foreign);
    foreign.test_passes(false).ends_stuck(Stuck::WrongNumber);
}

#[test]
fn rule_9_a_number_that_stays_wrong_is_stuck() {
    let reload = |now: Situation| now.back(to_old(Signal::Hup), 20).back(to_old(Signal::Usr1), 10);
    let twice = reload(reload(alone())).old_workers(3);
    twice.test_passes(true).ends_stuck(Stuck::WrongNumber);
    let refill = |now: Situation| {
        let emptied = now.back(to_old(Signal::Winch), 30).back(Move::StubExec, 20);
        emptied.back(to_old(Signal::Usr1), 10)
    };
    let thrice = refill(refill(refill(alone()))).old_workers(3);
    thrice.test_passes(false).ends_stuck(Stuck::WrongNumber);
}

#[test]
fn rule_10_suspected_poison_is_cured_by_one_stub_exec() {
    let poisoned = |now: Situation| now.with(|now| now.old.poison_suspected = true);
    poisoned(alone()).moves(Move::StubExec);
    poisoned(untouched()).asks(Question::BaselineProbes);
    poisoned(alone()).with(|now| now.path = PathHolds::Foreign).asks(Question::BaselineProbes);
}

#[test]
fn rule_11_strays_are_told_quit_and_half_a_second_later_killed() {
    let stray = Identity { pid: 7, start: 7 };
    for old in [true, false] {
        let left = || {
            alone().with(|now| {
                let strays = if old { &mut now.strays.old } else { &mut now.strays.new };
                strays.insert(stray);
            })
        };
        left().moves(Move::QuitStrays);
        left().back(Move::QuitStrays, 100).waits(Waiting::StraysLeave, 400);
        left().back(Move::QuitStrays, 500).moves(Move::KillStrays);
        let killed = |age| left().back(Move::QuitStrays, 2_000).back(Move::KillStrays, age);
        killed(100).waits(Waiting::StraysLeave, 900);
        killed(1_000).moves(Move::KillStrays);
    }
}

#[test]
fn rule_11_strays_that_survive_every_kill_are_stuck() {
    let mut now = alone().back(Move::QuitStrays, 9_000);
    for age in [6_000, 5_000, 4_000, 3_000, 2_000, 1_000] {
        now = now.back(Move::KillStrays, age);
    }
    now.with(|now| now.strays.new = [Identity { pid: 7, start: 7 }].into())
        .ends_stuck(Stuck::StraysDoNotLeave);
}

#[test]
fn rule_12_only_the_baseline_probes_say_rolled_back() {
    alone().asks(Question::BaselineProbes);
    let proven = alone().with(|now| now.answers.baseline_holds = Some(true));
    assert_eq!(way_back(&proven), Next::RolledBack);
}

#[test]
fn rule_12_failing_baseline_probes_are_asked_again_a_bounded_number_of_times() {
    let failed = |times| {
        alone().with(|now| {
            now.answers.baseline_holds = Some(false);
            now.answers.baseline_failures = times;
        })
    };
    failed(1).waits(Waiting::OldAnswers, 200);
    failed(4).waits(Waiting::OldAnswers, 200);
    failed(5).ends_stuck(Stuck::BaselineLost);
}
