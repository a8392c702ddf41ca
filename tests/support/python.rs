//! The programs in Python that `tests/setup/setup.sh` has put under `target/python`, and what they need in a sandbox.

use std::path::{Path, PathBuf};

use super::builds::project;

/// The interpreter's own directory, where an environment was made and sandboxes do not see it anyway.
pub(crate) fn base(environment: &str) -> Option<PathBuf> {
    let home = std::fs::read_to_string(directory(environment).join("pyvenv.cfg")).ok()?;
    let home = home.lines().find_map(|line| line.strip_prefix("home = "))?;
    let base = Path::new(home).parent()?;
    (!base.starts_with("/usr")).then(|| base.to_path_buf())
}

/// A program of an environment; the test fails when it was not set up.
pub(crate) fn program(environment: &str, name: &str) -> PathBuf {
    let path = directory(environment).join("bin").join(name);
    assert!(path.exists(), "no {name} here: run `make setup` ({} is missing)", path.display());
    path
}

fn directory(environment: &str) -> PathBuf {
    project().join("target").join(environment)
}
