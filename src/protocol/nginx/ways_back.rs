//! Every way back on the model: whatever strangers did before, old serves alone again, or the run says why not.

use std::collections::{BTreeSet, HashSet};

use super::{Binary, Configuration, Executes, Host, Master, Simulated, UnixSocket, Unlinking, WayBack};
use crate::protocol::{Generation, Move, PathHolds, Signal, Stuck};

/// What happens before the way back begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Tells(Generation, Signal),
    /// Two signals together.
    TellsBoth(Generation, Signal, Signal),
    Kills(Generation),
    /// Until the run waits for it.
    Stops(Generation),
    NewGivesUp,
    LosesPidFile,
}

fn events() -> Vec<Event> {
    let mut all = vec![Event::NewGivesUp, Event::LosesPidFile];
    for to in [Generation::Old, Generation::New] {
        all.extend([Event::Kills(to), Event::Stops(to)]);
        all.extend(Signal::ALL.map(|signal| Event::Tells(to, signal)));
        for (at, one) in Signal::ALL.iter().enumerate() {
            all.extend(Signal::ALL[at + 1..].iter().map(|other| Event::TellsBoth(to, *one, *other)));
        }
    }
    all
}

fn happens(run: &mut Simulated, event: Event) {
    let old_or_new = |run: &Simulated| match event {
        Event::Tells(to, _) | Event::TellsBoth(to, ..) | Event::Kills(to) | Event::Stops(to) => {
            run.master(to)
        }
        Event::NewGivesUp => run.master(Generation::New),
        Event::LosesPidFile => None,
    };
    if event == Event::LosesPidFile {
        run.host.pid_file = None;
    }
    let Some(who) = old_or_new(run) else { return };
    match event {
        Event::Tells(_, signal) => run.host.tell(who, signal),
        Event::TellsBoth(_, one, other) => {
            run.host.stop(who);
            run.host.tell(who, one);
            run.host.tell(who, other);
            run.host.go_on(who);
        }
        Event::Kills(_) => run.host.kill(who),
        Event::Stops(_) => run.host.stop(who),
        Event::NewGivesUp => run.host.workers_give_up(who),
        Event::LosesPidFile => {}
    }
    run.notices();
}

/// What lies at the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Path {
    /// What old runs; the new file is staged beside it.
    Olds,
    /// The new file, which was there before the run.
    Adopted,
    /// Since new was started, a file of somebody else.
    Foreign,
}

/// Where a run has opened the window, and what is different there.
#[derive(Clone, Copy, Debug)]
struct Scene {
    configuration: Configuration,
    idle: bool,
    new: Unlinking,
    /// Old was stopped when it was told USR2.
    in_flight: bool,
    path: Path,
}

impl Scene {
    fn all() -> Vec<Self> {
        use Configuration::{AsBefore, Broken, WithoutUnix};
        use Unlinking::{AtTerm, WhereItIsTheLast};
        let path = Path::Olds;
        let scene = |configuration, idle, new, in_flight| Self { configuration, idle, new, in_flight, path };
        let mut all =
            vec![scene(AsBefore, true, AtTerm, false), scene(AsBefore, true, WhereItIsTheLast, true)];
        for configuration in [AsBefore, WithoutUnix, Broken] {
            all.extend([true, false].map(|idle| scene(configuration, idle, WhereItIsTheLast, false)));
        }
        let usual = scene(AsBefore, true, WhereItIsTheLast, false);
        all.extend([Path::Adopted, Path::Foreign].map(|path| Self { path, ..usual }));
        all
    }

    fn begun(self) -> Simulated {
        let mut host = Host { idle: self.idle, ..Host::serving(Binary::recent(Generation::Old)) };
        if self.configuration == Configuration::WithoutUnix {
            host.configuration = self.configuration;
        }
        if self.in_flight {
            host.stop(super::Who::Old);
        }
        let staged = Binary { of: Generation::New, unlinking: self.new };
        if self.path == Path::Adopted {
            host.path = Executes::Master(staged);
            let mut run = Simulated::on(host, None);
            run.makes(&Move::Signal { signal: Signal::Usr2, to: Generation::Old }, false);
            return run;
        }
        let mut run = Simulated::on(host, Some(Executes::Master(staged)));
        run.makes(&Move::OpenWindow, false);
        run.host.configuration = self.configuration;
        if self.path == Path::Foreign {
            run.puts(PathHolds::Foreign);
        }
        run
    }

