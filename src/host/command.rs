//! Running a program to its end: no shell, bounded in time and output, ended as a group.

use std::{
    ffi::{OsStr, OsString},
    io,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::Child,
    time::timeout,
};

use super::{clock::Clock, files::Bounded};

/// What to run. Nothing is inherited but the working directory.
#[derive(Clone, Debug)]
pub struct Command<'a> {
    /// The file to execute; never looked up in a `PATH`.
    pub program: &'a Path,
    /// Its arguments, without the program's name.
    pub arguments: Vec<OsString>,
    /// The whole environment.
    pub environment: Vec<(OsString, OsString)>,
    /// The working directory, when it is not this process's own.
    pub directory: Option<&'a Path>,
    /// User and group to run as, without further groups, when they are not this process's own.
    pub user: Option<(u32, u32)>,
    /// How long it may run.
    pub timeout: Duration,
    /// How many bytes are kept of each of its output streams; the rest is read and dropped.
    pub output_limit: usize,
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It exited with this code.
    Exited(i32),
    /// This signal ended it.
    Signaled(i32),
    /// It was killed, with its process group, because its time was over.
    TimedOut,
}

/// What a program did.
#[derive(Clone, Debug)]
pub struct Finished {
    /// How it ended.
    pub end: End,
    /// What it wrote to its standard output.
    pub stdout: Bounded,
    /// What it wrote to its standard error.
    pub stderr: Bounded,
    /// How long it ran.
    pub took: Duration,
}

/// Why a program could not be run.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// It could not be started: missing, not executable, no program for this machine.
    #[error("{program} could not be started: {source}", program = program.display())]
    NotStarted {
        /// The file.
        program: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// Its end could not be seen.
    #[error("the end of {program} could not be seen: {source}", program = program.display())]
    NotSeen {
        /// The file.
        program: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
}

impl CommandError {
    /// The one name of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotStarted { .. } => "host/not-started",
            Self::NotSeen { .. } => "host/end-not-seen",
        }
    }
}

/// Kills the group unless the program was seen to end: also when the future is dropped. The leader is not
/// reaped before that, so its number cannot belong to somebody else.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // It may have ended meanwhile: then there is nobody to kill.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl<'a> Command<'a> {
    /// A command without arguments and environment, for ten seconds and 64 KiB of output.
    #[must_use]
    pub fn new(program: &'a Path) -> Self {
        Self {
            program,
            arguments: Vec::new(),
            environment: Vec::new(),
            directory: None,
            user: None,
            timeout: Duration::from_secs(10),
            output_limit: 64 * 1024,
        }
    }

    /// With these arguments.
    #[must_use]
    pub fn arguments(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.arguments = arguments.into_iter().map(|it| it.as_ref().to_owned()).collect();
        self
    }

    /// Runs it to its end. Dropping the future kills it with everything in its process group.
    ///
    /// # Errors
    /// When it could not be started or its end could not be seen; a bad exit code is no error.
    pub async fn run(&self) -> Result<Finished, CommandError> {
        let clock = Clock::start();
        let mut child = self.start()?;
        let mut group = Group(child.id().and_then(|id| Pid::from_raw(id.cast_signed())));
        let (mut stdout, mut stderr) = (Bounded::default(), Bounded::default());
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let whole = async {
            tokio::join!(
                drain(out, &mut stdout, self.output_limit),
                drain(err, &mut stderr, self.output_limit)
            );
            // Only now, so that the leader still names the group while anybody holds its output open.
            child.wait().await
        };
        let ended = timeout(self.timeout, whole).await;
        let end = if let Ok(status) = ended {
            group.0 = None;
            end_of(status.map_err(|source| self.not_seen(source))?)
        } else {
            drop(group);
            child.wait().await.map_err(|source| self.not_seen(source))?;
            End::TimedOut
        };
        Ok(Finished { end, stdout, stderr, took: clock.elapsed() })
    }

    fn start(&self) -> Result<Child, CommandError> {
        let mut command = tokio::process::Command::new(self.program);
        command
            .args(&self.arguments)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        if let Some(directory) = self.directory {
            command.current_dir(directory);
        }
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
        command
            .spawn()
            .map_err(|source| CommandError::NotStarted { program: self.program.to_owned(), source })
    }

    fn not_seen(&self, source: io::Error) -> CommandError {
        CommandError::NotSeen { program: self.program.to_owned(), source }
    }
}

