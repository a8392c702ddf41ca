//! `history`: the runs of before, a line each; or one of them, as `run` showed it.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::{Format, Output, output, state};
use crate::{
    engine::{Damaged, PastRun, units},
    host::files::{Symlinks, read_bounded},
    journal,
    nginx::printable,
    plan::{self, Inputs, LARGEST, Values},
    report::{self, Human, PlanView, Style, json_line},
};

/// Exit code 12: the state directory cannot be read.
const REFUSED: u8 = 12;

/// `changeover history [RUN]`
#[derive(Debug, Args)]
pub(super) struct History {
    /// One run: its steps, its moves, and how it ended, as `run` showed them.
    run: Option<String>,
    /// Only runs of the nginx with this pid file.
    #[arg(long, value_name = "PATH")]
    pid_file: Option<PathBuf>,
    /// Where runs keep their files [default: /var/lib/changeover; without root ~/.local/state/changeover].
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

/// Tells what was run here.
pub(super) fn main(history: &History) -> u8 {
    let Some(state) = state::directory(history.state_dir.as_deref()) else {
        output::talk(state::HOMELESS);
        return output::USAGE;
    };
    let instances = match &history.pid_file {
        Some(pid_file) => Ok(vec![journal::instance_directory(&state, pid_file)]),
        None => journal::instances(&state),
    };
    let instances = match instances {
        Ok(instances) => instances,
        Err(error) => {
            output::talk(&format!("{} cannot be read: {error}", state.display()));
            return REFUSED;
        }
    };
    match &history.run {
        Some(run) => one(history.output.format, &state, &instances, run),
        None => all(history.output.format, &state, &instances),
    }
}

fn all(format: Format, state: &Path, instances: &[PathBuf]) -> u8 {
    let past = journal::past_runs(instances);
    if past.runs.is_empty() {
        output::talk(&format!("there is no run below {}", state.display()));
    }
    if past.earlier > 0 {
        output::talk(&format!("{} before these", units::count(past.earlier, "run")));
    }
    match format {
        Format::Human => {
            let style = output::style();
            // What is piped is read by `grep` and `less`, which cut nothing.
            let width = if output::is_terminal() { style.width } else { usize::MAX };
            for line in report::history(Style { width, ..style }, &past.runs) {
                output::data(&line);
            }
        }
        Format::Json => past.runs.iter().for_each(|run| output::json(&json!(run))),
    }
    0
}

fn one(format: Format, state: &Path, instances: &[PathBuf], run: &str) -> u8 {
    let Some(instance) = instances.iter().find(|instance| journal::runs(instance).contains(run)) else {
        let run = printable(run, 100);
        output::talk(&format!("there is no run {run} below {}", state.display()));
        return output::USAGE;
    };
    let (directory, past) = (instance.join(run), journal::past_run(instance, run));
    let read = match format {
        Format::Json => journal::each_record(&directory, |record| output::data(&json_line(record))),
        Format::Human => {
            let style = Style { live: false, ..output::style() };
            for line in report::past_run(style, &past) {
                output::data(&line);
            }
            let mut human = Human::new(style, view(&directory, &past), false);
            journal::each_record(&directory, |record| {
                human.event(record).iter().for_each(|line| output::data(line));
            })
        }
    };
    match read {
        Ok(0) => {}
        Ok(unreadable) => output::talk(&format!("{} cannot be read", units::count(unreadable, "line"))),
        Err(error) => output::talk(&format!("{}: {error}", error.code())),
    }
    if let Some(Damaged { code, message }) = &past.damage {
        output::talk(&format!("{code}: {message}"));
    } else if past.verdict.is_none() {
        output::talk("it has no verdict yet; `changeover status` says where it is");
    }
    0
}

/// The plan that it carried out, as far as its text can be read: a failure is shown at its place.
fn view(directory: &Path, past: &PastRun) -> PlanView {
    let Ok(text) = read_bounded(&directory.join(journal::PLAN), LARGEST, Symlinks::Refuse) else {
        return PlanView::default();
    };
    let file = past.file.as_deref().unwrap_or(journal::PLAN);
    plan::load(file, &text.bytes, Values::default(), Inputs::Open)
        .map(|loaded| PlanView::of(&loaded.document, loaded.plan.steps.len()))
        .unwrap_or_default()
}
