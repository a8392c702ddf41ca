//! What real nginx was measured to do (`docs/nginx-facts.md`), by number: the model does the same.

use super::{Executes, Host, Names, NewBinary, Unlinking, Who};
use crate::protocol::Signal::{self, Hup, Quit, Term, Usr1, Usr2, Winch};

use Who::{New, Old};

const NEWER: Unlinking = Unlinking::WhereItIsTheLast;

fn serving() -> Host {
    Host::serving(NEWER, Executes::Master(NEWER))
}

/// A host on which this was told, one after the other.
fn after(told: &[(Who, Signal)]) -> Host {
    let mut host = serving();
    for (who, signal) in told {
        host.tell(*who, &[*signal]);
    }
    host
}

fn accepting(host: &Host, who: Who) -> Option<u8> {
    host.master(who).map(|master| master.accepting)
}

#[test]
fn a_changeover_by_the_manual_ends_with_new_alone() {
    let host = after(&[(Old, Usr2), (Old, Winch), (Old, Quit)]);
    assert_eq!((accepting(&host, Old), accepting(&host, New)), (None, Some(1)));
    assert_eq!((host.pid_file, host.oldbin), (Some(Names::Master(New)), None));
    assert!(host.unix_path);
}

#[test]
fn fact_2_a_missing_pid_file_poisons_and_every_reload_adds_workers() {
    let mut host = Host { pid_file: None, ..serving() };
    host.tell(Old, &[Usr2]);
    assert_eq!(host.master(Old).unwrap().new_binary, NewBinary::Poisoned);
    host.tell(Old, &[Hup]);
    host.tell(Old, &[Hup]);
    assert_eq!(accepting(&host, Old), Some(3));
    // And its unix path stays when it leaves.
    host.tell(Old, &[Quit]);
    assert!(host.unix_path && host.masters().next().is_none());
}

#[test]
fn fact_3_a_reload_of_old_before_winch_doubles_its_workers_and_after_it_brings_them_back() {
    assert_eq!(accepting(&after(&[(Old, Usr2), (Old, Hup)]), Old), Some(2));
    assert_eq!(accepting(&after(&[(Old, Usr2), (Old, Winch), (Old, Hup)]), Old), Some(1));
}

#[test]
fn fact_5_old_starts_its_workers_by_itself_when_new_dies_after_winch() {
    for ends in [Quit, Term] {
        let host = after(&[(Old, Usr2), (Old, Winch), (New, ends)]);
        assert_eq!((accepting(&host, Old), accepting(&host, New)), (Some(1), None));
        assert_eq!(host.pid_file, Some(Names::Master(Old)));
    }
}

#[test]
fn fact_6_after_quit_to_old_nothing_brings_it_back() {
    let mut host = Host { idle: false, ..after(&[(Old, Usr2)]) };
    host.tell(Old, &[Quit]);
    host.tell(Old, &[Hup]);
    host.tell(New, &[Term]);
    assert_eq!(accepting(&host, Old), Some(0));
    assert!(!host.accepts());
}

#[test]
fn fact_7_usr2_and_quit_together_leave_nothing() {
    let mut host = serving();
    host.tell(Old, &[Usr2, Quit]);
    assert!(host.masters().next().is_none() && !host.accepts());
}

#[test]
fn fact_9_workers_that_give_up_leave_an_empty_master() {
    let mut host = after(&[(Old, Usr2)]);
    host.workers_give_up(New);
    assert_eq!((accepting(&host, Old), accepting(&host, New)), (Some(1), Some(0)));
}

#[test]
fn fact_13_a_killed_master_leaves_workers_that_accept_on() {
    let mut host = after(&[(Old, Usr2), (Old, Winch)]);
    host.kill(New);
    assert_eq!((host.strays, accepting(&host, Old)), ([0, 1, 0], Some(1)));
}

