//! The runner's side of the guardian: the own program started again, which goes on with the run when this process ends.

use std::{
    io,
    os::fd::OwnedFd,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::{
    host::{locks::Locks, pidfd::Pidfd, process::Process, timer, wakeup},
    protocol::Identity,
};

/// The name of the subcommand.
const COMMAND: &str = "guardian";
/// What it writes once it watches this process.
pub(in crate::run) const WATCHES: &[u8] = b"watches\n";
/// How long it may take to be there: a process is started, and reads two files.
const STARTS: Duration = Duration::from_secs(10);
/// How often another one is started where one has ended.
const TRIES: u32 = 3;
/// This program, also when its file was replaced or removed since.
const SELF: &str = "/proc/self/exe";

/// A guardian that watches this process. It is dismissed when this is dropped, but not by a panic.
pub(super) struct Guardian {
    child: Child,
    held: Pidfd,
    /// What it was started with: another one is started with the same.
    arguments: Vec<std::ffi::OsString>,
    tries: u32,
}

/// Why there is none.
#[derive(Debug, thiserror::Error)]
#[error("the guardian cannot be started: {0}")]
pub(super) struct NoGuardian(#[from] io::Error);

impl Guardian {
    /// Starts one for this run. The locks are its own too: they are held as long as one of both lives.
    pub(super) fn start(instance: &Path, run: &str, locks: &Locks) -> Result<Self, NoGuardian> {
        let me = i32::try_from(std::process::id()).ok().and_then(Process::read);
        let me = me.ok_or_else(|| io::Error::other("this process cannot be looked at"))?.id;
        let arguments = [
            COMMAND.into(),
            "--instance".into(),
            instance.as_os_str().to_owned(),
            "--run".into(),
            run.into(),
            "--pid".into(),
            me.pid.to_string().into(),
            "--start".into(),
            me.start.to_string().into(),
        ];
        Self::spawn(arguments.into(), locks, TRIES)
    }

    fn spawn(arguments: Vec<std::ffi::OsString>, locks: &Locks, tries: u32) -> Result<Self, NoGuardian> {
        let mut command = Command::new(SELF);
        // Its own working directory holds no mount.
        command.args(&arguments).current_dir("/");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = locks.inherited(|| command.spawn())?;
        let held = i32::try_from(child.id())
            .ok()
            .and_then(Process::read)
            .and_then(|process| Pidfd::open(process.id).ok());
        let Some(held) = held else {
            let _ = child.kill().and_then(|()| child.wait());
            return Err(NoGuardian(io::Error::other("it ended at once")));
        };
        Ok(Self { child, held, arguments, tries })
    }

    /// Waits until it watches this process.
    pub(super) async fn watches(&mut self) -> Result<(), NoGuardian> {
        let Some(output) = self.child.stdout.take() else { return Ok(()) };
        let output = wakeup::readable(OwnedFd::from(output))?;
        let ready = timer::within(STARTS, output.readable()).await;
        drop(ready.ok_or_else(|| io::Error::from(io::ErrorKind::TimedOut))??);
        let mut said = [0; WATCHES.len()];
        let read = rustix::io::read(output.get_ref(), &mut said).map_err(io::Error::from)?;
        if said.get(..read) == Some(WATCHES) {
            return Ok(());
        }
        Err(NoGuardian(io::Error::other("it ended before it watched anything")))
    }

    /// Who it is.
    pub(super) const fn id(&self) -> Identity {
        self.held.id()
    }

    /// Whether it has ended.
    pub(super) fn ended(&self) -> bool {
        self.held.exited()
    }

    /// Starts another one, once this one has ended; not for ever.
    pub(super) fn again(&mut self, locks: &Locks) -> Result<(), NoGuardian> {
        let tries = self.tries.checked_sub(1).ok_or_else(|| io::Error::other("it ends again and again"))?;
        let next = Self::spawn(self.arguments.clone(), locks, tries)?;
        *self = next;
        Ok(())
    }
}

impl Drop for Guardian {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        // The verdict is recorded: it has nothing to do any more, and would hold the locks for a moment.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
