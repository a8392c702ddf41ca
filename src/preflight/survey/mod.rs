//! What runs here, told without a plan: the master, its arguments and listeners, and a request that it answers.

mod ask;
mod candidates;
mod pid_file;
mod unnamed;

use std::path::{Path, PathBuf};

use rustix::process::geteuid;
use thiserror::Error;

pub use unnamed::unnamed_master;

use super::{
    facts::Judged,
    gather::{master, trial::Environment},
    master::Master,
};
use crate::{
    host::process::Process,
    nginx::{printable, version::Build},
    observe::{self, FindError},
    plan::Probe,
};

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Survey {
    /// The pid file that names the master.
    pub pid_file: PathBuf,
    /// The master, with its workers and the sockets that it holds.
    pub master: Master,
    /// The path that it executes on USR2.
    pub binary: PathBuf,
    /// What that binary says about itself; otherwise what went wrong, in words.
    pub build: Result<Build, String>,
    /// A request that the master's workers answer, with the status of their answer.
    pub probe: Option<Probe>,
    /// What was asked, and what came of it; the last one is the probe, if there is one.
    pub asked: Vec<String>,
}

/// Why nothing was found.
#[derive(Debug, Error)]
pub enum SurveyError {
    /// The pid file that was given leads to no master.
    #[error(transparent)]
    PidFile(#[from] FindError),
    /// Nobody here has the title of a master.
    #[error("no nginx master runs here")]
    NoMaster,
    /// Several run, and nobody said which is meant.
    #[error("{} nginx masters run here", .0.len())]
    Several(Vec<Seen>),
    /// The master was found by its title, and not the file that names it.
    #[error("master {pid} runs, and {} does not name it", tried.display())]
    NotNamed {
        /// The master.
        pid: i32,
        /// Where its pid file should be.
        tried: PathBuf,
    },
}

/// One of several masters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its pid.
    pub pid: i32,
    /// Its title, fit for a terminal.
    pub title: String,
}

impl SurveyError {
    /// The one name of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::PidFile(error) => error.code(),
            Self::NoMaster => "preflight/no-master",
            Self::Several(_) => "preflight/several-masters",
            Self::NotNamed { .. } => "preflight/master-not-named",
        }
    }
}

/// Looks for the master, by its pid file or among all processes once, and asks it what a probe could ask.
///
/// # Errors
/// When there is no master, or more than one, or none whose pid file is known.
pub async fn survey(pid_file: Option<&Path>) -> Result<Survey, SurveyError> {
    let pid = match pid_file {
        Some(path) => observe::find(path)?.old.id.pid,
        None => the_only_master()?,
    };
    let master = master::of(pid).ok_or(SurveyError::NoMaster)?;
    let binary = binary_of(&master);
    let run = Environment::of(&master, geteuid().as_raw());
    let build = match &run {
        Some(run) => run.build(&binary).await,
        None => Err("its arguments are not known for certain".to_owned()),
    };
    let pid_file = match pid_file {
        Some(path) => path.to_owned(),
        None => pid_file::of(&master, build.as_ref().ok())?,
    };
    // `-T` makes an empty pid file where there is none, as in the middle of a changeover.
    let configuration = match &run {
        Some(run) if build.is_ok() && pid_file.exists() => Some(run.configuration(&binary).await),
        _ => None,
    };
    let known = match &configuration {
        Some(Judged::Good(configuration)) => Some(configuration),
        _ => None,
    };
    let (probe, asked) = ask::first_that_answers(candidates::of(&master, known), &master).await;
    Ok(Survey { pid_file, master, binary, build, probe, asked })
}

/// One scan. Masters with numbers or sockets of their own (containers) cannot be changed over from here.
fn the_only_master() -> Result<i32, SurveyError> {
    let seen = |pid: &i32| {
        let title = Process::read(*pid).map(|process| process.command).unwrap_or_default();
        Seen { pid: *pid, title: printable(&title, 200) }
    };
    let all: Vec<i32> = master::all().into_iter().filter(|pid| master::is_beside_us(*pid)).collect();
    match all.as_slice() {
        [] => Err(SurveyError::NoMaster),
        [only] => Ok(*only),
        several => Err(SurveyError::Several(several.iter().map(seen).collect())),
    }
}

/// What the master executes on USR2, from its own directory; the file that it runs where its arguments are unclear.
fn binary_of(master: &Master) -> PathBuf {
    match (&master.arguments, &master.directory) {
        (Ok(arguments), Some(directory)) => directory.join(&arguments.program),
        (Ok(arguments), None) => PathBuf::from(&arguments.program),
        (Err(_), _) => master.exe_path.clone(),
    }
}
