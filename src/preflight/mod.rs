//! Read-only checks of the live host, one file per check.
//!
//! The facts are gathered once, every check looks at them, and everything that is wrong is told at once.

mod checks;
mod facts;
mod finding;
mod gather;
mod master;
mod ready;
#[cfg(test)]
mod real;
mod seal;
mod survey;
mod wanted;

pub use facts::{
    Access, BinaryPath, Digest, Facts, Judged, NewerFile, Offered, Oldbin, PidFile, PidText, Sight, Space,
    Trial, Unit,
};
pub use finding::{Finding, fault};
pub use gather::trial::TRIAL_BOUND;
pub use master::{Held, Master, Network, Socket};
pub use ready::{Ready, Staged};
pub use seal::{Fingerprint, Seal};
pub use survey::{Seen, Survey, SurveyError, survey, unnamed_master};
pub use wanted::{BinaryStep, Probed, ProbedAt, Wanted};

use std::path::Path;

use crate::{engine::Level, plan::Plan};

/// What preflight is asked.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// The resolved plan.
    pub plan: &'a Plan,
    /// The run's id; part of the names of its files.
    pub run: &'a str,
    /// Where runs are kept, where there is such a directory.
    pub state: Option<&'a Path>,
    /// Whether the new file is staged (`run`). A preview writes nothing: it looks at the source in place, and does
    /// not try the exchange.
    pub stage: bool,
}

/// What preflight answers.
#[derive(Debug)]
pub struct Report {
    /// What the checks found, in the order of the checks.
    pub findings: Vec<Finding>,
    /// How many checks there are.
    pub checks: usize,
    /// Why there is nothing to do, if so: then nothing was staged, and no binary was run but for its version.
    pub nothing_to_do: Option<String>,
    /// What the run needs; `None` when it is refused or there is nothing to do.
    pub ready: Option<Ready>,
    /// Everything that was looked at.
    pub facts: Facts,
}

impl Report {
    /// Whether a check refuses the run.
    #[must_use]
    pub fn refused(&self) -> bool {
        self.count(Level::Refuse) > 0
    }

    /// How many findings have this level.
    #[must_use]
    pub fn count(&self, level: Level) -> usize {
        self.findings.iter().filter(|finding| finding.level == level).count()
    }
}

/// Looks at the host and judges it. Nothing live is changed; what was staged is removed again when the run is refused.
///
/// Both binaries test today's configuration: like every `nginx -t` that opens log files and makes missing directories.
pub async fn run(input: &Input<'_>) -> Report {
    let mut facts = gather::without_commands(input);
    let nothing_to_do = gather::nothing_to_do(&facts).await;
    let staged = if nothing_to_do.is_some() { None } else { gather::with_commands(&mut facts, input).await };
    let mut findings = checks::judge(&facts);
    findings
        .iter_mut()
        .flat_map(|it| [&mut it.seen, &mut it.todo])
        .for_each(|it| input.plan.secrets.hide(it));
    let mut report = Report { findings, checks: checks::COUNT, nothing_to_do, ready: None, facts };
    if report.refused() || report.nothing_to_do.is_some() {
        if let Some(staged) = staged {
            staged.discard();
        }
    } else {
        report.ready = Ready::new(&report.facts, staged);
    }
    report
}
