//! What real nginx was measured to do (`docs/nginx-facts.md`), by number: the model does the same.

use super::{Binary, Configuration, Executes, Host, Names, NewBinary, UnixSocket, Unlinking, Who};
use crate::protocol::{
    Generation,
    Signal::{self, Hup, Quit, Term, Usr1, Usr2, Winch},
};

use Who::{New, Old};

const FOUND: Executes = Executes::Master(Binary::recent(Generation::Old));
const STAGED: Executes = Executes::Master(Binary::recent(Generation::New));

fn serving() -> Host {
    Host { path: STAGED, ..Host::serving(Binary::recent(Generation::Old)) }
}

/// A host on which this was told, one after the other.
fn after(told: &[(Who, Signal)]) -> Host {
    let mut host = serving();
    for (who, signal) in told {
        host.tell(*who, *signal);
    }
    host
}

/// What happens while old is stopped, then it goes on.
fn while_old_is_stopped(host: &mut Host, told: &[(Who, Signal)]) {
    host.stop(Old);
    for (who, signal) in told {
        host.tell(*who, *signal);
    }
    host.go_on(Old);
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
    host.tell(Old, Usr2);
    assert_eq!(host.master(Old).unwrap().new_binary, NewBinary::Poisoned);
    host.tell(Old, Hup);
    host.tell(Old, Hup);
    assert_eq!(accepting(&host, Old), Some(3));
    // And its unix path stays when it leaves.
    host.tell(Old, Quit);
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
    host.tell(Old, Quit);
    host.tell(Old, Hup);
    host.tell(New, Term);
    assert_eq!(accepting(&host, Old), Some(0));
    assert!(!host.accepts());
}

#[test]
fn fact_7_usr2_and_quit_together_leave_nothing() {
    let mut host = serving();
    while_old_is_stopped(&mut host, &[(Old, Usr2), (Old, Quit)]);
    assert!(host.masters().next().is_none() && !host.accepts());
}

#[test]
fn fact_9_workers_that_give_up_leave_an_empty_master() {
    let mut host = after(&[(Old, Usr2)]);
    host.workers_give_up(New);
    assert_eq!((accepting(&host, Old), accepting(&host, New)), (Some(1), Some(0)));
}

#[test]
fn fact_11_a_unix_listen_that_new_has_not_any_more_is_unlinked_at_its_start_and_old_does_not_make_it_again() {
    let mut host = Host { configuration: Configuration::WithoutUnix, ..serving() };
    host.tell(Old, Usr2);
    let listens = |host: &Host, who: Who| host.master(who).map(|master| master.unix);
    let both = (listens(&host, Old), listens(&host, New));
    assert_eq!((both, host.unix_path), ((Some(UnixSocket::Own), Some(UnixSocket::None)), false));
    host.tell(New, Quit);
    // Old still has it, so a reload finds nothing to do.
    host.configuration = Configuration::AsBefore;
    host.tell(Old, Hup);
    assert_eq!((listens(&host, Old), host.unix_path), (Some(UnixSocket::Own), false));
}

#[test]
fn a_reload_makes_and_unlinks_unix_sockets_as_the_configuration_has_them_where_the_path_is_free() {
    let mut host = Host { configuration: Configuration::WithoutUnix, ..serving() };
    host.tell(Old, Hup);
    assert!(!host.unix_path);
    host.configuration = Configuration::AsBefore;
    let mut taken = Host { unix_path: true, ..host };
    taken.tell(Old, Hup);
    assert_eq!(taken.master(Old).unwrap().unix, UnixSocket::None);
    host.tell(Old, Hup);
    assert_eq!((host.master(Old).unwrap().unix, host.unix_path), (UnixSocket::Own, true));
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
    while_old_is_stopped(&mut host, &[(Old, Winch), (New, Quit)]);
    assert!(!host.accepts(), "{host:?}");
    host.tell(Old, Hup);
    assert_eq!(accepting(&host, Old), Some(1));
    // Still latched: the next exec that fails doubles them, one more reload brings the number back.
    let mut host = Host { path: Executes::Nothing, ..host };
    host.tell(Old, Usr2);
    assert_eq!(accepting(&host, Old), Some(2));
    host.tell(Old, Hup);
    assert_eq!(accepting(&host, Old), Some(1));
}

#[test]
fn fact_17_winch_and_a_reload_together_latch_winch_for_whatever_comes_next() {
    let mut host = after(&[(Old, Usr2), (Old, Winch)]);
    while_old_is_stopped(&mut host, &[(Old, Winch), (Old, Hup)]);
    assert_eq!(accepting(&host, Old), Some(1));
    let mut rotated = host;
    rotated.tell(Old, Usr1);
    assert_eq!(accepting(&rotated, Old), Some(0));
    host.tell(New, Quit);
    assert!(!host.accepts(), "the end of new fires it too: {host:?}");
}

