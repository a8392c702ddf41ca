//! `status`: which generations live, who accepts, and what the binary path holds; reads only.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::{Value, json};

use super::{Format, Status, open_run, output};
use crate::{
    host::{
        directory::Directory,
        files::{self, Symlinks},
        network,
        place::Place,
    },
    observe::{self, FindError, Found, Instance, Observer, Side},
    protocol::{Baseline, Generation, GenerationState, Limits, OldFile, Situation},
    report::{self, Beside, BesideIs, Names},
};

/// Exit code 12: there is no nginx to speak of.
const NOT_FOUND: u8 = 12;

/// Tells what is there.
pub(super) fn main(status: &Status) -> u8 {
    let open = open_run::find(status.state_dir.as_deref(), &status.pid_file);
    let found = match observe::find(&status.pid_file) {
        Ok(found) => found,
        Err(error) => return not_found(status, &error, open.as_ref()),
    };
    let binary = found.old.executes().unwrap_or_default().display().to_string();
    if let Err(error) = network::enter(found.old.id.pid) {
        output::talk(&format!("what listens is not seen: its network could not be entered: {error}"));
    }
    let situation = observe(status, &found, &binary);
    let pid_file = status.pid_file.display().to_string();
    let names = Names { binary: &binary, pid_file: &pid_file };
    let beside = beside(&binary, &found);
    let shown = report::Status {
        situation: &situation,
        names,
        beside: &beside,
        open: open.as_ref().map(|it| &it.open),
    };
    match status.output.format {
        Format::Human => shown.lines(output::style()).iter().for_each(|line| output::data(line)),
        Format::Json => output::json(&json(&shown, open.as_ref())),
    }
    0
}

/// There is no nginx; what is known of a run is told all the same.
fn not_found(status: &Status, error: &FindError, open: Option<&open_run::Found>) -> u8 {
    match status.output.format {
        Format::Human => {
            output::talk(&format!("{}: {error}", error.code()));
            let lines = open.map(|found| found.open.alone(output::style())).unwrap_or_default();
            for line in lines {
                output::data(&line);
            }
        }
        Format::Json => output::json(&json!({
            "serving": "unknown", "code": error.code(), "message": error.to_string(), "run": open_run::json(open),
        })),
    }
    NOT_FOUND
}

/// One observation, as a run would make it: what old runs is what it found, what new runs is ours.
fn observe(status: &Status, found: &Found, binary: &str) -> Situation {
    let path = PathBuf::from(binary);
    let there = files::file_id(&path, Symlinks::Follow).ok();
    let instance = Instance {
        pid_file: status.pid_file.clone(),
        binary_path: path,
        found: found.old.exe.or(there).unwrap_or(crate::protocol::FileId { dev: 0, ino: 0 }),
        kept: None,
        old: found.old.id,
        ours: found.new.as_ref().and_then(|new| new.exe),
        stub: None,
        unix_paths: Vec::new(),
        streams: false,
        baseline: Baseline {
            accepting: found.old.workers.titled.len(),
            cache_manager: false,
            old_file: OldFile::Found,
            term_unlinks: false,
        },
        limits: Limits { quit_timeout: Duration::ZERO },
    };
    Observer::new(instance).observe(Duration::ZERO)
}

/// The files of runs beside the binary path, by the names that runs give them.
fn beside(binary: &str, found: &Found) -> Vec<Beside> {
    let Ok(place) = Place::of(Path::new(binary)) else { return Vec::new() };
    let Ok(directory) = Directory::open(&place.directory) else { return Vec::new() };
    let files = directory.all_beside(&place.name).into_iter().map(|(name, tag)| {
        let id = directory.file_id(&name).ok();
        let run_by = |side: &Side| id.is_some() && side.exe == id;
        let (run, is) = match (tag.strip_suffix("-stub"), tag.strip_suffix("-link")) {
            (Some(run), _) => (run, BesideIs::Stub),
            (None, Some(run)) => (run, BesideIs::Link),
            _ if found.new.as_ref().is_some_and(run_by) => (&*tag, BesideIs::RunBy(Generation::New)),
            _ if run_by(&found.old) => (&*tag, BesideIs::RunBy(Generation::Old)),
            _ => (&*tag, BesideIs::Unused),
        };
        Beside { file: directory.path().join(&name).display().to_string(), run: run.to_owned(), is }
    });
    files.collect()
}

fn json(status: &report::Status<'_>, open: Option<&open_run::Found>) -> Value {
    let situation = status.situation;
    let generation = |which: Generation| -> Value {
        let state: &GenerationState = situation.generation(which);
        match state.id {
            Some(id) => json!({
                "master": id.pid,
                "accepting": state.workers.titled.iter().map(|worker| worker.pid).collect::<Vec<_>>(),
                "draining": state.workers.draining.iter().map(|worker| worker.pid).collect::<Vec<_>>(),
            }),
            None => Value::Null,
        }
    };
    json!({
        "serving": status.serving(),
        // With one master it stands under `old`.
        "changeover": !status.alone(),
        "old": generation(Generation::Old),
        "new": generation(Generation::New),
        "binary": status.names.binary,
        "path": format!("{:?}", situation.path).to_lowercase(),
        "beside": status.beside.iter().map(beside_json).collect::<Vec<_>>(),
        "pid_file": status.names.pid_file,
        "oldbin": situation.oldbin,
        "run": open_run::json(open),
        "next": status.next(),
    })
}

fn beside_json(beside: &Beside) -> Value {
    let is = match beside.is {
        BesideIs::RunBy(Generation::Old) => "run by old",
        BesideIs::RunBy(Generation::New) => "run by new",
        BesideIs::Stub => "stub",
        BesideIs::Link => "link",
        BesideIs::Unused => "unused",
    };
    json!({ "file": beside.file, "run": beside.run, "is": is })
}
