//! `journal/…`: what a run writes about itself.

use super::Text;

pub(super) const TEXTS: &[Text] = &[Text {
    code: "journal/directory-not-made",
    means: "The directory of the run, or the plan's copy in it, could not be made.",
    why: "A run that leaves no trace cannot be explained afterwards, so it does not begin.",
    todo: "Make `--state-dir` writable; by default it is /var/lib/changeover.",
}];
