//! `verify/…`: what makes a well-formed plan unsafe.

use super::Text;

pub(super) const TEXTS: &[Text] = &[Text {
    code: "verify/quit-outside-commit",
    means: "A `signal` step sends QUIT or TERM to the old master.",
    why: "That is the point of no return, at once: a master that was told to quit takes no HUP any more and does not \
          step in when new's master dies. Nothing could bring the old binary back.",
    todo: "Take the step out. `commit` sends QUIT itself, after new was seen accepting once more.",
}];
