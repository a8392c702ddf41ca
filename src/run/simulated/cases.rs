//! Every place of every plan of the project at which a run can be killed, with one trouble, and killed again in its recovery.

use std::{
    collections::{BTreeSet, HashSet},
    future::Future,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use super::{Disk, Instant, SimulatedWorld, Trouble, given, judge::judge, path};
use crate::{
    engine::{By, Goes, Verdict},
    journal::{self, Begun, Entry, Journal, Replay, tests::begun},
    observe::Known,
    plan::{Action, Inputs, Plan, load},
    protocol::{
        Generation, Move, Past, Signal,
        nginx::{Binary, Executes, Host, Simulated},
    },
    run::{Left, Run, left::goes_after_restart},
};

pub(super) const RUN: &str = crate::journal::tests::RUN;

/// A run that has ended.
struct Played {
    world: SimulatedWorld,
    verdict: Verdict,
}

/// A future of the simulated world never waits for anything outside of it.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("it waits for something that is not simulated"),
    }
}

fn plan(file: &str) -> Plan {
    let text = std::fs::read(file).unwrap();
    load(file, &text, &[], Inputs::Open).unwrap().plan
}

/// The host that a plan is for: where it adopts a file, that is at the path already.
fn host(plan: &Plan) -> Simulated {
    let [old, new] = [Generation::Old, Generation::New].map(Binary::recent);
    let has = |kind: fn(&Action) -> bool| plan.steps.iter().any(|step| kind(&step.action));
    let mut host = Host::serving(old);
    if has(|action| matches!(action, Action::AdoptBinary(_))) {
        host.path = Executes::Master(new);
    }
    let staged = has(|action| matches!(action, Action::ReplaceBinary(_)));
    let mut sim = Simulated::on(host, staged.then_some(Executes::Master(new)));
    sim.quit_timeout = plan.rollback.quit_timeout;
    sim
}

/// The run itself, with each of these troubles before its nth move or wait.
fn play(plan: &Plan, troubles: &[(usize, Trouble)]) -> Played {
    let sim = host(plan);
    let disk = Disk::default();
    let old = sim.identity(Generation::Old).unwrap();
    let old = Known { id: old, exe: None, start_stack: 0 };
    let first = Entry::Begun(Box::new(Begun { old, ..begun() }));
    let journal = Journal::begin(path(), disk.clone(), RUN, Duration::ZERO, &first).unwrap();
    let given = given(plan.clone(), &sim);
    let mut world = SimulatedWorld::new(sim, disk, journal, troubles, None);
    let verdict = at_once(Run::new(&mut world, given).execute());
    Played { world, verdict }
}

/// What the journal of a run says when it was killed there; `torn` is how much of the next line was written too.
fn read(bytes: &[u8], written: usize) -> Replay {
    journal::parse(&path(), &bytes[..written], RUN).unwrap_or_else(|damage| panic!("{damage}"))
}

/// Another process goes on.
fn recover(plan: &Plan, bytes: &[u8], instant: &Instant, written: usize) -> Option<Played> {
    let replay = read(bytes, written);
    if !replay.unfinished() {
        return None;
    }
    let whole = usize::try_from(replay.length).unwrap();
    let disk = Disk::holding(&bytes[..whole], None);
    let journal = Journal::go_on(path(), disk.clone(), &replay);
    let masters: Vec<_> = replay.masters.iter().map(|(which, known)| (*which, known.id)).collect();
    let done = replay.moves.iter().map(|made| {
        let (what, to, age) = (made.what.clone(), made.to, made.at);
        Past { what, to, age, way_back: made.is_attempt(), sent: made.counts() }
    });
    let sim = instant.host.taken_over(&masters, done.collect());
    let given = given(plan.clone(), &sim);
    let mut world = SimulatedWorld::new(sim, disk, journal, &[], Some(instant));
    let verdict = at_once(Run::go_on(&mut world, given, Left::of(&replay, By::Recover)));
    Some(Played { world, verdict })
}

/// After a restart of the host the path alone decides who serves: it gets what was found, or the new file after a commit record
/// from which nobody has begun to go back.
fn restarts(bytes: &[u8], instant: &Instant) -> Result<(), &'static str> {
    let forward = goes_after_restart(&read(bytes, instant.synced)) == Goes::Forward;
    let mut host = instant.host.clone();
    host.reconciles(forward);
    let synced = str::from_utf8(&bytes[..instant.synced]).unwrap();
    let says = |what: &str| synced.contains(what);
    let back = ["\"way-back-started\"", "\"goes\":\"back\"", "\"rolled-back\""].into_iter().any(says);
    let committed = says("\"quit-sent\"") || (says("\"commit-recorded\"") && !back);
    let right = if committed { host.leads_to_new() } else { host.leads_to_found() };
    if right { Ok(()) } else { Err("after a restart the path leads to the wrong file") }
}

