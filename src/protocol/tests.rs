//! One sentence for every definition of `docs/way-back.md`.

use std::time::Duration;

use super::{
    Activity, FileId, Generation, GenerationState, Identity, Master, Move, Past, ProcessFacts, RunState,
    Settling, Signal, SignalSet, Stability, Title, Workers, poison_suspected, told_to_leave,
};

const OLD_FILE: FileId = FileId { dev: 1, ino: 1 };
const NEW_FILE: FileId = FileId { dev: 1, ino: 2 };
const CAUGHT: SignalSet = SignalSet(Signal::Usr2.bit() | Signal::Winch.bit());
const QUIET: Activity = Activity {
    state: RunState::Sleeping,
    blocked: SignalSet(0),
    pending: SignalSet(0),
    caught: CAUGHT,
    switches: 5,
};

fn process(pid: i32, title: Title) -> ProcessFacts {
    ProcessFacts {
        id: Identity { pid, start: 10 },
        parent: 1,
        activity: QUIET,
        title,
        exe: Some(OLD_FILE),
        start_stack: 7,
    }
}

fn master() -> ProcessFacts {
    process(100, Title::Master)
}

fn does(activity: Activity) -> ProcessFacts {
    ProcessFacts { activity, ..master() }
}

fn worker(pid: i32, state: RunState, switches: u64) -> ProcessFacts {
    ProcessFacts {
        parent: 100,
        activity: Activity { state, switches, ..QUIET },
        ..process(pid, Title::Worker)
    }
}

fn ids(pids: &[i32]) -> std::collections::BTreeSet<Identity> {
    pids.iter().map(|pid| Identity { pid: *pid, start: 10 }).collect()
}

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[test]
fn quiet_is_asleep_with_nothing_blocked_nothing_pending_and_handlers() {
    assert!(master().quiet());
    for not_quiet in [
        does(Activity { state: RunState::Running, ..QUIET }),
        does(Activity { state: RunState::Uninterruptible, ..QUIET }),
        does(Activity { state: RunState::Stopped, ..QUIET }),
        does(Activity { state: RunState::Other, ..QUIET }),
        does(Activity { blocked: SignalSet(1), ..QUIET }),
        does(Activity { pending: SignalSet(Signal::Winch.bit()), ..QUIET }),
        does(Activity { caught: SignalSet(Signal::Winch.bit()), ..QUIET }),
    ] {
        assert!(!not_quiet.quiet(), "{not_quiet:?}");
    }
}

#[test]
fn what_a_master_does_follows_from_its_state_its_title_and_its_sockets() {
    let of = |facts: ProcessFacts, settled, listens, told| facts.master(settled, listens, told);
    assert_eq!(of(master(), true, true, false), Master::Settled);
    assert_eq!(of(master(), false, true, false), Master::Busy);
    assert_eq!(of(master(), true, false, false), Master::Leaving, "quiet and without a listening socket");
    assert_eq!(of(master(), true, true, true), Master::Leaving, "told by us");
    let busy = does(Activity { state: RunState::Running, ..QUIET });
    assert_eq!(of(busy, false, false, false), Master::Busy, "only a quiet master is judged by its sockets");
    let untitled = ProcessFacts { title: Title::Other, ..master() };
    assert_eq!(of(untitled, false, true, false), Master::Starting);
    let no_handlers = does(Activity { caught: SignalSet::default(), ..QUIET });
    assert_eq!(of(no_handlers, false, true, false), Master::Starting);
    let stopped = does(Activity { state: RunState::Stopped, ..QUIET });
    assert_eq!(of(stopped, true, true, true), Master::Stopped, "stopped, never quiet, whatever it was told");
}

#[test]
fn an_execed_child_has_another_file_or_another_stack_and_a_fork_has_neither() {
    let fork = ProcessFacts { parent: 100, ..process(200, Title::Master) };
    assert!(!fork.execed_by(&master()));
    assert!(ProcessFacts { exe: Some(NEW_FILE), ..fork.clone() }.execed_by(&master()));
    assert!(ProcessFacts { start_stack: 8, ..fork.clone() }.execed_by(&master()), "the same file again");
    assert!(!ProcessFacts { start_stack: 0, exe: None, ..fork }.execed_by(&master()), "unreadable");
}

