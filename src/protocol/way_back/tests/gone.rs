//! Rule 2: old's master is gone, and the changeover in reverse.

use super::builder::{NEW, REVERSE, both, killed, ms, reversed, to_new, to_old};
use crate::protocol::{
    Generation, GenerationState, Identity, Master, Move, Next, OldFile, PathHolds, PidFile, Question, Signal,
    Situation, Stuck, Waiting, way_back::way_back,
};

fn leaving(age: u64) -> Situation {
    killed().with(|now| (now.old.master, now.old.unsettled_for) = (Master::Leaving, ms(age)))
}

#[test]
fn rule_2b_no_master_lives_is_stuck_and_strays_are_left_alone() {
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
fn rule_2c_an_unsettled_new_is_waited_for_and_then_stuck() {
    for new in [Master::Starting, Master::Busy, Master::Stopped] {
        let gone = killed().with(|now| now.new.master = new);
        gone.clone().with(|now| now.new.unsettled_for = ms(29_000)).waits(Waiting::NewSettles, 1_000);
        gone.with(|now| now.new.unsettled_for = ms(30_000)).ends_stuck(Stuck::OldGoneNewUnsettled);
    }
}

#[test]
fn rule_2c_a_new_whose_workers_crash_is_not_waited_for_once_nothing_is_in_flight() {
    let crashing = || killed().with(|now| (now.new.master, now.new.stability.crashes) = (Master::Busy, 3));
    crashing().asks(Question::ConfigurationTest);
    crashing().test_passes(true).moves(REVERSE);
    crashing()
        .with(|now| now.new.pending = crate::protocol::SignalSet(Signal::Usr2.bit()))
        .waits(Waiting::NewSettles, 30_000);
}

#[test]
fn rule_2c_a_new_that_accepts_nobody_is_told_hup_twice_and_then_old_is_started() {
    let nobody = || killed().with(|now| now.new.workers.titled.clear());
    nobody().moves(to_new(Signal::Hup));
    nobody().back(to_new(Signal::Hup), 20).moves(to_new(Signal::Hup));
    let twice = nobody().back(to_new(Signal::Hup), 20).back(to_new(Signal::Hup), 10);
    twice.test_passes(true).moves(REVERSE);
}

#[test]
fn rule_2c_the_pid_file_names_new_before_it_is_told_usr2() {
    for pid_file in
        [PidFile::Missing, PidFile::Unreadable, PidFile::Foreign(1), PidFile::Names(Generation::Old)]
    {
        let wrong = killed().with(|now| now.pid_file = pid_file).test_passes(true);
        wrong.moves(Move::WritePidFile { names: Generation::New });
    }
}

#[test]
fn rule_2c_an_oldbin_that_a_killed_old_left_is_removed() {
    killed().with(|now| now.oldbin = true).test_passes(true).moves(Move::UnlinkOldbin);
}

#[test]
fn rule_2c_an_old_that_drains_is_waited_for_and_then_told_term() {
    leaving(4_000).waits(Waiting::OldLeaves, 6_000);
    leaving(10_000).moves(to_old(Signal::Term));
    let told = |age| leaving(20_000).back(to_old(Signal::Term), age);
    told(1_000).waits(Waiting::OldLeaves, 3_000);
    told(4_000).ends_stuck(Stuck::OldNotStarted);
}

#[test]
fn rule_2c_while_old_drains_new_accepts_and_is_named_and_the_oldbin_is_olds() {
    leaving(0).with(|now| now.new.workers.titled.clear()).moves(to_new(Signal::Hup));
    let unnamed = leaving(0).with(|now| now.pid_file = PidFile::Missing);
    unnamed.moves(Move::WritePidFile { names: Generation::New });
    leaving(0).with(|now| now.oldbin = true).waits(Waiting::OldLeaves, 10_000);
}

#[test]
fn rule_2d_usr2_goes_to_new_where_the_configuration_of_the_found_binary_passes() {
    killed().asks(Question::ConfigurationTest);
    killed().test_passes(true).moves(REVERSE);
    killed().test_passes(false).ends_stuck(Stuck::OldNotStarted);
}

#[test]
fn rule_2d_new_executes_what_was_found_and_nothing_else() {
    killed().with(|now| now.path = PathHolds::Ours).test_passes(true).moves(Move::ExchangeBack);
    for path in [PathHolds::Foreign, PathHolds::Missing] {
        killed().with(|now| now.path = path).test_passes(true).ends_stuck(Stuck::OldNotStarted);
    }
    let mut failing = killed().with(|now| now.path = PathHolds::Ours);
    for age in [600, 500, 400, 300, 200, 100] {
        failing = failing.back(Move::ExchangeBack, age);
    }
    failing.test_passes(true).ends_stuck(Stuck::OldNotStarted);
}

#[test]
fn rule_2d_new_executes_the_copy_that_was_kept_where_the_path_held_another_file() {
    let kept = || killed().with(|now| now.baseline.old_file = OldFile::Kept);
    kept().asks(Question::ConfigurationTest);
    kept().test_passes(true).moves(Move::Reverse { file: OldFile::Kept });
    kept().test_passes(false).ends_stuck(Stuck::OldNotStarted);
}

#[test]
fn rule_2d_usr2_goes_to_the_same_new_twice() {
    let once = || killed().back(REVERSE, 900).test_passes(true);
    once().moves(REVERSE);
    once().back(REVERSE, 500).test_passes(true).ends_stuck(Stuck::OldNotStarted);
}

#[test]
fn rule_2a_a_back_master_is_old_and_new_is_ended_beside_it() {
    reversed().asks(Question::NewHealth);
    reversed().new_is_well(true).moves(to_new(Signal::Quit));
    reversed().new_is_well(false).moves(to_new(Signal::Term));
    assert_eq!(reversed().new.id, Some(NEW));
}

#[test]
fn rule_2a_a_back_master_that_starts_is_waited_for() {
    reversed()
        .with(|now| (now.old.master, now.old.unsettled_for) = (Master::Starting, ms(1_000)))
        .waits(Waiting::OldSettles, 29_000);
}

#[test]
fn rule_2a_a_master_that_somebody_else_started_from_the_found_file_is_old() {
    let started = killed().with(|now| {
        now.old = both().old;
        now.old.id = Some(Identity { pid: 300, start: 9 });
        now.new = GenerationState { master: Master::Dead, id: Some(NEW), ..GenerationState::absent() };
        now.pid_file = PidFile::Names(Generation::Old);
    });
    started.clone().asks(Question::BaselineProbes);
    assert_eq!(
        way_back(&started.with(|now| now.answers.baseline_holds = Some(true))),
        Next::RolledBack,
        "what the earlier master was told is not asked of this one"
    );
}

#[test]
fn a_whole_changeover_in_reverse_is_usr2_quit_strays_proof() {
    let stray = || [Identity { pid: 7, start: 7 }].into();
    let mut now = killed().with(|now| (now.oldbin, now.strays.old) = (true, stray()));
    let mut made = Vec::new();
    for _ in 0..20 {
        match way_back(&now) {
            Next::Move(what) => {
                made.push(what.clone());
                now = follow(now, &what).back(what, 1);
            }
            Next::Ask(Question::ConfigurationTest) => now = now.test_passes(true),
            Next::Ask(Question::NewHealth) => now = now.new_is_well(true),
            Next::Ask(Question::BaselineProbes) => now.answers.baseline_holds = Some(true),
            end => {
                assert_eq!(end, Next::RolledBack);
                break;
            }
        }
    }
    assert_eq!(made, [Move::UnlinkOldbin, REVERSE, to_new(Signal::Quit), Move::QuitStrays]);
}

/// What healthy masters do with these moves.
fn follow(now: Situation, what: &Move) -> Situation {
    now.with(|now| match what {
        Move::UnlinkOldbin => now.oldbin = false,
        Move::Reverse { .. } => {
            let back = reversed();
            (now.old, now.reversed, now.oldbin, now.pid_file) = (back.old, true, true, back.pid_file);
        }
        Move::QuitStrays => now.strays.old.clear(),
        what if *what == to_new(Signal::Quit) => (now.new.master, now.oldbin) = (Master::Dead, false),
        _ => {}
    })
}
