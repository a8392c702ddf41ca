//! Plan and protocol to findings: what makes a well-formed plan unsafe; one file per property; pure.

mod quit_outside_commit;

use crate::plan::{Loaded, Problem};

/// Everything that makes this plan unsafe, in source order. A plan with a finding is not run.
#[must_use]
pub fn findings(loaded: &Loaded) -> Vec<Problem> {
    quit_outside_commit::findings(loaded)
}