#[test]
fn workers_are_sorted_by_title_and_the_new_master_is_none_of_them() {
    let new = ProcessFacts { exe: Some(NEW_FILE), ..process(200, Title::Master) };
    let children: Vec<ProcessFacts> = [
        (1, Title::Worker),
        (2, Title::ShuttingDown),
        (3, Title::CacheManager),
        (4, Title::CacheLoader),
        (5, Title::Helper),
        (6, Title::Master),
        (7, Title::Other),
    ]
    .map(|(pid, title)| process(pid, title))
    .into_iter()
    .chain([new])
    .collect();
    let sorted = Workers::sort(&master(), &children);
    assert_eq!(sorted.titled, ids(&[1]), "accepting");
    assert_eq!(sorted.draining, ids(&[2]));
    assert_eq!(sorted.cache, ids(&[3, 4, 5]));
    assert_eq!(sorted.untitled, ids(&[6, 7]));
}

#[test]
fn a_quiet_master_whose_workers_have_slept_is_settled() {
    let children = [worker(1, RunState::Sleeping, 3), worker(2, RunState::Sleeping, 3)];
    assert!(Settling::default().observe(ms(0), &master(), &children, true));
}

#[test]
fn a_master_with_an_untitled_child_is_not_settled() {
    for title in [Title::Master, Title::Other] {
        assert!(!Settling::default().observe(ms(0), &master(), &[process(1, title)], true), "{title:?}");
    }
    let new = ProcessFacts { exe: Some(NEW_FILE), ..process(200, Title::Other) };
    assert!(Settling::default().observe(ms(0), &master(), &[new], true), "a starting new master is none");
}

#[test]
fn draining_and_cache_processes_are_not_waited_for() {
    let busy = |title| ProcessFacts {
        activity: Activity { state: RunState::Running, ..QUIET },
        ..process(1, title)
    };
    for title in [Title::ShuttingDown, Title::CacheManager, Title::CacheLoader, Title::Helper] {
        assert!(Settling::default().observe(ms(0), &master(), &[busy(title)], true), "{title:?}");
    }
}

#[test]
fn a_master_that_acted_while_its_children_were_read_is_not_settled() {
    assert!(!Settling::default().observe(ms(0), &master(), &[], false));
    assert!(master().rested(|| Some(QUIET)));
    let acted = Activity { switches: 6, ..QUIET };
    let told = Activity { pending: SignalSet(1), ..QUIET };
    for after in [Some(acted), Some(told), None] {
        assert!(!master().rested(|| after), "{after:?}");
    }
    assert!(!does(told).rested(|| unreachable!("it was not quiet before")));
}

#[test]
fn a_busy_worker_settles_its_master_with_one_more_voluntary_switch() {
    let mut settling = Settling::default();
    assert!(!settling.observe(ms(0), &master(), &[worker(1, RunState::Running, 3)], true));
    assert!(!settling.observe(ms(10), &master(), &[worker(1, RunState::Running, 3)], true));
    assert!(settling.observe(ms(20), &master(), &[worker(1, RunState::Running, 4)], true));
}

#[test]
fn a_worker_that_slept_once_is_not_asked_again_until_the_master_acts() {
    let mut settling = Settling::default();
    let running = [worker(1, RunState::Running, 4)];
    assert!(settling.observe(ms(0), &master(), &[worker(1, RunState::Sleeping, 3)], true));
    assert!(settling.observe(ms(10), &master(), &running, true));
    let acted = does(Activity { switches: 6, ..QUIET });
    assert!(!settling.observe(ms(20), &acted, &running, true), "what it was told now is not read yet");
    assert!(settling.observe(ms(30), &acted, &[worker(1, RunState::Sleeping, 5)], true));
}

#[test]
fn a_worker_that_never_sleeps_is_waited_for_half_a_second() {
    let mut settling = Settling::default();
    let running = [worker(1, RunState::Running, 3)];
    assert!(!settling.observe(ms(0), &master(), &running, true));
    assert!(!settling.observe(ms(499), &master(), &running, true));
    assert!(settling.observe(ms(500), &master(), &running, true));
}

#[test]
fn accepting_is_known_of_a_settled_generation_only() {
    let mut state = GenerationState { master: Master::Settled, ..GenerationState::absent() };
    state.workers.titled = ids(&[1, 2]);
    state.workers.draining = ids(&[3]);
    state.workers.cache = ids(&[4]);
    assert_eq!(state.accepting(), Some(2));
    for master in [Master::Busy, Master::Starting, Master::Stopped, Master::Leaving, Master::Dead] {
        assert_eq!(GenerationState { master, ..state.clone() }.accepting(), None, "{master:?}");
    }
}

