//! Upgrades by hand as they are seen, and what the model says each signal would cause.

use std::collections::BTreeSet;

use super::{Causes, Seen};
use crate::protocol::{
    Generation, GenerationState, Identity, Master, PathHolds, PidFile, Signal, Situation,
    way_back::tests::builder::both,
};

fn workers(first: i32, start: u64) -> BTreeSet<Identity> {
    (first..first + 2).map(|pid| Identity { pid, start }).collect()
}

/// A master with two workers.
fn serves(pid: i32, start: u64) -> GenerationState {
    let mut state = GenerationState::absent();
    (state.master, state.id) = (Master::Settled, Some(Identity { pid, start }));
    state.workers.titled = workers(pid + 1, start + 1);
    state
}

fn one() -> Situation {
    Situation {
        old: serves(812, 10),
        new: GenerationState::absent(),
        pid_file: PidFile::Names(Generation::Old),
        oldbin: false,
        path: PathHolds::Found,
        ..both()
    }
}

fn two() -> Situation {
    Situation { new: serves(944, 50), pid_file: PidFile::Names(Generation::New), oldbin: true, ..one() }
}

fn drained(mut situation: Situation) -> Situation {
    situation.old.workers.titled.clear();
    situation
}

fn seen(situation: &Situation) -> Seen<'_> {
    let oldbin = situation.oldbin.then_some(PidFile::Names(Generation::Old));
    Seen { situation, oldbin, pid_file: "/run/nginx.pid", daemonized: true }
}

fn told(situation: &Situation) -> String {
    let seen = seen(situation);
    let shapes = seen.shapes().into_iter().map(|shape| format!("{}: {}", shape.code, shape.text));
    let causes = seen.causes().into_iter().map(|it| {
        let Causes { signal, to, master, text, if_poisoned, then } = it;
        let poisoned = if_poisoned.map_or_else(String::new, |text| format!(" (if poisoned: {text})"));
        format!("{signal} to {to} {master}: {text}{poisoned} [{then:?}]")
    });
    shapes.chain(causes).collect::<Vec<_>>().join("\n")
}