    /// Every host that a few events lead to, told once.
    fn hosts(self) -> Vec<(Simulated, Vec<Event>)> {
        let all = events();
        // Where one thing is different already, one less follows.
        let usual = self.new == Unlinking::WhereItIsTheLast && !self.in_flight && self.path == Path::Olds;
        let most = if usual && self.configuration != Configuration::WithoutUnix { 4 } else { 3 };
        let first = self.begun();
        let mut seen = HashSet::from([first.host]);
        let (mut found, mut at) = (vec![(first, Vec::new())], 0);
        while let Some((run, told)) = found.get(at).cloned() {
            at += 1;
            for event in all.iter().filter(|_| told.len() < most) {
                let mut run = run.clone();
                happens(&mut run, *event);
                if seen.insert(run.host) {
                    found.push((run, [&told[..], &[*event]].concat()));
                }
            }
        }
        found
    }
}

/// Old is as before but for its unix socket: its disk has none, and it has read that.
fn has_read_that_there_is_none(run: &Simulated) -> bool {
    let mut as_before = run.clone();
    as_before.host.unix_path = true;
    let old = as_before.master(Generation::Old).and_then(|who| as_before.host.masters[who as usize].as_mut());
    let Some(old) = old.filter(|old| old.unix == UnixSocket::None) else { return false };
    old.unix = UnixSocket::Own;
    as_before.is_as_before()
}

/// A WINCH that reached a master together with a reload is latched, and no other one accepts that could cover for it.
fn is_residue(run: &Simulated) -> bool {
    run.host.masters().any(|(who, master)| {
        let taken = master.flags.contains(Signal::Winch);
        let latched = taken || (master.stopped && master.pending.contains(Signal::Winch));
        latched && run.host.masters().all(|(other, master)| other == who || master.accepting == 0)
    })
}

fn nobody_of_the_run_stays(run: &Simulated) -> bool {
    let masters = [Generation::Old, Generation::New].into_iter().filter_map(|which| run.master(which));
    masters.filter_map(|who| run.host.master(who)).all(Master::leaves)
}

/// Nothing is exchanged with a file of somebody else: what only an exec could mend is left to a person.
fn foreign_file_stays(after: &Simulated, way: &WayBack) -> Result<(), &'static str> {
    let untouched = after.path == PathHolds::Foreign && !way.moves.contains(&Move::StubExec);
    let serves = after.master(Generation::Old).and_then(|old| after.host.master(old));
    match way.stuck {
        _ if !untouched => Err("a file of somebody else was touched"),
        None if serves.is_none_or(|old| old.accepting == 0) => Err("rolled back, and old does not accept"),
        Some(Stuck::NoProgress | Stuck::BaselineLost) => Err("stuck without a reason"),
        _ => Ok(()),
    }
}

/// What must be true of a way back that has ended; `befores` are the hosts that it, and an earlier one, began on.
fn judge(
    scene: Scene,
    befores: [&Simulated; 2],
    after: &Simulated,
    way: &WayBack,
) -> Result<(), &'static str> {
    let broken = scene.configuration == Configuration::Broken;
    let without_unix = scene.configuration == Configuration::WithoutUnix;
    match way.stuck {
        _ if scene.path == Path::Foreign => return foreign_file_stays(after, way),
        None if without_unix && has_read_that_there_is_none(after) => {}
        None if !after.is_as_before() => return Err("rolled back, and the host is not as before"),
        None => {}
        Some(Stuck::NoMaster) if after.host.masters().all(|(_, master)| master.leaves()) => {}
        // Whom somebody lets new start from an adopted file is a second new, and nobody's of this run.
        Some(Stuck::NoMaster) if scene.path == Path::Adopted && nobody_of_the_run_stays(after) => {}
        Some(Stuck::OldNotStarted) if broken => {}
        // A busy new executes later what is at the path then: new serves, and a person decides (`docs/way-back.md`).
        Some(Stuck::OldNotStarted) if scene.path == Path::Adopted && after.host.accepts() => {}
        Some(_) => return Err("stuck without a reason"),
    }
    // Where the disk has no configuration, too many workers become as many as before by WINCH and a stub exec (rule 9):
    // connections wait for some milliseconds.
    let known = broken || befores.into_iter().any(is_residue);
    if way.gap && !known { Err("nobody accepts for a moment") } else { Ok(()) }
}

