//! `completions SHELL`: what the shell needs to complete commands and options.

use clap::{Args, Command};
use clap_complete::{Shell, generate};

use super::output;

/// `changeover completions`
#[derive(Debug, Args)]
pub(super) struct Completions {
    /// The shell.
    shell: Shell,
}

/// Prints the script for one shell.
pub(super) fn main(asked: &Completions, mut command: Command) -> u8 {
    let mut script = Vec::new();
    generate(asked.shell, &mut command, "changeover", &mut script);
    output::data(String::from_utf8_lossy(&script).trim_end());
    0
}
