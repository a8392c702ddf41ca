//! `init`: a plan for the nginx that runs here.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::{Format, Output, inputs, output, run};
use crate::{
    host::files::create_new,
    nginx::printable,
    preflight::{Held, Survey, SurveyError, survey},
    report::Starter,
};

/// Exit code 12: there is no nginx to write a plan for, or more than one.
const NOT_FOUND: u8 = 12;

/// `changeover init`
#[derive(Debug, Args)]
pub(super) struct Init {
    /// The pid file of the service; without it the only nginx that runs here is taken.
    #[arg(long, value_name = "PATH")]
    pid_file: Option<PathBuf>,
    /// Write the plan into this file, which must not exist, instead of printing it.
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

/// Looks at the nginx that runs, and writes a plan for it.
pub(super) fn main(asked: &Init) -> u8 {
    let human = asked.output.format == Format::Human;
    let survey = match run::runtime() {
        Ok(runtime) => runtime.block_on(survey(asked.pid_file.as_deref())),
        Err(exit) => return exit,
    };
    let survey = match survey {
        Ok(survey) => survey,
        Err(error) => {
            not_found(&error, human);
            return NOT_FOUND;
        }
    };
    let Some(starter) = starter(&survey) else {
        output::talk(&format!("{} is not UTF-8, as a plan is", inputs::name(&survey.pid_file)));
        return NOT_FOUND;
    };
    match &asked.write {
        Some(file) => write(file, &starter.text()),
        None if human => {
            output::data(starter.text().trim_end());
            0
        }
        None => {
            output::json(&json(&starter));
            0
        }
    }
}

/// What the plan says; `None` where a plan cannot say it.
fn starter(survey: &Survey) -> Option<Starter> {
    let master = &survey.master;
    let arguments = master.arguments.as_ref().map(|arguments| {
        let each = arguments.options().map(|(option, value)| format!("-{option} {value}"));
        each.collect::<Vec<_>>().join(" ")
    });
    Some(Starter {
        pid_file: survey.pid_file.to_str()?.to_owned(),
        master: master.id.pid,
        workers: master.workers.len(),
        version: survey.build.as_ref().map(ToString::to_string).ok(),
        binary: survey.binary.display().to_string(),
        arguments: arguments.unwrap_or_else(ToString::to_string),
        listeners: master.held.iter().map(listener).collect(),
        probe: survey.probe.clone(),
        asked: survey.asked.clone(),
    })
}

/// `0.0.0.0:80`, and how many sockets where there are several.
fn listener(held: &Held) -> String {
    if held.count > 1 { format!("{} ({} sockets)", held.socket, held.count) } else { held.socket.to_string() }
}

fn not_found(error: &SurveyError, human: bool) {
    let masters = match error {
        SurveyError::Several(masters) => masters.as_slice(),
        _ => &[],
    };
    let todo = match error {
        SurveyError::Several(_) | SurveyError::NotNamed { .. } => "say which with `--pid-file`",
        SurveyError::NoMaster => "start nginx, or run this where it runs",
        SurveyError::PidFile(_) => "",
    };
    if !human {
        let masters = masters.iter().map(|master| json!({ "pid": master.pid, "title": master.title }));
        let told = json!({
            "code": error.code(),
            "message": error.to_string(),
            "masters": masters.collect::<Vec<_>>(),
            "exit": NOT_FOUND,
        });
        output::json(&told);
        return;
    }
    output::talk(&format!("{}: {}", error.code(), printable(&error.to_string(), 2_000)));
    for master in masters {
        output::talk(&format!("  {:7}  {}", master.pid, master.title));
    }
    if !todo.is_empty() {
        output::talk(&format!("  next  {todo}"));
    }
}

/// An existing file is never replaced: it may be the plan that somebody has worked on.
fn write(file: &Path, text: &str) -> u8 {
    match create_new(file, text.as_bytes()) {
        Ok(()) => {
            output::talk(&format!("{}: written", inputs::name(file)));
            0
        }
        Err(error) => {
            output::talk(&format!("{}: not written: {error}", inputs::name(file)));
            output::USAGE
        }
    }
}

fn json(starter: &Starter) -> serde_json::Value {
    json!({
        "plan": starter.text(),
        "pid_file": starter.pid_file,
        "master": starter.master,
        "version": starter.version,
        "binary": starter.binary,
        "listeners": starter.listeners,
        "probe": starter.probe,
        "asked": starter.asked,
    })
}