/// What was looked at.
#[derive(Default)]
struct Explored {
    seen: HashSet<u64>,
    restarts: usize,
    moves: BTreeSet<String>,
    wrong: Vec<String>,
}

impl Explored {
    /// Whether this case is a new one: the host, the journal's prefix, the trouble, and the crash before it.
    fn is_new(
        &mut self,
        trouble: Option<(usize, Trouble)>,
        first: usize,
        instant: &Instant,
        written: usize,
    ) -> bool {
        let mut hasher = DefaultHasher::new();
        (trouble, first, written, instant.synced, instant.unseen, instant.host.host).hash(&mut hasher);
        format!("{:?}", instant.host.identity(Generation::New)).hash(&mut hasher);
        self.seen.insert(hasher.finish())
    }

    fn joins(&mut self, other: Self) {
        self.seen.extend(other.seen);
        self.moves.extend(other.moves);
        self.wrong.extend(other.wrong);
        self.restarts += other.restarts;
    }

    fn wrong(&mut self, story: String) {
        if self.wrong.len() < 20 {
            self.wrong.push(story);
        }
    }

    /// Kills a run at each of its places, and whoever goes on at every `stride`th of its own.
    fn kills(&mut self, plan: &Plan, played: &Played, trouble: Option<(usize, Trouble)>, stride: usize) {
        let bytes = played.world.disk.0.borrow().bytes.clone();
        for (number, instant) in played.world.instants.iter().enumerate() {
            self.restarts(&bytes, instant, trouble);
            for written in torn(&played.world.instants, number) {
                if !self.is_new(trouble, 0, instant, written) {
                    continue;
                }
                let Some(again) = recover(plan, &bytes, instant, written) else { continue };
                self.judges(&again, trouble, &format!("killed at {number} ({written} bytes)"));
                self.kills_again(plan, &again, trouble, (number + 1, stride));
            }
        }
    }

    fn kills_again(
        &mut self,
        plan: &Plan,
        played: &Played,
        trouble: Option<(usize, Trouble)>,
        (first, stride): (usize, usize),
    ) {
        let bytes = played.world.disk.0.borrow().bytes.clone();
        let instants = played.world.instants.iter().enumerate().skip(first % stride).step_by(stride);
        for (number, instant) in instants {
            self.restarts(&bytes, instant, trouble);
            for written in torn(&played.world.instants, number) {
                if !self.is_new(trouble, first, instant, written) {
                    continue;
                }
                if let Some(again) = recover(plan, &bytes, instant, written) {
                    let what = format!("killed at {first}, and its recovery at {number} ({written} bytes)");
                    self.judges(&again, trouble, &what);
                }
            }
        }
    }

    fn restarts(&mut self, bytes: &[u8], instant: &Instant, trouble: Option<(usize, Trouble)>) {
        if let Err(why) = restarts(bytes, instant) {
            self.wrong(format!("{why}: {trouble:?}\n{instant:?}"));
        }
        self.restarts += 1;
    }

    fn judges(&mut self, played: &Played, trouble: Option<(usize, Trouble)>, what: &str) {
        self.moves.extend(played.world.made());
        if let Err(why) = judge(&played.verdict, &played.world, trouble.map(|(_, trouble)| trouble)) {
            let Verdict { verdict, exit, now, .. } = &played.verdict;
            let story = played.world.made().join(", ");
            self.wrong(format!(
                "{why}: {trouble:?}, {what}: {verdict:?} {exit}, {now}\n  {story}\n  {:?}",
                played.world.sim
            ));
        }
    }
}

/// How much of the journal may be written at an instant: all that was, and pieces of the line that is written next.
fn torn(instants: &[Instant], number: usize) -> Vec<usize> {
    let written = instants[number].written;
    let next = instants.get(number + 1).map_or(written, |next| next.written);
    let length = next.saturating_sub(written);
    let pieces = [1, length / 2, length.saturating_sub(1)];
    let torn = pieces.into_iter().filter(|piece| (1..length).contains(piece)).map(|piece| written + piece);
    std::iter::once(written).chain(torn.collect::<BTreeSet<_>>()).collect()
}

