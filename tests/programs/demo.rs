//! `make demo`: the main job on a real nginx under load, then a build that answers 500 and the way back from it.
#![expect(
    clippy::print_stdout,
    clippy::panic,
    clippy::expect_used,
    reason = "a program that shows something"
)]
#![expect(clippy::disallowed_methods, reason = "it reads the clock and the environment, and writes files")]

#[expect(dead_code, reason = "the tests use all of it")]
#[path = "../support/mod.rs"]
mod support;

use std::process::ExitCode;

use support::host::Host;
use support::load::Load;
use support::sandbox::{Sandbox, free_port};
use support::served::Served;

const OLD: &str = "1.22.1";
const NEW: &str = "1.26.3";
const SICK: &str = "faulty/answers-500";
const PLAN: &str = "plans/nginx.toml";

/// One changeover that was shown: how it ended, and what it did to the clients.
struct Shown {
    exit: i32,
    answering: String,
    on_disk: String,
    served: Served,
}

fn main() -> ExitCode {
    let host = host().running(OLD);
    println!("nginx {OLD} serves with 2 workers; 8 clients ask it, each request on a connection of its own");
    let forward = show(&host, NEW);
    println!("\na build of {NEW} that answers 500 is offered");
    let back = show(&host, SICK);

    println!("\n  {:<20}{:>12}{:>12}", "", "good build", "sick build");
    let row = |title: &str, of: fn(&Shown) -> String| {
        println!("  {title:<20}{:>12}{:>12}", of(&forward), of(&back));
    };
    row("exit code", |shown| shown.exit.to_string());
    row("nginx answers as", |shown| shown.answering.clone());
    row("file at the path", |shown| shown.on_disk.clone());
    row("requests sent", |shown| shown.served.sent().to_string());
    row("requests lost", |shown| lost(shown).to_string());
    row("answered 500", |shown| shown.served.with_status(500).to_string());
    let kept = |shown: &Shown, exit| shown.exit == exit && shown.answering == NEW && shown.on_disk == NEW;
    if lost(&back) > 0 {
        println!("\n  lost: what the sick build had in hand when it was told to leave at once");
    }
    if kept(&forward, 0) && kept(&back, 20) && forward.served.harmed() == 0 {
        return ExitCode::SUCCESS;
    }
    println!(
        "\nthis is not what should have happened: both end on {NEW}, with exit codes 0 and 20, the first unnoticed"
    );
    ExitCode::FAILURE
}

fn lost(shown: &Shown) -> usize {
    shown.served.lost() + shown.served.refused()
}

/// A host in a sandbox, or in a directory where there can be none.
fn host() -> Host {
    if let Some(sandbox) = Sandbox::namespaces() {
        return Host::on(sandbox);
    }
    println!("no namespaces here: using a private directory and a free port");
    Host::on(Sandbox::prefix()).with(|config| config.port = free_port())
}

/// Offers a build under load and lets the run speak for itself.
fn show(host: &Host, build: &str) -> Shown {
    let offer = host.offer(build);
    let load = host.start_load(&Load::close());
    println!("$ changeover run {PLAN} {}\n", host.sets(&offer).join(" "));
    let mut command = host.changeover_command(&["run", PLAN], &offer);
    if let Ok(terminal) = std::env::var("TERM") {
        command.env("TERM", terminal);
    }
    let status = host.sandbox.spawn(&mut command).wait().expect("the run's status");
    let (answering, on_disk) = (host.answering().unwrap_or_else(|| "nobody".into()), host.binary_on_disk());
    Shown { exit: status.code().unwrap_or(-1), answering, on_disk, served: load.stop() }
}
