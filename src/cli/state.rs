//! The state directory, where no option names one.

use std::{
    env,
    path::{Path, PathBuf},
};

/// What is said where there is none.
pub(super) const HOMELESS: &str =
    "this user has no home to keep the run's files in: name a directory with --state-dir";
/// That of the system.
const SYSTEM: &str = "/var/lib/changeover";

/// The directory of the option; else the system's for root, and for another user one of his own
/// (`$XDG_STATE_HOME/changeover`, by default `~/.local/state/changeover`). `None` where he has no home either.
pub(super) fn directory(given: Option<&Path>) -> Option<PathBuf> {
    let root = rustix::process::geteuid().is_root();
    #[expect(clippy::disallowed_methods, reason = "cli/ reads the environment")]
    let variable = |name: &str| env::var_os(name).map(PathBuf::from);
    given.map(Path::to_owned).or_else(|| default(root, variable("XDG_STATE_HOME"), variable("HOME")))
}

/// A relative `XDG_STATE_HOME` is not valid (XDG Base Directory Specification) and counts as none.
fn default(root: bool, state: Option<PathBuf>, home: Option<PathBuf>) -> Option<PathBuf> {
    if root {
        return Some(PathBuf::from(SYSTEM));
    }
    let absolute = |path: &PathBuf| path.is_absolute();
    let state = state.filter(absolute);
    state.or_else(|| Some(home.filter(absolute)?.join(".local/state"))).map(|state| state.join("changeover"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_keeps_its_runs_with_the_system_and_another_user_his_own() {
        let path = |text: &str| Some(PathBuf::from(text));
        for (root, state, home, directory) in [
            (true, path("/x"), path("/root"), path(SYSTEM)),
            (false, path("/x"), path("/home/a"), path("/x/changeover")),
            (false, path("x"), path("/home/a"), path("/home/a/.local/state/changeover")),
            (false, None, path("/home/a"), path("/home/a/.local/state/changeover")),
            (false, None, path("a"), None),
            (false, None, None, None),
        ] {
            assert_eq!(default(root, state, home), directory);
        }
        assert_eq!(super::directory(Some(Path::new("/given"))), path("/given"));
    }
}
