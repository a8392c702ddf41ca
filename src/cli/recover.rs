//! `recover`: goes on with runs whose process has ended, one after the other; one that is damaged holds no other up.

use std::{
    io,
    path::{Path, PathBuf},
    rc::Rc,
};

use clap::Args;
use serde_json::json;

use super::{RunFormat, inputs, outlet::Outlet, output, run, state};
use crate::{
    engine::{By, Ending, RefusedRun},
    journal,
    report::{one_line, salt_line},
    run::{Resumable, ResumeError, Run},
};

/// Exit code 12: nothing could be looked at.
pub(super) const REFUSED: u8 = 12;

/// `changeover recover`
#[derive(Debug, Args)]
pub(super) struct Recover {
    /// This run, also one that was stopped on purpose or is stuck; else every run that is open.
    #[arg(long, value_name = "ID")]
    run: Option<String>,
    /// Only runs that a restart of the host has ended: no process is looked at or signalled.
    #[arg(long)]
    after_boot: bool,
    /// Where runs keep their files [default: /var/lib/changeover; without root ~/.local/state/changeover].
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
    /// For people, for programs, or for Salt.
    #[arg(long = "output", value_name = "FORMAT", default_value = "human")]
    format: RunFormat,
    /// Print nothing while it goes well.
    #[arg(long, short)]
    quiet: bool,
}

/// A run that may have to be gone on with.
struct Found {
    instance: PathBuf,
    run: String,
}

/// Goes on with them; the highest of their exit codes.
pub(super) fn main(recover: &Recover) -> u8 {
    let refused = |exit, text: String| refused(recover.format, exit, recover.run.as_deref(), None, &text);
    let Some(state) = state::directory(recover.state_dir.as_deref()) else {
        return refused(output::USAGE, state::HOMELESS.to_owned());
    };
    let found = match find(&state, recover.run.as_deref()) {
        Ok(found) => found,
        Err(error) => return refused(REFUSED, format!("{} cannot be read: {error}", state.display())),
    };
    match (&recover.run, found.is_empty()) {
        (Some(run), true) => {
            return refused(output::USAGE, format!("there is no run {run} below {}", state.display()));
        }
        (None, true) if !recover.quiet => nothing(recover.format, "no run is open"),
        _ => {}
    }
    found.iter().map(|found| one(recover, found)).max().unwrap_or_default()
}

/// The named run, or the open one of each instance.
fn find(state: &Path, run: Option<&str>) -> io::Result<Vec<Found>> {
    let named = |instance: &Path| match run {
        Some(run) => journal::runs(instance).take(run),
        None => journal::open_run(instance),
    };
    let instances = journal::instances(state)?;
    let found = instances.into_iter().filter_map(|instance| Some(Found { run: named(&instance)?, instance }));
    Ok(found.collect())
}

fn one(recover: &Recover, found: &Found) -> u8 {
    let resumable = match Resumable::read(&found.instance, &found.run, &inputs::variable) {
        Ok(resumable) => resumable,
        // It was refused before it began, or its journal was taken away: the mark of an open run is made after it.
        Err(ResumeError::Damaged(damage)) if damage.is_missing() => {
            nothing(
                recover.format,
                &format!("run {} has no journal: nothing of it can be gone on with", found.run),
            );
            return 0;
        }
        Err(error) => return not_gone_on(recover.format, Some(&found.run), &error),
    };
    if recover.after_boot && !resumable.is_of_another_boot() {
        return 0;
    }
    if resumable.has_ended() {
        nothing(recover.format, &format!("run {} has ended", found.run));
        return 0;
    }
    match run::runtime() {
        Ok(runtime) => tokio::task::LocalSet::new().block_on(&runtime, execute(recover, found, resumable)),
        Err(exit) => exit,
    }
}

async fn execute(recover: &Recover, found: &Found, resumable: Resumable) -> u8 {
    let outlet = match Outlet::of(io::stdout()) {
        Ok(outlet) => Rc::new(outlet),
        Err(error) => return run::cannot_start(&error),
    };
    let (teller, _ticker) = run::teller(recover.format, recover.quiet, &resumable.loaded, &outlet);
    let gone_on = if resumable.is_of_another_boot() {
        resumable.after_restart(teller)
    } else {
        match resumable.resume(By::Recover, true, teller) {
            Ok((mut live, given, left)) => Ok(Run::go_on(&mut *live, given, left).await.exit),
            Err(error) => Err(error),
        }
    };
    let exit = gone_on.unwrap_or_else(|error| not_gone_on(recover.format, Some(&found.run), &error));
    outlet.wait(run::LAST_LINES);
    exit
}

/// Tells why nothing is done with a run, and gives the exit code.
pub(super) fn not_gone_on(format: RunFormat, run: Option<&str>, error: &ResumeError) -> u8 {
    refused(format, error.exit(), run, Some(error.code()), &error.to_string())
}

/// Nothing was done; gives the exit code.
pub(super) fn refused(format: RunFormat, exit: u8, run: Option<&str>, code: Option<&str>, text: &str) -> u8 {
    let line = one_line(&[text.to_owned()]);
    match format {
        RunFormat::Human => output::talk(&code.map_or(text.to_owned(), |code| format!("{code}: {text}"))),
        RunFormat::Salt => output::data(&salt_line(false, &line, None)),
        RunFormat::Json => {
            let (verdict, run, code) = (Ending::Refused, run.map(str::to_owned), code.map(str::to_owned));
            let changed = verdict.changes();
            output::json(&json!(RefusedRun { verdict, exit, changed, run, code, message: line }));
        }
    }
    exit
}

/// Nothing was to do.
fn nothing(format: RunFormat, text: &str) {
    match format {
        RunFormat::Human => output::talk(text),
        RunFormat::Salt => output::data(&salt_line(false, text, None)),
        RunFormat::Json => output::json(&json!({
            "verdict": Ending::Unchanged, "exit": 0, "changed": false, "message": text,
        })),
    }
}
