//! The program on one screen: clap types, one file per subcommand; alone in printing and in knowing exit codes.

use std::{ffi::OsString, process::ExitCode};

/// Runs the program with these arguments and gives the exit code of `docs/exit-codes.md`.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let _ = args.into_iter();
    ExitCode::from(2)
}
