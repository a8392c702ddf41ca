//! Seeded stories of a way back: a random host, a run that is interrupted at a random line of what it says, and up to three
//! strangers before and meanwhile. Whatever they do, old serves alone as before, or the run says why it cannot.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::dice::Dice;
use crate::fault::{Change, Fault, Who};
use crate::judge::{held_locks, lives_on};
use crate::phase::{Met, Phase};
use crate::setup::Setup;
use crate::support::changeover::{Line, Run, Running};
use crate::support::holds_within;
use crate::support::host::Host;
use crate::support::left;
use crate::support::load::Load;
use crate::support::scene::Scene;

/// What one seed stands for.
#[derive(Debug)]
pub(crate) struct Story {
    seed: u64,
    setup: Setup,
    build: &'static str,
    phase: Phase,
    /// Sent to old while it is stopped, so that it takes all of them at once with what comes next.
    in_flight: Option<Signal>,
    /// What strangers do before the run is told to go back, and while it goes.
    strangers: Vec<(When, Fault)>,
    /// The run is killed on its way back, once it has made so many moves.
    killed: Option<(Killed, usize)>,
}

/// Who is killed, and who goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Killed {
    /// The run: its guardian goes on.
    Runner,
    /// Its guardian too: `recover` goes on.
    Both,
    /// And that one is killed as well: another one goes on.
    RecoverToo,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    Before,
    Meanwhile,
}

/// How a story went.
struct Played {
    /// What is wrong, with all that happened.
    wrong: Option<String>,
    /// How long no request was answered, at the longest.
    gap: Duration,
    /// A stranger came when the run had looked for the last time: what he did is nobody's fault.
    late: bool,
}

impl Story {
    fn of(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let setups = Setup::all();
        let builds =
            ["1.26.3", "1.26.3", "1.18.0", "faulty/answers-500", "faulty/exits-2", "faulty/starts-slowly"];
        let setup = dice.of(&setups);
        let build = dice.of(&builds);
        // A build that fails by itself never comes to the later phases.
        let phases = if build.starts_with("1.") { &Phase::ALL[1..5] } else { &Phase::ALL[1..2] };
        let phase = dice.of(phases);
        let in_flight =
            dice.of(&[None, None, Some(Signal::SIGHUP), Some(Signal::SIGWINCH), Some(Signal::SIGUSR1)]);
        let count = dice.below(4);
        let strangers = (0..count).map(|_| (dice.of(&[When::Before, When::Meanwhile]), stranger(&mut dice)));
        let strangers = strangers.collect();
        let who = dice.of(&[None, None, Some(Killed::Runner), Some(Killed::Both), Some(Killed::RecoverToo)]);
        let killed = who.map(|who| (who, dice.below(4)));
        Self { seed, setup, build, phase, in_flight, strangers, killed }
    }

    /// Old's master is ended, so that a person may be needed.
    fn ends_old(&self) -> bool {
        let ends = |fault| match fault {
            Fault::To(Who::Old, signal) => {
                matches!(signal, Signal::SIGKILL | Signal::SIGQUIT | Signal::SIGTERM)
            }
            Fault::Says("stop" | "quit") => true,
            _ => false,
        };
        self.strangers.iter().any(|(_, fault)| ends(*fault))
    }

    fn play(&self) -> Played {
        let host = self.setup.host();
        let offer = host.offer(self.build);
        let mut strangers_left = None;
        let scene = Scene::play_under(host, |host| {
            let load = host.start_load(&Load::close());
            let mut met = Met::in_any(self.phase, host, &offer);
            self.strike(When::Before, &mut met);
            if let Some(signal) = self.in_flight {
                pause(host, met.old, signal);
            }
            met.run.signal(Signal::SIGINT);
            drop(met.gate.take());
            if self.in_flight.is_some() {
                host.kill_if_there(met.old, Signal::SIGCONT);
            }
            let told = |met: &Met<'_>| {
                let says = ["way-back-started", "verdict"];
                met.run.lines().iter().any(|line| says.contains(&line.name()))
            };
            holds_within(Duration::from_secs(20), || told(&met));
            self.strike(When::Meanwhile, &mut met);
            if self.strangers.iter().any(|(when, _)| *when == When::Meanwhile) {
                strangers_left = Some(left::now());
            }
            let run = self.end(host, met.run);
            (run, load.stop())
        });
        // The run looks for the last time just before it records one of them.
        let over = ["rolled-back", "verdict"].iter().find_map(|name| left::recorded(&scene.host, name));
        let late = strangers_left.zip(over).is_some_and(|(left, over)| left > over);
        let wrong = self.wrong(&scene, late);
        let (run, after, served) = (&scene.run, &scene.after, &scene.served);
        let story = || {
            format!(
                "== seed {}: {self:?}\n{}\n{run}\n{after:?}\n{served}\n{}\n{}",
                self.seed,
                wrong.join("; "),
                left::text_of(&scene.host, "journal.jsonl"),
                scene.host.error_log()
            )
        };
        Played { wrong: (!wrong.is_empty()).then(story), gap: served.longest_gap(), late }
    }

    /// Lets the run end, or kills it first.
    fn end(&self, host: &Host, run: Running) -> Run {
        let Some((who, moves)) = self.killed else { return run.wait() };
        go_back_by(&run, moves);
        if who == Killed::Runner {
            run.signal(Signal::SIGKILL);
            let run = run.wait();
            left::verdict(host);
            return run;
        }
        let killed = left::kill_both(host, run);
        if killed.status.code().is_some() {
            // It was over already.
            return killed;
        }
        if who == Killed::RecoverToo {
            let again = host.start_bare(&["recover", "--output", "json"]);
            go_back_by(&again, moves);
            again.signal(Signal::SIGKILL);
            let _ = again.wait();
        }
        left::recover(host)
    }

    fn strike(&self, when: When, met: &mut Met<'_>) {
        for (_, fault) in self.strangers.iter().filter(|(it, _)| *it == when) {
            fault.strike_if_there(met);
        }
    }

    fn wrong(&self, scene: &Scene, late: bool) -> Vec<String> {
        let Scene { run, before, after, host, .. } = scene;
        let mut wrong = Vec::new();
        let mut must = |holds: bool, what: String| {
            if !holds {
                wrong.push(what);
            }
        };
        let replaced = self.strangers.iter().any(|(_, fault)| *fault == Fault::Replaces);
        must(replaced || after.inode == before.inode, format!("the path holds {}", after.binary));
        let locks = held_locks(host);
        must(locks.is_empty(), format!("locks are held: {locks:?}"));
        // Where it was over before it was killed, nothing was left to do.
        let over = run.status.code().is_none() || run.said("verdict") == "unchanged";
        let exit = if over { left::verdict(host).map(|(exit, _)| exit) } else { run.status.code() };
        match exit.unwrap_or(-1) {
            20 | 21 => {
                must(
                    after.oldbin.is_none() && (replaced || after.beside.is_empty()),
                    "files are left over".to_owned(),
                );
                if !late {
                    wrong.extend(serves_as_before(scene));
                }
            }
            stuck @ (30 | 31) => {
                must(self.ends_old() || replaced, "stuck, and nobody has ended old".to_owned());
                must(
                    late || (stuck == 30) == after.answering.is_some(),
                    format!("exit {stuck}, {:?} answers", after.answering),
                );
            }
            other => must(false, format!("exit {other}")),
        }
        wrong
    }
}