#[test]
fn two_masters_before_winch() {
    insta::assert_snapshot!(told(&two()), @r#"
    observe/two-masters: two masters, both accept: old 812 was told USR2, and no WINCH yet
    USR1 to old 812: opens its logs anew, nothing else [Both]
    HUP to old 812: starts one more set of workers from memory [Both]
    USR2 to old 812: ignored while new 944 lives [Both]
    WINCH to old 812: its workers finish what they have and leave [New]
    QUIT to old 812: its workers finish what they have and leave, then it ends; new 944 serves alone; nothing leads back [New]
    TERM to old 812: it ends at once with its workers, and their connections are cut; new 944 serves alone; nothing leads back [New]
    USR1 to new 944: opens its logs anew, nothing else [Both]
    HUP to new 944: reloads: it reads the configuration on disk, new workers start, those of before finish [Both]
    USR2 to new 944: ignored while old 812 lives [Both]
    WINCH to new 944: its workers finish what they have and leave [Old]
    QUIT to new 944: its workers finish what they have and leave, then it ends; the pid file names old 812; old 812 serves alone [Old]
    TERM to new 944: it ends at once with its workers, and their connections are cut; the pid file names old 812; old 812 serves alone [Old]
    "#);
}

#[test]
fn two_masters_after_winch() {
    insta::assert_snapshot!(told(&drained(two())), @r#"
    observe/two-masters: two masters, only new 944 accepts: old 812 was told USR2 and WINCH
    USR1 to old 812: opens its logs anew, nothing else [New]
    HUP to old 812: starts its workers from memory [Both]
    USR2 to old 812: ignored while new 944 lives [New]
    WINCH to old 812: nothing: nobody of it accepts [New]
    QUIT to old 812: it ends; new 944 serves alone; nothing leads back [New]
    TERM to old 812: it ends; new 944 serves alone; nothing leads back [New]
    USR1 to new 944: opens its logs anew, nothing else [New]
    HUP to new 944: reloads: it reads the configuration on disk, new workers start, those of before finish [New]
    USR2 to new 944: ignored while old 812 lives [New]
    WINCH to new 944: its workers finish what they have and leave; nobody accepts then [None]
    QUIT to new 944: its workers finish what they have and leave, then it ends; old 812 starts its workers again by itself; the pid file names old 812; old 812 serves alone [Old]
    TERM to new 944: it ends at once with its workers, and their connections are cut; old 812 starts its workers again by itself; the pid file names old 812; old 812 serves alone [Old]
    "#);
}

#[test]
fn an_old_that_was_told_hup_after_winch_leaves_its_workers_behind() {
    let mut situation = two();
    situation.old.workers.titled = workers(990, 60);
    let text = told(&situation);
    let said = |what: &str| text.lines().filter(|line| line.starts_with(what)).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!([said("observe"), said("QUIT to old"), said("TERM to old")].join("\n"), @r#"
    observe/two-masters: two masters, both accept: old 812 was told WINCH, and HUP after it
    QUIT to old 812: it ends at once, and its workers stay without a master; nothing leads back [New]
    TERM to old 812: it ends at once, and its workers stay without a master; nothing leads back [New]
    "#);
}

#[test]
fn a_missing_pid_file_may_mean_a_poisoned_master() {
    let situation = Situation { pid_file: PidFile::Missing, ..one() };
    insta::assert_snapshot!(told(&situation), @r#"
    observe/poison-suspected: master 812 may be poisoned: there is no /run/nginx.pid, and a USR2 that it was sent meanwhile has broken it
    USR1 to old 812: opens its logs anew, nothing else [Old]
    HUP to old 812: reloads: it reads the configuration on disk, new workers start, those of before finish (if poisoned: starts one more set of workers from memory) [Old]
    USR2 to old 812: fails, and poisons it: from then on each HUP adds a set of workers and reads no configuration (if poisoned: fails again: there is no pid file to rename) [Old]
    WINCH to old 812: its workers finish what they have and leave; nobody accepts then [None]
    QUIT to old 812: its workers finish what they have and leave, then it ends; nobody accepts then [None]
    TERM to old 812: it ends at once with its workers, and their connections are cut; nobody accepts then [None]
    "#);
}

#[test]
fn a_killed_new_leaves_strays() {
    let mut situation = one();
    situation.strays.new = workers(945, 51);
    situation.strays.titled = workers(945, 51);
    insta::assert_snapshot!(told(&situation), @r#"
    observe/strays: 2 workers without a master, 2 of them accept: it was killed
    USR1 to old 812: opens its logs anew, nothing else [Old]
    HUP to old 812: reloads: it reads the configuration on disk, new workers start, those of before finish [Old]
    USR2 to old 812: starts a second master from the file at the path [Both]
    WINCH to old 812: its workers finish what they have and leave; only workers without a master accept then [None]
    QUIT to old 812: its workers finish what they have and leave, then it ends; only workers without a master accept then [None]
    TERM to old 812: it ends at once with its workers, and their connections are cut; only workers without a master accept then [None]
    "#);
}

fn codes(situation: &Situation, oldbin: Option<PidFile>) -> Vec<&'static str> {
    Seen { oldbin, ..seen(situation) }.shapes().into_iter().map(|shape| shape.code).collect()
}

#[test]
fn each_thing_that_is_half_done_has_its_name_and_a_host_that_is_well_has_none() {
    let foreign = Some(PidFile::Foreign(7));
    assert_eq!(codes(&one(), None), [""; 0]);
    assert_eq!(codes(&one(), foreign), ["observe/oldbin-left"]);
    assert_eq!(codes(&drained(one()), None), ["observe/drained"]);
    let pid_file = |pid_file, situation| Situation { pid_file, ..situation };
    assert_eq!(codes(&pid_file(PidFile::Foreign(7), one()), None), ["observe/pid-file-names-nobody"]);
    assert_eq!(codes(&pid_file(PidFile::Unreadable, one()), None), ["observe/pid-file-names-nobody"]);
    let both_files = ["observe/oldbin-left", "observe/poison-suspected"];
    assert_eq!(codes(&pid_file(PidFile::Foreign(7), one()), foreign), both_files);
    let unnamed = ["observe/two-masters", "observe/pid-file-names-nobody"];
    assert_eq!(codes(&pid_file(PidFile::Missing, two()), None), unnamed);
    // The end of a changeover is not half done, unless new does not serve.
    let leaves = |mut situation: Situation| {
        situation.old.master = Master::Leaving;
        situation
    };
    assert_eq!(codes(&leaves(drained(two())), None), [""; 0]);
    let mut nobody = leaves(drained(two()));
    nobody.new.workers.titled.clear();
    assert_eq!(codes(&nobody, None), ["observe/two-masters"]);
}

fn stopped(mut state: GenerationState, told: &[Signal]) -> GenerationState {
    (state.master, state.listens) = (Master::Stopped, true);
    state.pending = told.iter().fold(state.pending, |all, signal| all.with(*signal));
    state
}

#[test]
fn a_stopped_new_takes_nothing_and_what_is_sent_is_taken_with_what_waits() {
    let situation = Situation { new: stopped(serves(944, 50), &[Signal::Winch]), ..two() };
    insta::assert_snapshot!(told(&situation), @r#"
    observe/two-masters: two masters, both accept: old 812 was told USR2, and no WINCH yet
    observe/stopped-master: new 944 is stopped, and takes no signal until it is continued; WINCH waits for it
    USR1 to old 812: opens its logs anew, nothing else [Both]
    HUP to old 812: starts one more set of workers from memory [Both]
    USR2 to old 812: ignored while new 944 lives [Both]
    WINCH to old 812: its workers finish what they have and leave [New]
    QUIT to old 812: its workers finish what they have and leave, then it ends; new 944 serves alone; nothing leads back [New]
    TERM to old 812: it ends at once with its workers, and their connections are cut; new 944 serves alone; nothing leads back [New]
    USR1 to new 944: waits until it is continued; then: its workers finish what they have and leave [Old]
    HUP to new 944: waits until it is continued; then: its workers finish what they have and leave [Old]
    USR2 to new 944: waits until it is continued; then: its workers finish what they have and leave [Old]
    WINCH to new 944: waits until it is continued; then: its workers finish what they have and leave [Old]
    QUIT to new 944: waits until it is continued; then: its workers finish what they have and leave, then it ends; the pid file names old 812; old 812 serves alone [Old]
    TERM to new 944: waits until it is continued; then: it ends at once with its workers, and their connections are cut; the pid file names old 812; old 812 serves alone [Old]
    "#);
}

#[test]
fn a_stopped_old_starts_nobody_when_new_is_gone() {
    let situation = Situation { old: stopped(drained(two()).old, &[]), ..drained(two()) };
    let text = told(&situation);
    let said = |what: &str| text.lines().filter(|line| line.contains(what)).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!([said("observe/"), said("TERM to"), said("HUP to old")].join("\n"), @r#"
    observe/two-masters: two masters, only new 944 accepts: old 812 was told USR2 and WINCH
    observe/stopped-master: old 812 is stopped, and takes no signal until it is continued
    TERM to old 812: waits until it is continued; then: it ends; new 944 serves alone; nothing leads back [New]
    TERM to new 944: it ends at once with its workers, and their connections are cut; nobody accepts then [None]
    HUP to old 812: waits until it is continued; then: starts its workers from memory [Both]
    "#);
    // It was told to leave before it was stopped: its sockets tell.
    let mut left = situation.clone();
    left.old.listens = false;
    left.old.workers.draining = workers(813, 11);
    let text = told(&left);
    let said = text.lines().filter(|line| line.contains("HUP to old")).collect::<String>();
    insta::assert_snapshot!(said, @"HUP to old 812: waits until it is continued; then: nothing: it leaves already [New]");
}

#[test]
fn workers_that_leave_and_masters_that_leave_are_told() {
    let text = |situation: &Situation| {
        seen(situation).shapes().into_iter().map(|shape| shape.text).collect::<Vec<_>>().join("\n")
    };
    let mut winch = drained(two());
    winch.old.workers.draining = workers(813, 11);
    let mut new_leaves = two();
    new_leaves.new.master = Master::Leaving;
    new_leaves.new.workers.titled.clear();
    new_leaves.new.workers.draining = workers(945, 51);
    let mut new_drained = two();
    new_drained.new.workers.titled.clear();
    let mut lone = drained(one());
    lone.old.workers.draining = workers(813, 11);
    let all = [&winch, &new_leaves, &drained(new_leaves.clone()), &new_drained, &lone].map(text);
    insta::assert_snapshot!(all.join("\n"), @r#"
    two masters, only new 944 accepts: old 812 was told USR2 and WINCH; 2 workers of 812 have not finished yet
    two masters, only old 812 accepts: new 944 was told to leave; 2 workers of 944 have not finished yet
    two masters, nobody accepts: new 944 was told to leave, and old 812 was told WINCH; 2 workers of 944 have not finished yet
    two masters, only old 812 accepts: new 944 has no workers
    master 812 lives and nobody of it accepts: WINCH, or its workers gave up; 2 workers of 812 have not finished yet
    "#);
}

#[test]
fn what_cannot_be_played_is_not_told() {
    let told = |situation: &Situation| seen(situation).causes().len();
    let mut busy = drained(two());
    busy.old.workers.draining = workers(700, 1);
    assert_eq!((told(&one()), told(&two()), told(&busy)), (6, 12, 12));
    let mut starts = two();
    starts.new.master = Master::Starting;
    assert_eq!(told(&starts), 0);
    // Two masters, and the pid file of an old that nobody took over: no story of four things ends so.
    let mut strange = two();
    (strange.pid_file, strange.oldbin) = (PidFile::Names(Generation::Old), false);
    strange.old.workers.draining = workers(700, 1);
    strange.new.workers.draining = workers(720, 1);
    strange.new.master = Master::Leaving;
    assert_eq!(told(&strange), 0);
}

#[test]
fn a_path_that_holds_nothing_and_a_master_in_the_foreground_are_played_as_they_are() {
    let usr2 = |seen: Seen<'_>| {
        let causes = seen.causes().into_iter().find(|it| it.signal == Signal::Usr2);
        causes.map(|it| it.text).unwrap_or_default()
    };
    let drained = drained(one());
    assert_eq!(usr2(seen(&drained)), "starts a second master from the file at the path");
    let empty = Situation { path: PathHolds::Stub, ..drained.clone() };
    assert_eq!(usr2(seen(&empty)), "fails, and its workers start again from memory");
    let foreground = Situation { pid_file: PidFile::Unreadable, ..one() };
    let text = usr2(Seen { daemonized: false, ..seen(&foreground) });
    assert_eq!(text, "ignored: it does not run as a daemon");
}