#[test]
fn a_generation_looks_well_while_it_accepts_and_nobody_was_replaced() {
    let mut state = GenerationState { master: Master::Settled, ..GenerationState::absent() };
    assert!(!state.looks_well(), "nobody accepts");
    state.workers.titled = ids(&[1]);
    assert!(state.looks_well());
    assert!(!GenerationState { master: Master::Busy, ..state.clone() }.looks_well());
    state.stability.replaced = true;
    assert!(!state.looks_well());
}

fn titled(pids: &[i32]) -> Workers {
    Workers { titled: ids(pids), ..Workers::default() }
}

#[test]
fn workers_that_die_and_are_replaced_again_and_again_are_a_crash_loop() {
    let mut stability = Stability::default();
    stability.observe(&titled(&[1, 2]), &titled(&[1, 3]), ms(5), false);
    assert!(stability.replaced && !stability.crash_loop(2), "one death is not a loop");
    stability.observe(&titled(&[1, 3]), &titled(&[4, 5]), ms(5), false);
    assert!(stability.crash_loop(2), "three deaths of two workers are");
    stability.observe(&titled(&[4, 5]), &titled(&[4, 5]), ms(5), false);
    assert!(!stability.replaced);
}

#[test]
fn a_replacement_that_comes_an_observation_later_is_one() {
    let mut stability = Stability::default();
    stability.observe(&titled(&[1, 2]), &titled(&[2]), ms(5), false);
    stability.observe(&titled(&[2]), &titled(&[2, 3]), ms(5), true);
    assert!(stability.replaced && stability.crashes == 1);
}

#[test]
fn workers_that_left_for_good_were_not_replaced_by_those_of_a_later_hup() {
    let mut stability = Stability::default();
    stability.observe(&titled(&[1, 2]), &titled(&[]), ms(5), true);
    stability.observe(&titled(&[]), &titled(&[3, 4]), ms(5), true);
    assert_eq!(stability.crashes, 0, "WINCH, then HUP");
}

#[test]
fn workers_that_die_before_they_have_a_title_count_too() {
    let untitled = |pids: &[i32]| Workers { untitled: ids(pids), ..Workers::default() };
    let mut stability = Stability::default();
    for pid in 0..3 {
        stability.observe(&untitled(&[pid]), &untitled(&[pid + 1]), ms(5), false);
    }
    assert!(stability.crash_loop(2));
}

#[test]
fn a_worker_that_only_takes_its_title_did_not_die() {
    let mut stability = Stability::default();
    let untitled = Workers { untitled: ids(&[1, 2]), ..Workers::default() };
    stability.observe(&untitled, &titled(&[1, 2]), ms(5), false);
    assert_eq!(stability.crashes, 0);
}

#[test]
fn a_reload_is_no_crash_whether_its_overlap_was_seen_or_not() {
    let mut stability = Stability::default();
    stability.observe(&titled(&[1, 2]), &titled(&[1, 2, 3, 4]), ms(20), false);
    stability.observe(&titled(&[1, 2, 3, 4]), &titled(&[3, 4]), ms(20), false);
    let mut draining = titled(&[3, 4]);
    draining.draining = ids(&[1, 2]);
    stability.observe(&draining, &titled(&[3, 4]), ms(20), false);
    stability.observe(&titled(&[3, 4]), &titled(&[5, 6]), ms(1_000), false);
    assert_eq!(stability.crashes, 0, "{stability:?}");
}

#[test]
fn all_workers_exchanged_faster_than_a_reload_can_are_crashes() {
    let mut stability = Stability::default();
    stability.observe(&titled(&[1, 2]), &titled(&[3, 4]), ms(20), false);
    assert_eq!(stability.crashes, 2);
}

#[test]
fn cache_processes_come_and_go_without_instability() {
    let cache = |pids| Workers { cache: ids(pids), ..titled(&[1, 2]) };
    let mut stability = Stability::default();
    stability.observe(&cache(&[8, 9]), &cache(&[8]), ms(5), false);
    stability.observe(&cache(&[8]), &cache(&[7]), ms(5), false);
    assert_eq!(stability.crashes, 0);
}

