//! What a binary says when it is run as nginx will run it: the master's arguments, user and directory, and almost no
//! environment.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    host::{
        clock::Clock,
        command::{Command, CommandError, End, Finished},
    },
    nginx::{arguments::Arguments, config, dump::Configuration, printable, test_output, version::Build},
    preflight::{Judged, Master, Trial},
};

/// No binary may take longer to say something.
pub const TRIAL_BOUND: Duration = Duration::from_secs(10);
/// How long a file may be busy that was just written.
const MOST_BUSY: Duration = Duration::from_millis(500);

/// How the master's binaries are run.
pub(in crate::preflight) struct Environment {
    arguments: Arguments,
    directory: Option<PathBuf>,
    user: Option<(u32, u32)>,
}

impl Environment {
    /// As this master runs; `None` where its arguments are not known, and for a process with more rights than who
    /// started it: its title may say anything, and what it names would be run with these rights.
    pub(in crate::preflight) fn of(master: &Master, euid: u32) -> Option<Self> {
        (!master.raised).then_some(())?;
        Some(Self {
            arguments: master.arguments.as_ref().ok()?.clone(),
            directory: master.present_directory(),
            user: master.other_user(euid),
        })
    }

    /// `-V` and `-T` at the same time. `-V` prints what `-v` does, and `-T` tests what `-t` does.
    pub(super) async fn trial(&self, program: &Path) -> Trial {
        let (build, configuration) = tokio::join!(self.build(program), self.configuration(program));
        // What does not even tell its version has nothing to say about a configuration.
        let configuration = Some(configuration).filter(|_| build.is_ok());
        Trial { build, configuration }
    }

    /// What it is, by `-V`.
    pub(in crate::preflight) async fn build(&self, program: &Path) -> Result<Build, String> {
        let done = self.run(program, vec!["-V".to_owned()]).await?;
        if done.end != End::Exited(0) {
            return Err(failure(&done));
        }
        let output = [done.stderr.bytes, done.stdout.bytes].concat();
        Build::parse(&output).map_err(|error| error.to_string())
    }

    /// `-T`.
    pub(in crate::preflight) async fn configuration(&self, program: &Path) -> Judged {
        let done = match self.run(program, self.arguments.with("-T")).await {
            Ok(done) if done.end == End::Exited(0) => done,
            Ok(done) => return Judged::Rejected(failure(&done)),
            Err(error) => return Judged::Rejected(error),
        };
        if done.stdout.cut {
            return Judged::Unread("it is larger than 4 MiB".to_owned());
        }
        match Configuration::parse(&done.stdout.bytes, self.arguments.directives.as_deref()) {
            Ok(configuration) => Judged::Good(configuration),
            Err(error) => Judged::Unread(error.to_string()),
        }
    }

    async fn run(&self, program: &Path, arguments: Vec<String>) -> Result<Finished, String> {
        let mut command = Command::new(program).arguments(arguments);
        command.directory = self.directory.as_deref();
        command.user = self.user;
        command.timeout = TRIAL_BOUND;
        command.output_limit = config::MOST_BYTES;
        let clock = Clock::start();
        loop {
            match command.run().await {
                // A child that another thread forks just now holds the copy open for writing until it execs.
                Err(CommandError::NotStarted { source, .. })
                    if source.kind() == ErrorKind::ExecutableFileBusy && clock.elapsed() < MOST_BUSY =>
                {
                    tokio::task::yield_now().await;
                }
                Err(CommandError::NotStarted { source, .. }) => {
                    return Err(format!("it could not be started: {source}"));
                }
                done => return done.map_err(|error| error.to_string()),
            }
        }
    }
}

/// Why a run was no success, in nginx's words where it has some.
fn failure(done: &Finished) -> String {
    let said = test_output::parse(&done.stderr.bytes).map(|failure| match failure.place {
        Some((file, line)) => format!("{} in {file}:{line}", failure.message),
        None => failure.message,
    });
    let end = match done.end {
        End::TimedOut => format!("no end after {} s", TRIAL_BOUND.as_secs()),
        End::Signaled(signal) => format!("ended by signal {signal}"),
        End::Exited(code) => format!("exit code {code}"),
    };
    match (said, done.end) {
        (Some(said), End::Exited(_)) => said,
        (Some(said), _) => printable(&format!("{end}: {said}"), 1000),
        (None, _) => end,
    }
}
