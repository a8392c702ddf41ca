//! `rollback`: takes a committed run back, by a changeover to the binary that it has kept: a run like any other.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{
    RunFormat, Way, inputs,
    load::load_text,
    output,
    recover::{REFUSED, not_gone_on, refused},
    run::{Order, carry_out},
    state,
};
use crate::{
    journal::{self, Begun},
    nginx::printable,
    run::{Resumable, Rollback as TakenBack, newest},
};

/// `changeover rollback`
#[derive(Debug, Args)]
pub(super) struct Rollback {
    /// The run that is taken back [default: the newest that has committed].
    #[arg(value_name = "RUN")]
    run: Option<String>,
    /// The pid file of the service, where runs of several are kept.
    #[arg(long, value_name = "PATH")]
    pid_file: Option<PathBuf>,
    #[command(flatten)]
    inputs: inputs::Given,
    /// For people, for programs, or for Salt.
    #[arg(long = "output", value_name = "FORMAT", default_value = "human")]
    format: RunFormat,
    #[command(flatten)]
    way: Way,
}

/// Takes the run back; the exit code tells the state of the machine.
pub(super) fn main(rollback: &Rollback) -> u8 {
    let Some(state) = state::directory(rollback.way.state_dir.as_deref()) else {
        return usage(rollback, state::HOMELESS);
    };
    let (instance, run) = match find(&state, rollback) {
        Ok(found) => found,
        Err(exit) => return exit,
    };
    let resumable = match Resumable::read(&instance, &run, &inputs::variable) {
        Ok(resumable) => resumable,
        Err(error) => return not_gone_on(rollback.format, Some(&run), &error),
    };
    match order(rollback, resumable, state) {
        Ok(order) => carry_out(order, &rollback.way),
        Err(exit) => exit,
    }
}

/// The changeover that takes it back; where there is none, the run's own plan, which is refused with the reason.
fn order(rollback: &Rollback, resumable: Resumable, state: PathBuf) -> Result<Order, u8> {
    let format = rollback.format;
    let (file, loaded, warnings, taken_back) =
        match TakenBack::of(&resumable.replay, &resumable.loaded.document) {
            Ok((taken_back, plan)) => {
                let given = rollback.inputs.read(&[]).map_err(|text| usage(rollback, &text))?;
                let (name, values) = (taken_back.title(), given.over(&plan.values));
                let (loaded, verified) = load_text(&name, &plan.text, values, format)?;
                // The run that is taken back has told people of them: it was the same plan.
                let warnings = verified.warnings().map(|finding| finding.report(&loaded.document)).collect();
                (name, loaded, warnings, Ok(taken_back))
            }
            Err(none) => (resumable.replay.begun.file.clone(), resumable.loaded, Vec::new(), Err(none)),
        };
    Ok(Order { file, loaded, warnings, state, sealed: None, rollback: Some(taken_back), format })
}

/// Tells what is wrong with the arguments, and gives the exit code.
fn usage(rollback: &Rollback, text: &str) -> u8 {
    refused(rollback.format, output::USAGE, rollback.run.as_deref(), None, text)
}

/// The instance and its run; where there is none, or more than one, that is told, and the exit code is given.
fn find(state: &Path, rollback: &Rollback) -> Result<(PathBuf, String), u8> {
    let below = shown(&state.display().to_string());
    let instances = match &rollback.pid_file {
        Some(pid_file) => vec![journal::instance_directory(state, pid_file)],
        None => journal::instances(state).map_err(|error| {
            let text = format!("{below} cannot be read: {error}");
            refused(rollback.format, REFUSED, rollback.run.as_deref(), None, &text)
        })?,
    };
    if let Some(run) = &rollback.run {
        return named(rollback, &instances, run, &below);
    }
    let mut found = Vec::new();
    for instance in instances {
        let replay =
            newest(&instance).map_err(|damage| not_gone_on(rollback.format, None, &damage.into()))?;
        found.extend(replay.map(|replay| (instance, replay.begun)));
    }
    match found.as_slice() {
        [(instance, begun)] => Ok((instance.clone(), begun.run.clone())),
        [] => Err(usage(rollback, &format!("no run below {below} has committed"))),
        several => {
            let pid_file = |(_, begun): &(PathBuf, Begun)| shown(&begun.ready.pid_file.display().to_string());
            let all: Vec<String> = several.iter().map(pid_file).collect();
            let text = format!("several services have runs: name one with --pid-file: {}", all.join(", "));
            Err(usage(rollback, &text))
        }
    }
}

/// The instance of a run that is named.
fn named(
    rollback: &Rollback,
    instances: &[PathBuf],
    run: &str,
    below: &str,
) -> Result<(PathBuf, String), u8> {
    let Some(instance) = instances.iter().find(|instance| journal::runs(instance).contains(run)) else {
        return Err(usage(rollback, &format!("there is no run {} below {below}", shown(run))));
    };
    if !instance.join(run).join(journal::NAME).exists() {
        // What was refused has a directory, and no journal.
        let text = format!("the run {run} has not committed: it has no journal");
        return Err(refused(rollback.format, REFUSED, Some(run), Some("run/not-committed"), &text));
    }
    Ok((instance.clone(), run.to_owned()))
}

/// The text as a terminal may show it.
fn shown(text: &str) -> String {
    printable(text, usize::MAX)
}
