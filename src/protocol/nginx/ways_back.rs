//! Every way back on the model: whatever strangers did before, old serves alone again, or the run says why not.

use std::collections::{BTreeSet, HashSet};

use super::{Executes, Host, Simulated, Unlinking, WayBack};
use crate::protocol::{Generation, Move, Signal, Stuck};

const NEWER: Executes = Executes::Master(Unlinking::WhereItIsTheLast);

/// What happens before the way back begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Tells(Generation, Signal),
    /// Two signals together.
    TellsBoth(Generation, Signal, Signal),
    Kills(Generation),
    NewGivesUp,
    LosesPidFile,
}

fn events() -> Vec<Event> {
    let mut all = vec![Event::NewGivesUp, Event::LosesPidFile];
    for to in [Generation::Old, Generation::New] {
        all.push(Event::Kills(to));
        all.extend(Signal::ALL.map(|signal| Event::Tells(to, signal)));
        for (at, one) in Signal::ALL.iter().enumerate() {
            all.extend(Signal::ALL[at + 1..].iter().map(|other| Event::TellsBoth(to, *one, *other)));
        }
    }
    all
}

fn happens(run: &mut Simulated, event: Event) {
    match event {
        Event::Tells(to, signal) => run.master(to).into_iter().for_each(|who| run.host.tell(who, &[signal])),
        Event::TellsBoth(to, one, other) => {
            run.master(to).into_iter().for_each(|who| run.host.tell(who, &[one, other]));
        }
        Event::Kills(to) => run.master(to).into_iter().for_each(|who| run.host.kill(who)),
        Event::NewGivesUp => {
            run.master(Generation::New).into_iter().for_each(|who| run.host.workers_give_up(who));
        }
        Event::LosesPidFile => run.host.pid_file = None,
    }
}

fn begun(configured: bool, idle: bool) -> Simulated {
    let host = Host { idle, ..Host::serving(Unlinking::WhereItIsTheLast, NEWER) };
    let mut run = Simulated::on(host, NEWER);
    run.makes(&Move::OpenWindow, false);
    run.host.configured = configured;
    run
}

/// Every host that up to four events lead to, told once.
fn hosts(configured: bool, idle: bool) -> Vec<(Simulated, Vec<Event>)> {
    let all = events();
    let first = begun(configured, idle);
    let mut seen = HashSet::from([first.host]);
    let (mut found, mut at) = (vec![(first, Vec::new())], 0);
    while let Some((run, told)) = found.get(at).cloned() {
        at += 1;
        for event in all.iter().filter(|_| told.len() < 4) {
            let mut run = run.clone();
            happens(&mut run, *event);
            if seen.insert(run.host) {
                found.push((run, [&told[..], &[*event]].concat()));
            }
        }
    }
    found
}

/// What must be true of a way back that has ended.
fn judge(before: &Simulated, after: &Simulated, way: &WayBack) -> Result<(), &'static str> {
    let latched = before.host.masters().any(|(_, master)| master.flags.contains(Signal::Winch));
    match way.stuck {
        None if !after.is_as_before() => return Err("rolled back, and the host is not as before"),
        None => {}
        Some(Stuck::NoMaster) if after.host.masters().all(|(_, master)| master.leaves()) => {}
        Some(Stuck::OldNotStarted) if !before.host.configured => {}
        Some(_) => return Err("stuck without a reason"),
    }
    // WINCH and a reload that reached a master together are residue; and where the disk has no configuration, too many workers
    // become as many as before by WINCH and a stub exec (rule 9): connections wait for some milliseconds.
    let known = latched || !before.host.configured;
    if way.gap && !known { Err("nobody accepts for a moment") } else { Ok(()) }
}

#[test]
fn whatever_was_done_before_old_serves_alone_again_or_nobody_could_bring_it_back() {
    let (mut count, mut wrong, mut moves) = (0, Vec::new(), BTreeSet::new());
    for (configured, idle) in [(true, true), (true, false), (false, true), (false, false)] {
        for (run, told) in hosts(configured, idle) {
            for (well, resists) in [(true, false), (false, false), (true, true)] {
                let mut back = run.clone();
                (back.new_is_well, back.new_resists) = (well, resists);
                let way = back.goes_back();
                count += 1;
                moves.extend(way.moves.iter().map(|what| format!("{what:?}")));
                if let Err(why) = judge(&run, &back, &way) {
                    wrong.push(format!(
                        "{why}: configured {configured}, idle {idle}, {told:?}, {way:?}\n{:?}",
                        back.host
                    ));
                }
            }
        }
    }
    wrong.sort_by_key(String::len);
    assert!(wrong.is_empty(), "{} of {count}\n{}", wrong.len(), wrong[..wrong.len().min(5)].join("\n"));
    assert!(count > 1_000, "{count}");
    for used in [
        "Hup, to: Old",
        "Usr1, to: Old",
        "Winch, to: Old",
        "Quit, to: New",
        "Term, to: New",
        "StubExec",
        "Reverse",
        "WritePidFile",
        "UnlinkOldbin",
        "QuitStrays",
        "FreezeNew",
        "KillNewWorkers",
        "KillNewMaster",
    ] {
        assert!(moves.iter().any(|made| made.contains(used)), "no way back has {used}");
    }
}
