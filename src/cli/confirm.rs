//! `confirm`: says to a run that waits for it that the change is good, and waits until the run has heard it.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use serde_json::json;

use super::{Format, Output, output, run, state};
use crate::{
    host::{files::sha256, notify::Notify, timer},
    journal::{self, Confirmation},
};

/// Exit code 12: no run has heard it.
const REFUSED: u8 = 12;
/// How long a run may take to hear it: it looks every 20 ms, unless it is stopped.
const HEARS: Duration = Duration::from_secs(10);

/// How long a change of the journal is waited for between two looks.
const LOOK: Duration = Duration::from_millis(20);
/// How long a run that has taken it may take to record it.
const RECORDS: Duration = Duration::from_secs(1);

/// `changeover confirm`
#[derive(Debug, Args)]
pub(super) struct Confirm {
    /// This run; else the only one that waits.
    #[arg(long, value_name = "ID")]
    run: Option<String>,
    /// The plan's token, where it has one.
    #[arg(long, value_name = "TOKEN")]
    token: Option<String>,
    /// Where runs keep their files [default: /var/lib/changeover; without root ~/.local/state/changeover].
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

/// A run that waits to be confirmed.
struct Waiting {
    directory: PathBuf,
    run: String,
    step: usize,
}

/// Says it; 0 once the run has heard it.
pub(super) fn main(confirm: &Confirm) -> u8 {
    let Some(state) = state::directory(confirm.state_dir.as_deref()) else {
        output::talk(state::HOMELESS);
        return output::USAGE;
    };
    let mut waiting = find(&state, confirm.run.as_deref());
    let (Some(one), true) = (waiting.pop(), waiting.is_empty()) else {
        let runs: Vec<String> = waiting.into_iter().map(|waiting| waiting.run).collect();
        return match runs.as_slice() {
            [] => told(confirm, REFUSED, "run/not-waiting", "no run waits to be confirmed"),
            _ => told(confirm, output::USAGE, "run/which", "several runs wait: name one with --run"),
        };
    };
    let said = Confirmation { token: confirm.token.as_ref().map(|token| sha256(token.as_bytes())) };
    if let Err(error) = said.lay(&one.directory) {
        return told(
            confirm,
            REFUSED,
            "run/not-heard",
            &format!("it cannot be said to run {}: {error}", one.run),
        );
    }
    match run::runtime() {
        Ok(runtime) => runtime.block_on(heard(confirm, &one)),
        Err(exit) => exit,
    }
}

/// The runs that wait, or the named one of them.
fn find(state: &Path, named: Option<&str>) -> Vec<Waiting> {
    let instances = journal::instances(state).unwrap_or_default();
    let open = instances.into_iter().filter_map(|instance| {
        let run = journal::open_run(&instance).filter(|run| named.is_none_or(|named| named == run))?;
        let directory = instance.join(&run);
        let replay = journal::read(&directory, &run).ok()?;
        replay.waits_to_be_confirmed().then_some(Waiting { directory, run, step: replay.step })
    });
    open.collect()
}

/// Waits until the run has taken it, and says what came of it.
async fn heard(confirm: &Confirm, one: &Waiting) -> u8 {
    let run = &one.run;
    let taken = async {
        let mut notify = Notify::new()?;
        notify.watch(&one.directory, journal::CONFIRM.as_ref())?;
        while Confirmation::waits(&one.directory) {
            notify.changed().await?;
        }
        Ok::<(), crate::host::notify::NotifyError>(())
    };
    if timer::within(HEARS, taken).await.is_none() {
        let text = format!("run {run} does not hear it: is its process stopped?");
        return told(confirm, REFUSED, "run/not-heard", &text);
    }
    // Who has taken it records what it makes of it at once.
    let heard = || journal::read(&one.directory, run).is_ok_and(|replay| replay.confirmed >= one.step);
    let mut notify = match Notify::new().and_then(|mut notify| {
        notify.watch(&one.directory, journal::NAME.as_ref())?;
        Ok(notify)
    }) {
        Ok(notify) => notify,
        Err(error) => return told(confirm, REFUSED, error.code(), &error.to_string()),
    };
    let recorded = async {
        while !heard() {
            // It may have been written between the two.
            let _ = timer::within(LOOK, notify.changed()).await;
        }
    };
    match timer::within(RECORDS, recorded).await {
        Some(()) => told(confirm, 0, "", &format!("run {run} is confirmed")),
        None => {
            told(confirm, REFUSED, "run/wrong-token", &format!("run {run} wants another token, or has ended"))
        }
    }
}

fn told(confirm: &Confirm, exit: u8, code: &str, text: &str) -> u8 {
    match confirm.output.format {
        Format::Human if exit == 0 => output::data(text),
        Format::Human => output::talk(text),
        Format::Json => {
            output::json(&json!({ "exit": exit, "code": (exit != 0).then_some(code), "message": text }));
        }
    }
    exit
}
