//! Where two rules match, the earlier one wins: a pair of neighbours for every place in the list.

use super::builder::{WORKERS, after_winch, alone, both, flushed, to_new, to_old};
use crate::protocol::{
    Generation, Identity, Master, Move, PathHolds, PidFile, Question, Signal, Situation, Waiting,
    way_back::{RULES, way_back_by_rule},
};

fn matching(situation: &Situation) -> Vec<&'static str> {
    RULES.iter().filter(|(_, rule)| rule(situation).is_some()).map(|(number, _)| *number).collect()
}

fn stray(situation: Situation) -> Situation {
    situation.with(|now| now.strays.new = [Identity { pid: 7, start: 7 }].into())
}

#[test]
fn in_every_pair_of_rules_that_match_the_earlier_one_decides() {
    let busy_old = both().with(|now| (now.old.master, now.path) = (Master::Busy, PathHolds::Ours));
    let ours_and_gone = both().with(|now| (now.old.master, now.path) = (Master::Dead, PathHolds::Ours));
    let empty_old = after_winch();
    let unflushed_wrong = both().old_workers(1).new_is_well(true);
    let wrong_and_new = flushed().old_workers(1).new_is_well(true);
    let no_pid_file = alone().with(|now| now.pid_file = PidFile::Missing).old_workers(0);
    let empty = alone().old_workers(0);
    let wrong = alone().old_workers(1).with(|now| now.old.poison_suspected = true);
    let poisoned = stray(alone()).with(|now| now.old.poison_suspected = true);
    for (first, second, situation) in [
        ("0", "1", busy_old),
        ("1", "2", ours_and_gone),
        ("3", "4", empty_old),
        ("4", "5", unflushed_wrong),
        ("5", "6", wrong_and_new),
        ("6", "7", flushed()),
        ("7", "8", no_pid_file),
        ("8", "9", empty),
        ("9", "10", wrong),
        ("10", "11", poisoned),
        ("11", "12", stray(alone())),
    ] {
        let matching = matching(&situation);
        assert!(matching.contains(&second), "{second} matches too: {matching:?}");
        assert_eq!(way_back_by_rule(&situation).0, first);
    }
}

#[test]
fn old_is_repaired_before_a_sick_new_is_told_anything() {
    after_winch().new_is_well(false).moves(to_old(Signal::Hup));
}

#[test]
fn the_pid_file_waits_until_new_is_gone() {
    flushed().new_is_well(true).with(|now| now.pid_file = PidFile::Missing).moves(to_new(Signal::Quit));
}

#[test]
fn strays_wait_until_old_has_its_number() {
    stray(alone()).old_workers(WORKERS + 1).asks(Question::ConfigurationTest);
    stray(alone()).old_workers(0).moves(Move::StubExec);
}

#[test]
fn an_old_that_becomes_busy_meanwhile_is_waited_for_before_new_is_killed() {
    flushed()
        .back(Move::FreezeNew, 10)
        .with(|now| (now.old.master, now.new.master) = (Master::Busy, Master::Stopped))
        .waits(Waiting::OldSettles, 30_000);
}

#[test]
fn a_whole_way_back_from_after_winch_is_hup_flush_quit_flush_proof() {
    let mut now = after_winch();
    let mut made = Vec::new();
    for _ in 0..20 {
        match super::super::way_back(&now) {
            crate::protocol::Next::Move(what) => {
                made.push(what.clone());
                now = follow(now, &what).back(what, 0);
            }
            crate::protocol::Next::Ask(Question::NewHealth) => now = now.new_is_well(true),
            crate::protocol::Next::Ask(_) => now.answers.baseline_holds = Some(true),
            end => {
                assert_eq!(end, crate::protocol::Next::RolledBack);
                break;
            }
        }
    }
    assert_eq!(made, [to_old(Signal::Hup), to_old(Signal::Usr1), to_new(Signal::Quit)]);
}

/// What healthy masters do with these moves.
fn follow(now: Situation, what: &Move) -> Situation {
    if *what == to_old(Signal::Hup) {
        return now.old_workers(WORKERS);
    }
    now.with(|now| {
        if *what == to_new(Signal::Quit) {
            now.new.master = Master::Dead;
            now.pid_file = PidFile::Names(Generation::Old);
            now.oldbin = false;
        }
    })
}