#[test]
fn fact_16_winch_in_flight_as_new_leaves_nobody() {
    // New is reaped first, when nothing is to be restarted yet; then WINCH is handled.
    let mut host = after(&[(Old, Usr2)]);
    host.together(Old, &[Winch], Some(New));
    assert!(!host.accepts(), "{host:?}");
    host.tell(Old, &[Hup]);
    assert_eq!(accepting(&host, Old), Some(1));
    // Still latched: the next exec that fails doubles them, one more reload brings the number back.
    let mut host = Host { path: Executes::Nothing, ..host };
    host.tell(Old, &[Usr2]);
    assert_eq!(accepting(&host, Old), Some(2));
    host.tell(Old, &[Hup]);
    assert_eq!(accepting(&host, Old), Some(1));
}

#[test]
fn fact_17_winch_and_a_reload_together_latch_winch_for_whatever_comes_next() {
    let mut host = after(&[(Old, Usr2), (Old, Winch)]);
    host.tell(Old, &[Winch, Hup]);
    assert_eq!(accepting(&host, Old), Some(1));
    let mut rotated = host;
    rotated.tell(Old, &[Usr1]);
    assert_eq!(accepting(&rotated, Old), Some(0));
    host.tell(New, &[Quit]);
    assert!(!host.accepts(), "the end of new fires it too: {host:?}");
}

#[test]
fn fact_18_a_reload_just_as_new_dies_doubles_or_with_a_broken_configuration_leaves_nobody() {
    let before = after(&[(Old, Usr2), (Old, Winch)]);
    let mut host = before;
    host.together(Old, &[Hup], Some(New));
    assert_eq!(accepting(&host, Old), Some(2));
    let mut host = Host { configured: false, ..before };
    host.together(Old, &[Hup], Some(New));
    assert!(!host.accepts());
    host.tell(Old, &[Usr1]);
    assert_eq!(accepting(&host, Old), Some(1), "any other signal starts them");
}

#[test]
fn fact_23_an_exec_that_fails_starts_the_workers_and_cures_the_poison() {
    let mut host = Host { pid_file: None, ..serving() };
    host.tell(Old, &[Usr2]);
    let mut host = Host { pid_file: Some(Names::Master(Old)), path: Executes::Nothing, ..host };
    host.tell(Old, &[Winch]);
    host.tell(Old, &[Usr2]);
    let old = host.master(Old).unwrap();
    assert_eq!((old.new_binary, old.accepting, old.no_accepting), (NewBinary::None, 1, false));
}

#[test]
fn fact_27_term_to_a_new_before_1_19_1_unlinks_the_path_that_old_listens_on() {
    let older = Executes::Master(Unlinking::AtTerm);
    let mut host = Host { path: older, ..serving() };
    host.tell(Old, &[Usr2]);
    let mut quit = host;
    quit.tell(New, &[Quit]);
    host.tell(New, &[Term]);
    assert_eq!((quit.unix_path, host.unix_path), (true, false));
}

#[test]
fn fact_30_in_a_reversed_pair_new_ignores_usr2_while_old_lives_and_not_after() {
    let mut host = after(&[(Old, Usr2), (New, Usr2)]);
    assert_eq!(host.masters().count(), 2);
    host.kill(Old);
    host.tell(New, &[Usr2]);
    assert_eq!(host.masters().count(), 2, "a back-master");
}

#[test]
fn fact_36_a_drained_old_that_was_told_hup_exits_at_quit_without_a_word_to_its_workers() {
    let host = after(&[(Old, Usr2), (Old, Winch), (Old, Hup), (Old, Quit)]);
    assert_eq!((accepting(&host, Old), host.strays), (None, [1, 0, 0]));
}

#[test]
fn without_daemon_usr2_and_winch_are_ignored() {
    let mut host = Host::in_the_foreground(NEWER, Executes::Master(NEWER));
    let before = host;
    host.tell(Old, &[Usr2]);
    host.tell(Old, &[Winch]);
    assert_eq!(host, before);
}

#[test]
fn usr2_is_ignored_while_the_new_binary_lives() {
    let host = after(&[(Old, Usr2), (Old, Usr2)]);
    assert_eq!((host.masters().count(), host.oldbin), (2, Some(Names::Master(Old))));
}