const TROUBLES: [Trouble; 11] = [
    Trouble::NewExits,
    Trouble::NewIsKilled,
    Trouble::NewGivesUp,
    Trouble::OldIsKilled,
    Trouble::Tells(Generation::Old, Signal::Hup),
    Trouble::Tells(Generation::Old, Signal::Usr1),
    Trouble::Tells(Generation::New, Signal::Hup),
    Trouble::Tells(Generation::New, Signal::Winch),
    Trouble::LosesPidFile,
    Trouble::NeverDrains,
    Trouble::DiskIsFull,
];

/// All of a plan, on two threads: each trouble at `every`th place, and whoever goes on is killed at each `stride`th of its own.
fn explore(plan: &Plan, stride: usize, every: usize) -> Explored {
    let mut explored = Explored::default();
    let whole = play(plan, &[]);
    explored.judges(&whole, None, "not killed");
    explored.kills(plan, &whole, None, 1);
    let turns = whole.world.turns;
    let half = |parity: usize| {
        let mut explored = Explored::default();
        for (number, trouble) in TROUBLES.into_iter().enumerate() {
            for turn in (1..=turns).filter(|turn| (turn + number) % (2 * every) == parity * every) {
                let trouble = Some((turn, trouble));
                let played = play(plan, trouble.as_slice());
                explored.judges(&played, trouble, "not killed");
                explored.kills(plan, &played, trouble, stride);
            }
        }
        explored
    };
    let halves = std::thread::scope(|scope| {
        let other = scope.spawn(|| half(1));
        [half(0), other.join().unwrap()]
    });
    for half in halves {
        explored.joins(half);
    }
    explored
}

/// Nothing is wrong; how much was looked at, and which moves were made.
#[expect(clippy::print_stdout, reason = "how much was looked at is part of what this shows")]
fn shown(file: &str, stride: usize, every: usize) -> (usize, BTreeSet<String>) {
    let Explored { seen, restarts, moves, wrong } = explore(&plan(file), stride, every);
    println!("{file}: {} cases, {restarts} restarts of the host, {} moves", seen.len(), moves.len());
    assert!(wrong.is_empty(), "{file}: {} wrong\n{}", wrong.len(), wrong.join("\n"));
    (seen.len(), moves)
}

#[test]
fn wherever_a_run_is_killed_it_ends_with_old_or_with_new() {
    let mut moves = BTreeSet::new();
    for (file, every) in [
        ("plans/nginx.toml", 1),
        ("plans/probe-before-winch.toml", 4),
        ("plans/package-managed.toml", 4),
        ("plans/drill.toml", 4),
    ] {
        let (cases, made) = shown(file, 97, every);
        assert!(cases > 3_000, "{file}: {cases}");
        moves.extend(made);
    }
    for made in [
        "HUP to old master",
        "HUP to new master",
        "USR1 to old master",
        "QUIT to new master",
        "TERM to new master",
        "USR2 to new master",
        "QUIT to old master",
        "stub exec: old restarts its workers from memory",
        "what was found is put back at the path",
        "stale .oldbin removed",
        "QUIT to the processes left behind",
        "pid file names the old master",
        "pid file names the new master",
        "the new file stays at the path",
    ] {
        assert!(moves.contains(made), "no run has {made}: {moves:?}");
    }
}

#[test]
fn old_workers_that_a_stranger_brings_back_again_and_again_are_drained_once_more_and_no_more() {
    let mut plan = plan("plans/nginx.toml");
    let probes = plan.steps.iter().position(|step| matches!(step.action, Action::HttpProbe(_))).unwrap();
    // More looks after the drain: each probe is one.
    plan.steps.splice(probes..probes, vec![plan.steps[probes].clone(); 3]);
    let turns = play(&plan, &[]).world.turns;
    let mut most = 0;
    for first in 1..=turns {
        for second in first..=first + turns {
            let hup = Trouble::Tells(Generation::Old, Signal::Hup);
            let played = play(&plan, &[(first, hup), (second, hup)]);
            let winch = Move::Signal { signal: Signal::Winch, to: Generation::Old };
            let bytes = &played.world.disk.0.borrow().bytes;
            let moves = read(bytes, bytes.len()).moves;
            let forward = moves.iter().filter(|made| made.what == winch && !made.way_back);
            most = most.max(forward.count());
            assert!(most <= 2, "HUP before {first} and {second}: {:?}", played.world.made());
        }
    }
    assert_eq!(most, 2, "WINCH is sent once more");
}

#[test]
#[ignore = "a minute or more: make crashes"]
fn every_place_of_the_standard_plan_and_every_place_of_each_recovery() {
    let (cases, _) = shown("plans/nginx.toml", 1, 1);
    assert!(cases >= 100_000, "{cases}");
}
