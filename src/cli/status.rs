//! `status`: which generations live, who accepts, and what the binary path holds; reads only.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::{Value, json};

use super::{Format, Status, by_hand::ByHand, open_run, output};
use crate::{
    host::{
        ASIDE,
        directory::Directory,
        files::{self, Symlinks},
        network,
        place::Place,
    },
    nginx::printable,
    observe::{self, FindError, Found, Instance, Observer, Side},
    preflight,
    protocol::{Baseline, Generation, GenerationState, Limits, Master, OldFile, Situation},
    report::{self, Beside, BesideIs, Names, OpenRun},
};

/// Exit code 12: the pid file leads to no nginx.
const NOT_FOUND: u8 = 12;

/// Tells what is there.
pub(super) fn main(status: &Status) -> u8 {
    let open = open_run::find(status.state_dir.as_deref(), &status.pid_file);
    let (found, error) = match observe::find(&status.pid_file) {
        Ok(found) => (found, None),
        // A master that its pid file does not name serves all the same.
        Err(error) => match preflight::unnamed_master(&status.pid_file).and_then(observe::family) {
            Some(found) => (found, Some(error)),
            None => return not_found(status, &error, open.as_ref()),
        },
    };
    let human = status.output.format == Format::Human;
    if let Some(error) = error.as_ref().filter(|_| human) {
        output::talk(&format!("{}: {}", error.code(), printable(&error.to_string(), 1_000)));
    }
    let binary = found.old.executes().unwrap_or_default().display().to_string();
    if let Err(error) = network::enter(found.old.id.pid) {
        output::talk(&format!("what listens is not seen: its network could not be entered: {error}"));
    }
    let mut situation = observe(status, &found, &binary);
    let open_run = open.as_ref().map(|it| &it.open);
    // What is half done is the run's, as long as somebody goes on with it.
    let by_hand = match open_run.and_then(OpenRun::at_work) {
        Some(_) => ByHand::default(),
        None => ByHand::of(&mut situation, &status.pid_file),
    };
    let pid_file = status.pid_file.display().to_string();
    let names = Names { binary: &binary, pid_file: &pid_file };
    let beside = beside(&binary, &found);
    let ByHand { shapes, causes } = &by_hand;
    let shown =
        report::Status { situation: &situation, names, beside: &beside, shapes, causes, open: open_run };
    if human {
        shown.lines(output::style()).iter().for_each(|line| output::data(line));
    } else {
        let mut told = json(&shown, &by_hand, open.as_ref());
        if let Some(error) = &error {
            told["code"] = json!(error.code());
            told["message"] = json!(error.to_string());
        }
        output::json(&told);
    }
    if error.is_some() { NOT_FOUND } else { 0 }
}

/// There is no nginx; what is known of a run, and of workers without a master, is told all the same.
fn not_found(status: &Status, error: &FindError, open: Option<&open_run::Found>) -> u8 {
    let left: Vec<i32> = observe::left_behind(&[]).iter().map(|worker| worker.id.pid).collect();
    match status.output.format {
        Format::Human => {
            output::talk(&format!("{}: {}", error.code(), printable(&error.to_string(), 1_000)));
            let lines = open.map(|found| found.open.alone(output::style())).unwrap_or_default();
            for line in lines.into_iter().chain(report::left_behind(output::style(), &left)) {
                output::data(&line);
            }
        }
        Format::Json => output::json(&json!({
            "serving": "unknown", "code": error.code(), "message": error.to_string(), "run": open_run::json(open),
            "left_behind": left,
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
        // Between the two renames of an exchange what was found lies aside.
        let tag = tag.strip_suffix(ASIDE).unwrap_or(&tag);
        let (run, is) = match (tag.strip_suffix("-stub"), tag.strip_suffix("-link")) {
            (Some(run), _) => (run, BesideIs::Stub),
            (None, Some(run)) => (run, BesideIs::Link),
            _ if found.new.as_ref().is_some_and(run_by) => (tag, BesideIs::RunBy(Generation::New)),
            _ if run_by(&found.old) => (tag, BesideIs::RunBy(Generation::Old)),
            _ => (tag, BesideIs::Unused),
        };
        Beside { file: directory.path().join(&name).display().to_string(), run: run.to_owned(), is }
    });
    files.collect()
}

fn json(status: &report::Status<'_>, by_hand: &ByHand, open: Option<&open_run::Found>) -> Value {
    let situation = status.situation;
    let generation = |which: Generation| -> Value {
        let state: &GenerationState = situation.generation(which);
        match state.id {
            Some(id) => json!({
                "master": id.pid,
                "stopped": state.master == Master::Stopped,
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
        "strays": situation.strays.titled.iter().map(|stray| stray.pid).collect::<Vec<_>>(),
        "shapes": by_hand.shapes(),
        "signals": by_hand.signals(),
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
