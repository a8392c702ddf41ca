//! `guardian`: started by `run` and by nobody else; it says nothing, and its exit code is nobody's.

use std::{io, path::PathBuf};

use clap::Args;

use super::{inputs, run};
use crate::{protocol::Identity, run::Guarded};

/// Exit code 1: it cannot watch.
const BUG: u8 = 1;

/// `changeover guardian`
#[derive(Debug, Args)]
pub(super) struct Guardian {
    /// The directory of the instance's runs.
    #[arg(long)]
    instance: PathBuf,
    /// The run.
    #[arg(long)]
    run: String,
    /// The pid of its process.
    #[arg(long)]
    pid: i32,
    /// Its start time.
    #[arg(long)]
    start: u64,
}

/// Waits for the end of the run's process, and goes on where it has left the run.
pub(super) fn main(guardian: &Guardian) -> u8 {
    let guarded = Guarded {
        instance: guardian.instance.clone(),
        run: guardian.run.clone(),
        runner: Identity { pid: guardian.pid, start: guardian.start },
    };
    if guarded.wait(io::stdout()).is_err() {
        return BUG;
    }
    let Ok(runtime) = run::runtime() else { return BUG };
    let silent = Box::new(|_: &_| {});
    let gone_on = guarded.go_on(&inputs::variable, silent);
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, gone_on).unwrap_or_else(|error| error.exit())
}