#[test]
fn a_quiet_master_that_lost_all_its_workers_is_fatal() {
    let mut state = GenerationState { master: Master::Settled, ..GenerationState::absent() };
    assert!(!state.fatal(), "it has not had any yet");
    state.stability.observe(&Workers::default(), &titled(&[1]), ms(5), false);
    state.stability.observe(&titled(&[1]), &Workers::default(), ms(5), false);
    assert!(state.fatal());
    state.workers.titled = ids(&[1]);
    assert!(!state.fatal());
}

#[test]
fn a_back_master_is_a_child_of_new_that_runs_the_file_as_found() {
    let new = ProcessFacts { exe: Some(NEW_FILE), ..process(200, Title::Master) };
    let back = ProcessFacts { parent: 200, ..process(300, Title::Other) };
    assert!(back.back_master(&new, OLD_FILE));
    assert!(!ProcessFacts { parent: 100, ..back.clone() }.back_master(&new, OLD_FILE));
    assert!(!ProcessFacts { exe: Some(NEW_FILE), ..back }.back_master(&new, OLD_FILE), "new once more");
}

#[test]
fn a_stray_is_of_the_dead_masters_file_and_nobody_elses_child() {
    let orphan = process(1, Title::Worker);
    assert!(orphan.stray(Some(OLD_FILE), false, false, true), "it holds the listeners");
    assert!(orphan.stray(Some(OLD_FILE), false, true, false), "it was a child");
    assert!(!orphan.stray(Some(OLD_FILE), false, false, false), "another instance of the same file");
    assert!(!orphan.stray(Some(OLD_FILE), true, true, true), "another master's child");
    assert!(!orphan.stray(Some(NEW_FILE), false, true, true), "another file");
    assert!(!orphan.stray(None, false, true, true));
    let cache = process(2, Title::CacheManager);
    assert!(cache.stray(Some(OLD_FILE), false, true, false), "cache processes hold no listeners");
    assert!(!master().stray(Some(OLD_FILE), false, false, true), "a foreign master");
}

fn past(what: Move, to: Option<i32>, way_back: bool) -> Past {
    Past { what, to: to.map(|pid| Identity { pid, start: 10 }), age: ms(0), way_back, sent: true }
}

#[test]
fn a_pid_file_that_the_way_back_had_to_write_makes_poison_suspected_until_a_stub_exec() {
    let old = master().id;
    let written = || past(Move::WritePidFile { names: Generation::Old }, None, true);
    assert!(poison_suspected(&[written()], old, true));
    assert!(!poison_suspected(&[], old, true));
    assert!(!poison_suspected(&[Past { way_back: false, ..written() }], old, true), "before USR2, in time");
    assert!(!poison_suspected(&[written(), past(Move::StubExec, Some(100), true)], old, true));
    assert!(poison_suspected(&[past(Move::StubExec, Some(100), true), written()], old, true));
    let refused = Past { sent: false, ..past(Move::StubExec, Some(100), true) };
    assert!(poison_suspected(&[written(), refused], old, true), "nothing was cured");
    assert!(
        poison_suspected(&[written(), past(Move::StubExec, Some(99), true)], old, true),
        "another master's"
    );
    let window = || past(Move::OpenWindow, Some(100), false);
    assert!(poison_suspected(&[window()], old, false), "nobody was seen to be executed");
    assert!(!poison_suspected(&[window()], old, true));
    assert!(!poison_suspected(&[window(), past(Move::StubExec, Some(100), true)], old, false), "cured");
    assert!(!poison_suspected(&[Past { sent: false, ..window() }], old, false), "nothing was sent");
}

#[test]
fn only_quit_and_term_to_that_very_master_tell_it_to_leave() {
    let tell = |signal, pid| past(Move::Signal { signal, to: Generation::New }, Some(pid), false);
    let new = Identity { pid: 200, start: 10 };
    assert!(told_to_leave(&[tell(Signal::Quit, 200)], new));
    assert!(told_to_leave(&[tell(Signal::Term, 200)], new));
    assert!(!told_to_leave(&[tell(Signal::Winch, 200), tell(Signal::Quit, 201)], new));
    assert!(!told_to_leave(&[Past { sent: false, ..tell(Signal::Quit, 200) }], new), "it was refused");
}
