//! The program on one screen: clap types, one file per subcommand; alone in printing and in knowing exit codes.

mod by_hand;
mod check;
mod completions;
mod confirm;
mod diff;
mod explain;
mod guardian;
mod history;
mod init;
mod inputs;
mod load;
mod man;
mod open_run;
mod outlet;
mod output;
mod preview;
mod printer;
mod recover;
mod rollback;
mod run;
mod schema;
mod screen;
mod seal;
mod state;
mod status;
mod warnings;

use std::{ffi::OsString, path::PathBuf, process::ExitCode};

use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};

use crate::verify;

/// Takes a running nginx over to a new binary, and brings it back by itself if anything is wrong.
#[derive(Debug, Parser)]
#[command(name = "changeover", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write a plan for the nginx that runs here.
    Init(init::Init),
    /// Look at plans without touching any host.
    Check(Check),
    /// Say which guarantees a change of a plan makes weaker or stronger.
    Diff(diff::Diff),
    /// Say what a run would do on this host; nothing is written.
    Preview(Preview),
    /// Do what the plan says, and go back by itself if anything is wrong.
    Run(Run),
    /// Watch the process of a run.
    #[command(hide = true)]
    Guardian(guardian::Guardian),
    /// Say to a run that waits for it that the change is good.
    Confirm(confirm::Confirm),
    /// Go on with a run whose process has ended: back to old, or after the commit to its end.
    Recover(recover::Recover),
    /// Take a committed run back: a changeover to the binary that it has kept.
    Rollback(rollback::Rollback),
    /// Say which generations live, what a run or somebody has left half done, and what each signal would cause.
    Status(Status),
    /// List the runs of before, or show one of them again.
    History(history::History),
    /// Say what a code means, why it matters and what to do; without one, list them all.
    Explain(explain::Explain),
    /// Print the JSON Schema of plans, for editors, or of what a run writes.
    Schema(schema::Schema),
    /// Print what a shell needs to complete commands and options.
    Completions(completions::Completions),
    /// Print the manual page, or write one for each command.
    Man(man::Manual),
}

/// `changeover check PLAN…`
#[derive(Debug, Args)]
struct Check {
    /// The plans; `-` is standard input.
    #[arg(required = true, value_name = "PLAN")]
    plans: Vec<PathBuf>,
    #[command(flatten)]
    inputs: inputs::Given,
    /// A warning that the plan does not accept (`[[verify.accept]]`) is as bad as an error.
    #[arg(long)]
    deny_warnings: bool,
    /// How many faults come together: new's master exits, its workers give up, somebody reloads old or rotates its logs.
    #[arg(long, value_name = "COUNT", default_value_t = verify::FAULTS, value_parser = clap::value_parser!(u8).range(0..=3))]
    faults: u8,
    /// Say of each step what it does, what shows it, how it is taken back, and how long that may take.
    #[arg(long)]
    facts: bool,
    #[command(flatten)]
    output: Output,
}

/// One plan with its inputs.
#[derive(Debug, Args)]
struct OnePlan {
    /// The plan; `-` is standard input.
    plan: PathBuf,
    #[command(flatten)]
    inputs: inputs::Given,
    /// For people, for programs, or for Salt.
    #[arg(long = "output", value_name = "FORMAT", default_value = "human")]
    format: RunFormat,
}

/// `changeover preview PLAN`
#[derive(Debug, Args)]
struct Preview {
    #[command(flatten)]
    plan: OnePlan,
    /// Say of each step what it does, what shows it, how it is taken back, and how long that may take.
    #[arg(long)]
    facts: bool,
    /// Write down what the plan and the host are now, for `run --sealed`.
    #[arg(long, value_name = "FILE")]
    seal: Option<PathBuf>,
}

/// `changeover run PLAN`
#[derive(Debug, Args)]
struct Run {
    #[command(flatten)]
    plan: OnePlan,
    /// Refuse with 14 where the plan or the host is not as `preview --seal` saw it.
    #[arg(long, value_name = "FILE")]
    sealed: Option<PathBuf>,
    #[command(flatten)]
    way: Way,
}

/// How a run is kept, guarded and told.
#[derive(Clone, Debug, Args)]
struct Way {
    /// Where runs keep their files [default: /var/lib/changeover; without root ~/.local/state/changeover]. There
    /// `XDG_STATE_HOME` is obeyed.
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
    /// Start no guardian, which goes on with the run when its process is killed: for whatever kills all that it has started on
    /// purpose. `changeover recover` goes on then.
    #[arg(long)]
    no_guardian: bool,
    /// Print nothing while it goes well: only how it ended, or what went wrong. With JSON only the verdict.
    #[arg(long, short)]
    quiet: bool,
}

/// `changeover status`
#[derive(Debug, Args)]
struct Status {
    /// The pid file of the service.
    #[arg(long, value_name = "PATH", default_value = "/run/nginx.pid")]
    pid_file: PathBuf,
    /// Where runs keep their files [default: /var/lib/changeover; without root ~/.local/state/changeover].
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

/// How output is written.
#[derive(Clone, Copy, Debug, Args)]
struct Output {
    /// For people, or for programs.
    #[arg(long = "output", value_name = "FORMAT", default_value = "human")]
    format: Format,
}

/// The two formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Text.
    Human,
    /// JSON.
    Json,
}

/// The formats of `run` and `preview`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum RunFormat {
    /// Text.
    Human,
    /// JSON: for `run` one event a line; the last line says what changed.
    Json,
    /// One JSON object at the end, as Salt's `cmd.run` reads it with `stateful`.
    Salt,
}

/// Runs the program with these arguments and gives the exit code of `docs/exit-codes.md`.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => return output::usage(&error),
    };
    ExitCode::from(match cli.command {
        Command::Init(init) => init::main(&init),
        Command::Check(check) => check::main(&check),
        Command::Diff(diff) => diff::main(&diff),
        Command::Preview(preview) => preview::main(&preview),
        Command::Run(run) => run::main(&run),
        Command::Guardian(guardian) => guardian::main(&guardian),
        Command::Confirm(confirm) => confirm::main(&confirm),
        Command::Recover(recover) => recover::main(&recover),
        Command::Rollback(rollback) => rollback::main(&rollback),
        Command::Status(status) => status::main(&status),
        Command::History(history) => history::main(&history),
        Command::Explain(explain) => explain::main(&explain),
        Command::Schema(schema) => schema::main(&schema),
        Command::Completions(completions) => completions::main(&completions, Cli::command()),
        Command::Man(manual) => man::main(&manual, Cli::command()),
    })
}
