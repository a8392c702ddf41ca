//! The run of an instance that has not come to its end: its journal, and who holds its locks. Nothing is written or locked.

use std::path::Path;

use serde_json::{Value, json};

use super::{inputs, state};
use crate::{
    engine::{Damaged, Phase},
    host::{clock::wall_time_after, held_by::HeldBy, locks::Locks},
    journal,
    nginx::printable,
    plan::Action,
    report::{OpenRun, ToConfirm, words},
    run::{self, Resumable},
};

/// Looks for it, in the state directory that was given or the default one.
pub(super) fn find(given: Option<&Path>, pid_file: &Path) -> Option<Found> {
    // Asked first: a run that ends meanwhile has told its verdict before it lets its locks go.
    let held = Locks::held(pid_file);
    let state = state::directory(given);
    let instance = state.map(|state| journal::instance_directory(&state, pid_file));
    let open = instance.as_ref().and_then(|instance| run::open_run(instance, &inputs::variable));
    let files = given.map_or_else(String::new, |state| {
        format!(" --state-dir {}", printable(&state.display().to_string(), 500))
    });
    let recover = format!("changeover recover{files}");
    let Some((run, read)) = open else {
        return held.and_then(|held| without_a_mark(&held, instance.as_deref(), recover));
    };
    let mut open = OpenRun { run, recover, ..OpenRun::default() };
    // The lock of another run, which was refused or will be, says nothing of this one.
    if let Some(held) = held.filter(|held| held.holder.as_ref().is_none_or(|holder| holder.run == open.run)) {
        (open.process, open.guardian) = (held.taker(), held.guardian());
    }
    let phase = match read {
        Ok(resumable) => Some(journaled(&mut open, &resumable, &files)),
        Err(error) => {
            open.damage = Some(Damaged { code: error.code().to_owned(), message: error.to_string() });
            None
        }
    };
    Some(Found { open, phase })
}

/// The run, and where it is by the engine's table.
pub(super) struct Found {
    pub(super) open: OpenRun,
    phase: Option<(Phase, usize)>,
}

/// One that holds its locks, and that nothing here marks as open: it is in preflight, has just begun or just ended, or keeps its
/// files elsewhere.
fn without_a_mark(held: &HeldBy, instance: Option<&Path>, recover: String) -> Option<Found> {
    let run = held.holder.as_ref()?.run.clone();
    let here = instance.filter(|instance| journal::runs(instance).contains(&run));
    let past = here.map(|instance| journal::past_run(instance, &run));
    if past.as_ref().is_some_and(|past| past.verdict.is_some()) {
        return None;
    }
    let phase = past.filter(|past| !past.begun).map(|_| (Phase::Preflight, 0));
    let unknown = || "its files are in another state directory, or not there yet".to_owned();
    let at = Some(phase.map_or_else(unknown, |(phase, step)| words::phase(phase, step, "")));
    let (process, guardian) = (held.taker(), held.guardian());
    Some(Found { open: OpenRun { run, at, process, guardian, recover, ..OpenRun::default() }, phase })
}

fn journaled(open: &mut OpenRun, resumable: &Resumable, files: &str) -> (Phase, usize) {
    let (replay, plan) = (&resumable.replay, &resumable.loaded.plan);
    let mut name = plan.name.clone();
    plan.secrets.hide(&mut name);
    open.plan = Some(name);
    open.at = Some(words::phase(replay.phase, replay.step, &replay.action));
    open.verdict = replay.verdict.as_ref().map(|verdict| verdict.verdict);
    open.would = Some(run::would(replay).to_owned());
    open.confirm = replay.waits_to_be_confirmed().then(|| to_confirm(resumable, files));
    (replay.phase, replay.step)
}

fn to_confirm(resumable: &Resumable, files: &str) -> ToConfirm {
    let (replay, plan) = (&resumable.replay, &resumable.loaded.plan);
    let step = replay.step.checked_sub(1).and_then(|at| plan.steps.get(at));
    let wants_token =
        step.is_some_and(|step| matches!(&step.action, Action::Confirm(confirm) if confirm.token.is_some()));
    let token = if wants_token { " --token TOKEN" } else { "" };
    let (began, longest) = &replay.step_began;
    ToConfirm {
        command: format!("changeover confirm --run {}{token}{files}", replay.begun.run),
        until: wall_time_after(began, *longest),
    }
}

/// For programs.
pub(super) fn json(found: Option<&Found>) -> Value {
    let Some(Found { open, phase }) = found else { return Value::Null };
    json!({
        "run": open.run,
        "plan": open.plan,
        "phase": phase.map(|(phase, _)| phase.name()),
        "step": phase.map(|(_, step)| step),
        "at": open.at,
        "verdict": open.verdict,
        "process": open.process,
        "guardian": open.guardian,
        "would": open.would,
        "confirm": open.to_confirm(),
        "damage": open.damage,
    })
}
