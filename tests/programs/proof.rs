//! How long a plan takes to be proven: beside the start of the program, and 500 plans in one call.
//!
//! `proof` prints medians, and the bounds that the project promises for a release build.
#![expect(clippy::print_stdout, clippy::expect_used, reason = "a measuring program")]
#![expect(clippy::disallowed_methods, reason = "it reads the clock, and writes files")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};

const TIMES: usize = 31;
const PLANS: usize = 500;
const PLAN: &str = "plans/nginx.toml";

fn main() {
    let program = std::env::current_exe().expect("own path");
    let program = program.ancestors().skip(2).map(|at| at.join("changeover")).find(|at| at.is_file());
    let program = program.expect("the `changeover` binary beside this one: cargo build");
    let (start, check) = (median(&program, &["--version"]), median(&program, &["check", PLAN]));
    let proven = check.saturating_sub(start);
    println!(
        "start {:.1} ms, with the standard plan proven {:.1} ms more (bound: 20 ms)",
        ms(start),
        ms(proven)
    );
    let plans = copies();
    let began = Instant::now();
    let arguments = std::iter::once("check".into()).chain(plans.iter().map(PathBuf::from));
    let status = Command::new(program).args(arguments).stderr(Stdio::null()).status().expect("a check");
    let took = began.elapsed();
    assert!(status.success(), "{status}");
    let most = getrusage(UsageWho::RUSAGE_CHILDREN).expect("the usage of children").max_rss();
    println!(
        "{PLANS} plans in one call: {:.2} s (bound: 10 s), {} MB at most (bound: 200 MB)",
        took.as_secs_f64(),
        most / 1024
    );
    for plan in plans {
        let _ = std::fs::remove_file(plan);
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

fn median(program: &Path, arguments: &[&str]) -> Duration {
    let once = || {
        let began = Instant::now();
        let mut command = Command::new(program);
        let status = command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
        assert!(status.expect("a run of the program").success());
        began.elapsed()
    };
    let mut all: Vec<Duration> = (0..TIMES).map(|_| once()).collect();
    all.sort();
    all[TIMES / 2]
}

/// So many plans, each different.
fn copies() -> Vec<PathBuf> {
    let text = std::fs::read_to_string(PLAN).expect("the plan");
    let directory = std::env::temp_dir();
    let write = |number: usize| {
        let path = directory.join(format!("changeover-proof-{}-{number}.toml", std::process::id()));
        let changed = text.replace("pass-after = 5", &format!("pass-after = {}", number + 1));
        std::fs::write(&path, changed).expect("write a plan");
        path
    };
    (0..PLANS).map(write).collect()
}
