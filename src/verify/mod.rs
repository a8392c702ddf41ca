//! Plan and protocol to findings: what makes a well-formed plan unsafe; one file per property; pure.

mod always_somebody_accepts;
mod compare;
mod counts_agree;
mod crash;
mod drain_is_bounded;
mod ends_in_time;
mod explore;
mod facts;
mod finding;
mod guards;
mod identical_binary;
mod perform;
mod probe_can_witness;
mod quit_outside_commit;
#[cfg(test)]
mod scenes;
mod state;
mod step_can_pass;
mod trouble;
mod watch_covers_soak;
mod way_back_exists;
mod workers_double;

use crate::plan::Loaded;

pub use crate::engine::Severity;
pub use compare::{Change, Direction, compare};
pub use crash::Crashes;
pub use finding::{Finding, Report};

use explore::{MOST_STATES, explore};

/// How many faults come together where nobody says otherwise.
pub const FAULTS: u8 = 1;

/// Everything that is unsafe or unwise in this plan, in source order. A plan with an error is not run.
#[must_use]
pub fn verify(loaded: &Loaded) -> Report {
    verify_with(loaded, FAULTS)
}

/// The same with so many faults together.
#[must_use]
pub fn verify_with(loaded: &Loaded, faults: u8) -> Report {
    let explored = explore(&loaded.plan, faults, MOST_STATES);
    let bad = &explored.bad;
    let mut findings = quit_outside_commit::findings(loaded, bad);
    findings.extend(step_can_pass::findings(loaded, bad));
    findings.extend(always_somebody_accepts::findings(loaded, bad));
    findings.extend(way_back_exists::findings(loaded, bad));
    findings.extend(counts_agree::findings(loaded));
    findings.extend(ends_in_time::findings(loaded));
    findings.extend(workers_double::findings(loaded));
    findings.extend(drain_is_bounded::findings(loaded));
    findings.extend(identical_binary::findings(loaded));
    findings.extend(probe_can_witness::findings(loaded));
    findings.extend(watch_covers_soak::findings(loaded));
    Report::of(loaded, findings, &explored)
}