/// What was played.
#[derive(Default)]
struct Played {
    count: usize,
    wrong: Vec<String>,
    moves: BTreeSet<String>,
}

impl Played {
    /// The way back from here.
    fn goes_back(&mut self, scene: Scene, begun: &Simulated, told: &str, from: &Simulated) -> WayBack {
        let mut back = from.clone();
        let way = back.goes_back();
        self.count += 1;
        let pairs = way.rules.iter().zip(&way.moves);
        self.moves.extend(pairs.map(|(rule, what)| format!("{rule}: {what:?}")));
        if let Err(why) = judge(scene, [begun, from], &back, &way) {
            let (stuck, moves) = (way.stuck, &way.moves);
            self.wrong.push(format!("{why}: {scene:?}, {told}, {stuck:?} {moves:?}\n{:?}", back.host));
        }
        way
    }

    fn is_killed(&mut self, scene: Scene, begun: &Simulated, told: &str, killed: &Simulated) {
        self.goes_back(scene, begun, told, killed);
        for signal in [Signal::Hup, Signal::Winch] {
            let mut killed = killed.clone();
            happens(&mut killed, Event::Tells(Generation::Old, signal));
            self.goes_back(scene, begun, &format!("{told}, {signal:?} meanwhile"), &killed);
        }
    }

    fn with(mut self, other: Self) -> Self {
        self.count += other.count;
        self.wrong.extend(other.wrong);
        self.moves.extend(other.moves);
        self
    }
}

/// Every way back on every host of these scenes; and where the runner is killed inside a move, and a stranger tells old
/// something meanwhile.
fn plays<'a>(scenes: impl Iterator<Item = &'a Scene>) -> Played {
    let mut played = Played::default();
    for scene in scenes {
        for (run, told) in scene.hosts() {
            let told = format!("{told:?}");
            for (well, resists) in [(true, false), (false, false), (true, true)] {
                let mut from = run.clone();
                (from.new_is_well, from.new_resists) = (well, resists);
                for (what, before) in played.goes_back(*scene, &run, &told, &from).killable {
                    for (instant, killed) in before.inside(&what, true) {
                        let told = format!("{told}, killed in {what:?}, {instant:?}");
                        played.is_killed(*scene, &run, &told, &killed);
                    }
                }
            }
        }
    }
    played
}

#[test]
fn whatever_was_done_before_old_serves_alone_again_or_nobody_could_bring_it_back() {
    let scenes = Scene::all();
    let half = |from: usize| plays(scenes.iter().skip(from).step_by(2));
    let mut played = std::thread::scope(|scope| {
        let other = scope.spawn(|| half(1));
        let first = half(0);
        [first, other.join().unwrap()].into_iter().fold(Played::default(), Played::with)
    });
    played.wrong.sort_by_key(String::len);
    let Played { count, wrong, moves } = played;
    assert!(wrong.is_empty(), "{} of {count}\n{}", wrong.len(), wrong[..wrong.len().min(5)].join("\n"));
    assert!(count > 300_000, "{count}");
    assert_eq!(moves.into_iter().collect::<Vec<_>>(), EACH_OF_EACH_RULE);
}

/// Each move that each rule can give, in the order of the texts.
const EACH_OF_EACH_RULE: [&str; 27] = [
    "10: StubExec",
    "11: KillStrays",
    "11: QuitStrays",
    "1: ExchangeBack",
    "2: Reverse { file: Found }",
    "2: Reverse { file: Kept }",
    "2: Signal { signal: Hup, to: New }",
    "2: Signal { signal: Term, to: Old }",
    "2: UnlinkOldbin",
    "2: WritePidFile { names: New }",
    "3: Signal { signal: Hup, to: Old }",
    "4: Signal { signal: Usr1, to: Old }",
    "5: Signal { signal: Winch, to: Old }",
    "6: FreezeNew",
    "6: KillNewMaster",
    "6: KillNewWorkers",
    "6: Signal { signal: Quit, to: New }",
    "6: Signal { signal: Term, to: New }",
    "7: LinkUnixPath { path: \"/run/unix\" }",
    "7: UnlinkOldbin",
    "7: WritePidFile { names: Old }",
    "8: Signal { signal: Hup, to: Old }",
    "8: Signal { signal: Usr1, to: Old }",
    "8: StubExec",
    "9: Signal { signal: Hup, to: Old }",
    "9: Signal { signal: Winch, to: Old }",
    "9: StubExec",
];
