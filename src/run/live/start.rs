//! From a loaded plan to a run that may begin: locks, preflight, the baseline.

use std::path::{Path, PathBuf};

use super::{Live, Teller, opening::Opening, recorder::Recorder, signals::Signals};
use crate::{
    engine::{Event, FindingReport, Serving},
    host::{clock, descriptors},
    observe::{self, Side},
    plan::{Plan, ResolvedInput},
    preflight::Seal,
    run::{Given, NoRollback, Rollback},
};

/// What a run is started with.
pub struct Input {
    /// The plan's file, as given.
    pub file: String,
    /// Its text.
    pub text: String,
    /// The values of its inputs, as they are recorded.
    pub inputs: Vec<ResolvedInput>,
    /// The resolved plan.
    pub plan: Plan,
    /// What the verifier warns of.
    pub warnings: Vec<FindingReport>,
    /// The state directory.
    pub state: PathBuf,
    /// What must not have changed since a preview.
    pub sealed: Option<Seal>,
    /// The run that is taken back, where that is what the plan is for; or why it is not.
    pub rollback: Option<Result<Rollback, NoRollback>>,
    /// Whether another process goes on with the run when this one ends.
    pub guarded: bool,
    /// Takes each record.
    pub teller: Teller,
}

/// What a start leads to.
pub enum Started {
    /// Preflight refused, or there was nothing to do: the verdict was told; its exit code.
    Ended(u8),
    /// Nothing live was touched yet; the run may begin.
    Ready(Box<Live>, Box<Given>),
}

/// Takes the locks, makes every check, stages the new file and takes the baseline. Nothing live is touched.
pub async fn start(input: Input) -> Started {
    let run = clock::run_id();
    descriptors::raise();
    let mut recorder = Recorder::new(input.teller, input.plan.secrets.clone());
    // Before anything is told: whoever reads the first event may already send a signal.
    let signals = Signals::catch();
    recorder.tell(Event::RunStarted {
        run: run.clone(),
        plan: input.plan.name.clone(),
        file: input.file.clone(),
        changeover: env!("CARGO_PKG_VERSION").to_owned(),
    });
    for warning in &input.warnings {
        recorder.tell(warning.event());
    }
    let Input { file, text, inputs, plan, state, sealed, rollback, guarded, .. } = input;
    let pid_file = plan.service.pid_file.clone();
    let opening =
        Opening { plan, file, text, inputs, state, sealed, rollback, run: run.clone(), guarded, recorder };
    match opening.open(signals).await {
        Ok((live, given)) => Started::Ready(Box::new(live), Box::new(given)),
        Err((refusal, mut recorder)) => {
            Started::Ended(refusal.tell(&mut recorder, &run, serving(&pid_file)).exit)
        }
    }
}

/// Who serves where nothing was touched.
pub(super) fn serving(pid_file: &Path) -> Serving {
    let Ok(found) = observe::find(pid_file) else { return Serving::None };
    let accepts = |side: &Side| !side.workers.titled.is_empty();
    Serving::of(accepts(&found.old), found.new.as_ref().is_some_and(accepts))
}
