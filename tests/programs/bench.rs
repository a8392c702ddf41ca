//! How long a changeover takes, next to the floor: the same host, in pairs, in turn.
//!
//! `bench [PAIRS]` prints the medians phase by phase, and the two ratios that the project promises. Times from the
//! start are each program's own; the time from USR2 is watched from outside, the same way for both.
#![expect(clippy::print_stdout, clippy::panic, clippy::expect_used, reason = "a measuring program")]
#![expect(clippy::disallowed_methods, reason = "it reads the clock and its arguments, and writes files")]

#[expect(dead_code, reason = "the tests use all of it")]
#[path = "../support/mod.rs"]
mod support;

use std::os::fd::{AsFd as _, OwnedFd};
use std::process::Stdio;
use std::thread::JoinHandle;
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::inotify;
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use serde_json::Value;
use support::host::{BINARY, Host, Offer, PID_FILE};
use support::sandbox::Sandbox;

const PAIRS: usize = 15;
const OLD: &str = "1.22.1";
const NEW: &str = "1.26.3";
/// Waits for nothing but what has to be; probes five times, as the floor does.
const PLAN: &str = "plans/nginx.toml";

/// One changeover: milliseconds since the start of the program at each phase, and two times from outside.
struct Measured {
    phases: Vec<(String, f64)>,
    start_to_gone: f64,
    usr2_to_gone: f64,
}

fn main() {
    let pairs = std::env::args().nth(1).map_or(PAIRS, |text| text.parse().expect("a number of pairs"));
    let (mut floor, mut run) = (Vec::new(), Vec::new());
    for pair in 0..pairs {
        // Each goes first in half of the pairs.
        if pair % 2 == 0 {
            floor.push(measure(floor_once));
            run.push(measure(changeover_once));
        } else {
            run.push(measure(changeover_once));
            floor.push(measure(floor_once));
        }
    }
    println!(
        "{OLD} → {NEW}, 2 workers, idle, {pairs} pairs, medians in ms since the start of each program\n"
    );
    print_phases("floor", &floor);
    print_phases("changeover run", &run);
    println!(
        "seen from outside, ms            floor   changeover   ratio of medians (least to most of the pairs)"
    );
    print_ratio("start → old master gone", &floor, &run, |measured| measured.start_to_gone, 3.0);
    print_ratio("USR2  → old master gone", &floor, &run, |measured| measured.usr2_to_gone, 2.0);
}

/// A fresh host, one changeover on it.
fn measure(change_over: fn(&Host, &Offer) -> Vec<(String, f64)>) -> Measured {
    let host = Host::new().running(OLD);
    let offer = host.offer(NEW);
    let watcher = watch(&host);
    let start = Instant::now();
    let phases = change_over(&host, &offer);
    let (usr2, gone) = watcher.join().expect("the watcher");
    assert_eq!(host.answering().as_deref(), Some(NEW), "the changeover did not happen");
    let ms = |from: Instant| (gone - from).as_secs_f64() * 1000.0;
    Measured { phases, start_to_gone: ms(start), usr2_to_gone: ms(usr2) }
}

/// Watches from outside: when old's master obeyed USR2 (it renames its pid file first), and when it was gone.
fn watch(host: &Host) -> JoinHandle<(Instant, Instant)> {
    let master = host.sandbox.outer_pid(host.master().expect("a master")).expect("its number outside");
    let master = pidfd_open(Pid::from_raw(master).expect("a pid"), PidfdFlags::empty()).expect("a pidfd");
    let renames = inotify::init(inotify::CreateFlags::CLOEXEC).expect("inotify");
    let pid_file = host.path(PID_FILE);
    let directory = pid_file.parent().expect("a directory");
    inotify::add_watch(&renames, directory, inotify::WatchFlags::MOVED_FROM).expect("watch the pid file");
    let readable = |fd: &OwnedFd| {
        poll(&mut [PollFd::from_borrowed_fd(fd.as_fd(), PollFlags::IN)], None).expect("poll");
        Instant::now()
    };
    std::thread::spawn(move || (readable(&renames), readable(&master)))
}

fn floor_once(host: &Host, offer: &Offer) -> Vec<(String, f64)> {
    let exe = std::env::current_exe().expect("own path").with_file_name("floor");
    let mut command = Sandbox::command(exe);
    command.args([offer.source.as_os_str(), offer.sha256.as_ref(), BINARY.as_ref(), PID_FILE.as_ref()]);
    let child = host.sandbox.spawn(command.arg(host.address().to_string()).stdout(Stdio::piped()));
    let output = child.wait_with_output().expect("the floor's output");
    let phases: Value = serde_json::from_slice(&output.stdout).expect("the floor's phases");
    let mut phases: Vec<(String, f64)> = phases
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, micros)| (name.clone(), micros.as_f64().unwrap_or_default() / 1000.0))
        .collect();
    phases.sort_by(|one, other| one.1.total_cmp(&other.1));
    phases
}

/// The phases are the events, each named by what tells it from the others, at its first time.
fn changeover_once(host: &Host, offer: &Offer) -> Vec<(String, f64)> {
    let run = host.changeover(&["run", PLAN], offer);
    assert_eq!(run.exit(), 0, "{run}");
    let mut phases: Vec<(String, f64)> = Vec::new();
    for line in &run.lines {
        let text = |key: &str| line.event[key].as_str().map(|text| format!(" {text}")).unwrap_or_default();
        let step = line.event["step"].as_u64().map(|step| format!(" {step}")).unwrap_or_default();
        let name = format!("{}{step}{}{}{}", line.name(), text("action"), text("move"), text("signal"));
        if let Some(ms) = line.event["ms"].as_f64()
            && phases.iter().all(|(known, _)| *known != name)
        {
            phases.push((name, ms));
        }
    }
    phases
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn print_phases(title: &str, all: &[Measured]) {
    println!("{title:<40} at       took");
    let mut before = 0.0;
    for (name, _) in &all[0].phases {
        let find =
            |measured: &Measured| measured.phases.iter().find(|(other, _)| other == name).map(|(_, ms)| *ms);
        let at = median(all.iter().filter_map(find).collect());
        println!("  {name:<34} {at:>8.2}   {:>8.2}", at - before);
        before = at;
    }
    println!();
}

fn print_ratio(title: &str, floor: &[Measured], run: &[Measured], of: fn(&Measured) -> f64, promised: f64) {
    let medians = [floor, run].map(|all| median(all.iter().map(of).collect()));
    let mut ratios: Vec<f64> = floor.iter().zip(run).map(|(floor, run)| of(run) / of(floor)).collect();
    ratios.sort_by(f64::total_cmp);
    let (least, most) = (ratios[0], ratios[ratios.len() - 1]);
    let [floor, run] = medians;
    let ratio = run / floor;
    let word = if ratio <= promised { "holds" } else { "DOES NOT HOLD" };
    println!(
        "  {title:<26} {floor:>9.2}  {run:>9.2}   {ratio:.2} ({least:.2} to {most:.2}), at most {promised}: {word}"
    );
}
