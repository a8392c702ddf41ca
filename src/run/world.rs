//! The one seam between a run and the world: the live host stands behind it, and the simulated one.

use std::time::Duration;

use thiserror::Error;

use crate::{
    engine::Event,
    journal::Confirmation,
    plan::steps::Answerer,
    probe::Answer,
    protocol::{Identity, Move, Question, Situation},
};

/// What a run needs of the world. Times are those of [`World::now`].
pub trait World {
    /// How long ago the run began, by a clock that only goes forward.
    fn now(&self) -> Duration;

    /// How long ago the host was started, by a clock that goes on while the run is suspended.
    fn since_boot(&self) -> Duration;

    /// What somebody said with `changeover confirm` since it was asked last.
    fn confirmation(&mut self) -> Option<Confirmation>;

    /// What is there now.
    fn observe(&mut self) -> Situation;

    /// Makes one move. It is never dropped between the effect and its record.
    ///
    /// # Errors
    /// [`MoveError`] when the world refused; then nothing has changed, or what had changed was put back. Only where a
    /// file could not be exchanged back, the path holds it and USR2 was sent: the next situation shows both.
    fn perform(&mut self, what: &Move, way_back: bool) -> impl Future<Output = Result<Effect, MoveError>>;

    /// Returns when something may have changed, at the latest at `deadline`.
    fn wait(&mut self, deadline: Duration) -> impl Future<Output = Wake>;

    /// One request of the named probe to a worker of the wanted generation.
    ///
    /// # Errors
    /// What came first, when that was not the answer: something that may have changed, or the deadline.
    fn probe(
        &mut self,
        name: &str,
        wanted: Answerer,
        deadline: Duration,
    ) -> impl Future<Output = Result<Answer, Wake>>;

    /// Finds out what only the world can answer; the next situation holds the answer.
    fn ask(&mut self, question: Question) -> impl Future<Output = bool>;

    /// Whether the file that new would run is still what was proven.
    ///
    /// # Errors
    /// What is different, in words.
    fn new_file_is_proven(&mut self) -> Result<(), String>;

    /// Where old's binary lies, where it is not at the path.
    fn old_binary(&self) -> OldBinary;

    /// What nginx has logged since the run began: bounded, raw.
    fn log_lines(&mut self) -> Vec<String>;

    /// Removes what the run has laid beside the path: after a commit all but the old file, else all.
    fn tidy(&mut self, committed: bool);

    /// The watches ask no more.
    fn stop_watches(&mut self);

    /// Makes an event known. To people that is best effort, and changes no outcome.
    ///
    /// # Errors
    /// [`MoveError`] when the journal should keep it and cannot: nothing goes forward then.
    fn append(&mut self, event: Event) -> Result<(), MoveError>;
}

/// Files beside the path that a person may need.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OldBinary {
    /// What was found at the path, where that leads to something else now.
    pub found: Option<String>,
    /// The copy of what old ran, where the path was found to hold another file.
    pub kept: Option<String>,
}

/// Why a wait ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Wake {
    /// Something may have changed, or the deadline is reached.
    Look,
    /// SIGINT, SIGTERM or SIGHUP.
    Interrupted(&'static str),
    /// A watch failed as often in a row as the plan allows.
    Watch(Violation),
}

/// A violated watch.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    /// The watch's place in the plan, counted from 0.
    pub index: usize,
    /// Its probe.
    pub probe: String,
    /// The outcome's code.
    pub code: &'static str,
    /// What was seen last.
    pub text: String,
    /// What was expected.
    pub expected: String,
    /// How often in a row.
    pub times: u32,
}

/// What a move showed while it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing that observation does not show.
    Made,
    /// USR2: a child of the master runs the file at the path.
    Executed {
        /// Who.
        child: Identity,
    },
    /// USR2: its child is gone before it ran the file.
    ExecFailed,
    /// USR2: the master took the signal and started nobody.
    Ignored,
    /// USR2: it could not rename its pid file.
    NotRenamed,
    /// USR2: it did not take the signal in time.
    NotHandled,
}

/// A move that could not be made.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{text}")]
pub struct MoveError {
    /// The code of the error below.
    pub code: &'static str,
    /// What was tried and what the system said.
    pub text: String,
}