fn end_of(status: ExitStatus) -> End {
    match (status.code(), status.signal()) {
        (Some(code), _) => End::Exited(code),
        (None, signal) => End::Signaled(signal.unwrap_or_default()),
    }
}

/// Reads a stream to its end and keeps its beginning. What was read stays when the future is dropped.
async fn drain(stream: Option<impl AsyncRead + Unpin>, kept: &mut Bounded, limit: usize) {
    let Some(mut stream) = stream else { return };
    let mut block = vec![0; 16 * 1024];
    // A stream that cannot be read has ended as far as this process can know.
    while let Ok(read @ 1..) = stream.read(&mut block).await {
        let room = limit - kept.bytes.len();
        kept.cut |= read > room;
        kept.bytes.extend_from_slice(block.get(..read.min(room)).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use rustix::{
        event::{PollFd, PollFlags, Timespec, poll},
        process::{PidfdFlags, pidfd_open},
    };

    use super::{super::scratch::Scratch, *};

    fn shell(script: &str) -> Command<'static> {
        Command::new(Path::new("/bin/sh")).arguments(["-c", script])
    }

    /// A kill is not done when the call returns.
    fn ends_soon(pid: i32) -> bool {
        let Ok(process) = pidfd_open(Pid::from_raw(pid).unwrap(), PidfdFlags::empty()) else { return true };
        let soon = Timespec { tv_sec: 5, tv_nsec: 0 };
        poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&soon)).unwrap() == 1
    }

    #[tokio::test(flavor = "current_thread")]
    async fn code_signal_and_both_streams_are_told() {
        let done = shell("echo out; echo err >&2; exit 3").run().await.unwrap();
        assert_eq!(done.end, End::Exited(3));
        assert_eq!(
            (done.stdout.bytes.as_slice(), done.stderr.bytes.as_slice()),
            (&b"out\n"[..], &b"err\n"[..])
        );
        assert_eq!(shell("kill -SEGV $$").run().await.unwrap().end, End::Signaled(11));
    }

    #[tokio::test(flavor = "current_thread")]
    async fn only_the_given_environment_is_there() {
        let mut command = Command::new(Path::new("/usr/bin/env"));
        command.environment = vec![("TZ".into(), "UTC".into())];
        assert_eq!(command.run().await.unwrap().stdout.bytes, b"TZ=UTC\n");
    }

    #[tokio::test(flavor = "current_thread")]
    async fn too_much_output_is_cut_and_the_program_still_ends() {
        let mut command = shell("head -c 300000 /dev/zero");
        command.output_limit = 1000;
        let done = command.run().await.unwrap();
        assert_eq!((done.end, done.stdout.bytes.len(), done.stdout.cut), (End::Exited(0), 1000, true));
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_program_over_its_time_is_killed_with_its_children() {
        let mut command = shell("sleep 300 & echo $!; exec sleep 300");
        command.timeout = Duration::from_millis(300);
        let done = command.run().await.unwrap();
        assert_eq!(done.end, End::TimedOut);
        assert!(done.took < Duration::from_secs(60), "it ended by itself after {:?}", done.took);
        let child: i32 = String::from_utf8(done.stdout.bytes).unwrap().trim().parse().unwrap();
        assert!(ends_soon(child));
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_dropped_future_leaves_no_process() {
        let marker = Scratch::new();
        let file = marker.path().join("pid");
        let command = shell(&format!("echo $$ > {}; exec sleep 300", file.display()));
        assert!(timeout(Duration::from_millis(300), command.run()).await.is_err());
        let pid = std::fs::read_to_string(file).unwrap();
        assert!(ends_soon(pid.trim().parse().unwrap()));
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_garbage_file_is_not_started() {
        let scratch = Scratch::new();
        let path = scratch.write("garbage", b"\x7fELF nothing");
        rustix::fs::chmod(&path, rustix::fs::Mode::from_raw_mode(0o755)).unwrap();
        let refused = Command::new(&path).run().await.unwrap_err();
        assert_eq!(refused.code(), "host/not-started");
    }
}
