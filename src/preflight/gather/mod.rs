//! The facts of the live host: everything is read and run once, what is independent at the same time.

mod access;
mod listening;
pub(super) mod master;
mod newer;
mod offered;
mod path;
pub(super) mod pid_file;
mod same;
mod sight;
mod state;
pub(super) mod trial;
mod unit;

use super::{
    Input, Staged,
    facts::{BinaryPath, Facts},
    wanted::{BinaryStep, Probed, ProbedAt, Wanted},
};
use crate::{
    engine::NewFile,
    plan::{
        Plan,
        steps::{Action, Answerer},
    },
    protocol::{Generation, Signal},
};

/// The facts that need no command, and the plan's wishes.
pub(super) fn without_commands(input: &Input<'_>) -> Facts {
    let binary = binary_of(input.plan);
    let mut pid_file = pid_file::read(&input.plan.service.pid_file);
    let master = master::read(&pid_file);
    if master.as_ref().is_none_or(|master| !master.titled) {
        pid_file.others = master::all();
    }
    let executes = master.as_ref().and_then(|master| master.executes.as_ref()?.as_ref().ok());
    let path = executes.map(|path| path::read(path, input));
    let access =
        access::read(&pid_file.path, master.as_ref(), path.as_ref().map(BinaryPath::exchanged).as_deref());
    let mut facts = Facts {
        wanted: Wanted { binary, probes_before_winch: probes_before_winch(input.plan) },
        new_file: NewFile::Same,
        pid_file,
        master,
        path,
        sight: None,
        access,
        unit: None,
        running: None,
        offered: None,
        found: None,
        not_kept: None,
        newer_files: Vec::new(),
        processors: path::processors(),
        state_in_memory: state::in_memory(input.state),
    };
    facts.new_file = same::new_file(&facts);
    path::see_space(&mut facts);
    if let Some((view, sight)) = sight::read(&facts) {
        sight::see_mounts(&mut facts, &view);
        facts.sight = Some(sight);
    }
    facts
}

/// What the binaries and systemd say. Nothing is run where the pid file names no master: `-t` would make an empty one.
pub(super) async fn with_commands(facts: &mut Facts, input: &Input<'_>) -> Option<Staged> {
    let master = facts.master.as_ref().filter(|master| master.titled && master.is_in_sight())?;
    // Nor where the master would find other files behind the same paths.
    facts.sight.as_ref().filter(|sight| sight.is_ours())?;
    let run = trial::Environment::of(master, facts.access.euid);
    let path = facts.path.as_ref();
    let running = async {
        match (path.filter(|path| path.place.is_ok()), &run) {
            (Some(_), Some(run)) if facts.path_differs() => {
                Some(run.trial(&offered::running(master.id)).await)
            }
            (Some(path), Some(run)) => Some(run.trial(&path.path).await),
            _ => None,
        }
    };
    let offered = offered::examine(facts, run.as_ref(), input);
    // The offered file is staged last: no program is being started while its copy is open for writing.
    let found = offered::found(facts);
    let (unit, running, offered, found) = tokio::join!(unit::read(master.id.pid), running, offered, found);
    let (offered, staged) = offered.unzip();
    let mut staged = staged.flatten();
    let mut not_kept = None;
    let place = path.and_then(|path| path.place.as_ref().ok());
    if let (NewFile::Adopted, true, Some(place)) = (facts.new_file, input.stage, place) {
        match offered::keep(master, place, input.run).await {
            Ok(kept) => staged = Some(kept),
            Err(error) => not_kept = Some(error),
        }
    }
    (facts.found, facts.not_kept) = (found, not_kept);
    facts.unit = unit;
    facts.running = running;
    facts.offered = offered;
    facts.newer_files = newer::files(facts);
    sight::see_configuration(facts);
    let next = facts.next_pid_file();
    facts.pid_file.same_next =
        next.is_some_and(|(path, _)| pid_file::is_same_name(&path, &facts.pid_file.path));
    staged
}

/// Whether the wanted file runs already, from the path, and nothing is under way.
pub(super) async fn nothing_to_do(facts: &Facts) -> Option<String> {
    same::nothing_to_do(facts).await
}

fn binary_of(plan: &Plan) -> Option<BinaryStep> {
    plan.steps.iter().find_map(|step| match &step.action {
        Action::ReplaceBinary(replace) => Some(BinaryStep::Replace(replace.clone())),
        Action::AdoptBinary(adopt) => Some(BinaryStep::Adopt(adopt.clone())),
        _ => None,
    })
}

fn probes_before_winch(plan: &Plan) -> Vec<Probed> {
    let winch = |action: &Action| matches!(action, Action::Signal(it) if it.signal == Signal::Winch && it.to.generation() == Generation::Old);
    let before = plan.steps.iter().take_while(|step| !winch(&step.action)).enumerate();
    before
        .filter_map(|(index, step)| match &step.action {
            Action::HttpProbe(http) if http.answered_by == Answerer::New => {
                let probe = plan.probes.get(&http.probe)?;
                let port = || match probe.connect_to {
                    Some(at) => Some(at.port()),
                    None => probe.url.url().port_or_known_default(),
                };
                let at = if probe.unix_socket.is_some() { ProbedAt::Unix } else { ProbedAt::Port(port()) };
                Some(Probed { step: index + 1, at })
            }
            _ => None,
        })
        .collect()
}