#[test]
fn fact_18_a_reload_just_as_new_dies_doubles_or_with_a_broken_configuration_leaves_nobody() {
    let before = after(&[(Old, Usr2), (Old, Winch)]);
    let mut host = before;
    while_old_is_stopped(&mut host, &[(Old, Hup), (New, Quit)]);
    assert_eq!(accepting(&host, Old), Some(2));
    let mut host = Host { configuration: Configuration::Broken, ..before };
    while_old_is_stopped(&mut host, &[(Old, Hup), (New, Quit)]);
    assert!(!host.accepts());
    host.tell(Old, Usr1);
    assert_eq!(accepting(&host, Old), Some(1), "any other signal starts them");
}

#[test]
fn fact_19_usr2_in_flight_as_the_file_is_put_back_starts_a_second_master_of_the_old_one() {
    let mut host = serving();
    host.stop(Old);
    host.tell(Old, Usr2);
    assert_eq!(host.masters().count(), 1, "{host:?}");
    host.path = FOUND;
    host.go_on(Old);
    let of = |who: Who| host.master(who).map(|master| master.binary.of);
    assert_eq!((of(Old), of(New)), (Some(Generation::Old), Some(Generation::Old)));
    assert_eq!((host.pid_file, host.oldbin), (Some(Names::Master(New)), Some(Names::Master(Old))));
}

#[test]
fn a_stopped_master_that_was_told_nothing_goes_on_as_if_nothing_had_been() {
    let mut host = after(&[(Old, Usr2), (Old, Winch)]);
    while_old_is_stopped(&mut host, &[(Old, Winch), (Old, Hup)]);
    let latched = host;
    while_old_is_stopped(&mut host, &[]);
    assert_eq!(host, latched);
}

#[test]
fn a_parent_that_hears_that_its_child_was_stopped_handles_what_is_latched() {
    let mut host = after(&[(Old, Usr2), (Old, Winch)]);
    while_old_is_stopped(&mut host, &[(Old, Winch), (Old, Hup)]);
    assert_eq!(accepting(&host, Old), Some(1));
    host.stop(New);
    assert_eq!(accepting(&host, Old), Some(0));
}

#[test]
fn fact_23_an_exec_that_fails_starts_the_workers_and_cures_the_poison() {
    let mut host = Host { pid_file: None, ..serving() };
    host.tell(Old, Usr2);
    let mut host = Host { pid_file: Some(Names::Master(Old)), path: Executes::Nothing, ..host };
    host.tell(Old, Winch);
    host.tell(Old, Usr2);
    let old = host.master(Old).unwrap();
    assert_eq!((old.new_binary, old.accepting, old.no_accepting), (NewBinary::None, 1, false));
}

#[test]
fn fact_27_term_to_a_new_before_1_19_1_unlinks_the_path_that_old_listens_on() {
    let older = Executes::Master(Binary { unlinking: Unlinking::AtTerm, ..Binary::recent(Generation::New) });
    let mut host = Host { path: older, ..serving() };
    host.tell(Old, Usr2);
    let mut quit = host;
    quit.tell(New, Quit);
    host.tell(New, Term);
    assert_eq!((quit.unix_path, host.unix_path), (true, false));
}

#[test]
fn fact_30_in_a_reversed_pair_new_ignores_usr2_while_old_lives_and_not_after() {
    let mut host = after(&[(Old, Usr2), (New, Usr2)]);
    assert_eq!(host.masters().count(), 2);
    host.kill(Old);
    host.tell(New, Usr2);
    assert_eq!(host.masters().count(), 2, "a back-master");
}

#[test]
fn fact_36_a_drained_old_that_was_told_hup_exits_at_quit_without_a_word_to_its_workers() {
    let host = after(&[(Old, Usr2), (Old, Winch), (Old, Hup), (Old, Quit)]);
    assert_eq!((accepting(&host, Old), host.strays), (None, [1, 0, 0]));
}

#[test]
fn without_daemon_usr2_and_winch_are_ignored() {
    let mut host = Host::in_the_foreground(Binary::recent(Generation::Old));
    let before = host;
    host.tell(Old, Usr2);
    host.tell(Old, Winch);
    assert_eq!(host, before);
}

#[test]
fn usr2_is_ignored_while_the_new_binary_lives() {
    let host = after(&[(Old, Usr2), (Old, Usr2)]);
    assert_eq!((host.masters().count(), host.oldbin), (2, Some(Names::Master(Old))));
}