/// Old serves alone, named, with all its workers, and still does behind one more reload.
fn serves_as_before(Scene { before, after, host, .. }: &Scene) -> Vec<String> {
    let named = after.pid_file.as_deref().map(|text| text.trim().to_owned());
    let master = after.masters.first().map(i32::to_string);
    let latent = after.masters.first().map(|master| lives_on(host, *master, true));
    let must = [
        (after.masters.len() == 1, format!("masters: {:?}", after.masters)),
        (after.accepting == before.accepting, format!("{} workers accept", after.accepting)),
        ((after.strays, after.draining) == (0, 0), "processes are left over".to_owned()),
        (after.answering.as_deref() == Some("1.22.1"), format!("{:?} answers", after.answering)),
        (named == master, format!("the pid file says {named:?}")),
        (after.names == before.names, format!("beside the pid file: {:?}", after.names)),
        (latent == Some(Ok(())), format!("afterwards: {latent:?}")),
    ];
    must.into_iter().filter(|(holds, _)| !holds).map(|(_, what)| what).collect()
}

/// Waits until a run has made so many moves of the way back, or has ended.
fn go_back_by(run: &Running, moves: usize) {
    let made = |lines: &[Line]| {
        lines.iter().filter(|line| line.name() == "move-made" && line.event["way_back"] == true).count()
    };
    holds_within(Duration::from_secs(20), || {
        let lines = run.lines();
        made(&lines) >= moves || lines.last().is_some_and(|line| line.name() == "verdict")
    });
}

/// One thing that a stranger does.
fn stranger(dice: &mut Dice) -> Fault {
    use Signal::{SIGHUP, SIGKILL, SIGQUIT, SIGTERM, SIGUSR1, SIGWINCH};
    let who = dice.of(&[Who::Old, Who::New]);
    match dice.below(12) {
        0 | 1 => Fault::To(Who::Old, dice.of(&[SIGHUP, SIGWINCH, SIGUSR1])),
        2 => Fault::To(Who::Old, dice.of(&[SIGKILL, SIGQUIT, SIGTERM, SIGHUP])),
        3 | 4 => Fault::To(Who::New, dice.of(&[SIGHUP, SIGWINCH, SIGUSR1, SIGKILL, SIGQUIT, SIGTERM])),
        5 => Fault::Workers(who),
        6 => Fault::PidFile(dice.of(&[Change::Removed, Change::Emptied, Change::Replaced])),
        7 => Fault::Says(dice.of(&["reload", "reopen"])),
        8 => Fault::Says(dice.of(&["stop", "quit"])),
        9 => Fault::Pauses(who),
        10 => Fault::Rotates,
        _ => Fault::Replaces,
    }
}

/// Stops old and sends a signal, which waits until old goes on.
fn pause(host: &Host, old: i32, signal: Signal) {
    host.stop(old);
    host.kill_if_there(old, signal);
}

/// Plays so many stories from a first seed on; prints how they went, and gives what is wrong.
pub(crate) fn play(first: u64, count: u64) -> Vec<String> {
    let (mut wrong, mut gaps, mut late, began) = (Vec::new(), Vec::new(), 0, Instant::now());
    for seed in first..first + count {
        let played = Story::of(seed).play();
        if let Some(story) = &played.wrong {
            println!("seed {seed}: WRONG\n{story}");
        }
        wrong.extend(played.wrong);
        gaps.push(played.gap);
        late += usize::from(played.late);
    }
    gaps.sort();
    let median = gaps.get(gaps.len() / 2).copied().unwrap_or_default();
    println!(
        "{count} stories from seed {first} in {:.0?}, {} wrong; in {late} a stranger came after the end; nobody answered for \
         {:.1?} in the median, {:.1?} at the longest",
        began.elapsed(),
        wrong.len(),
        median,
        gaps.last().copied().unwrap_or_default()
    );
    wrong
}
