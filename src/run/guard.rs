//! The guardian: waits for the end of a run's process, and goes on with the run where that told no verdict.

use std::{ffi::OsString, io, path::PathBuf};

use rustix::event::{PollFd, PollFlags, poll};

use super::{Resumable, ResumeError, Run, Teller, live::WATCHES};
use crate::{engine::By, host::pidfd::Pidfd, protocol::Identity};

/// What a guardian is started with.
#[derive(Debug)]
pub struct Guarded {
    /// The directory of the instance's runs.
    pub instance: PathBuf,
    /// The run.
    pub run: String,
    /// Its process.
    pub runner: Identity,
}

impl Guarded {
    /// Leaves the terminal and the session of the run's process, says that it watches it, and returns at its end.
    ///
    /// # Errors
    /// When it cannot be watched. One that has ended already is no error.
    pub fn wait(&self, mut ready: impl io::Write) -> io::Result<()> {
        // Started as the leader of a group it is one already.
        let _ = rustix::process::setsid();
        let held = Pidfd::open(self.runner).ok();
        // Whoever waited for it may have ended already.
        let _ = ready.write_all(WATCHES).and_then(|()| ready.flush());
        let Some(held) = held else { return Ok(()) };
        rustix::io::retry_on_intr(|| poll(&mut [PollFd::new(&held, PollFlags::IN)], None))?;
        Ok(())
    }

    /// Goes on with the run; its exit code. The locks are this process's from its start.
    ///
    /// # Errors
    /// [`ResumeError`] when nothing was done.
    pub async fn go_on(
        &self,
        environment: &dyn Fn(&str) -> Option<OsString>,
        teller: Teller,
    ) -> Result<u8, ResumeError> {
        let resumable = Resumable::read(&self.instance, &self.run, environment)?;
        if !resumable.replay.unfinished() {
            return Ok(0);
        }
        let (mut live, given, left) = resumable.resume(By::Guardian, false, teller)?;
        Ok(Run::go_on(&mut *live, given, left).await.exit)
    }
}
