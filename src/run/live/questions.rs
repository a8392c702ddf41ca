//! What the way back asks of the world: the found binary's configuration test and probes at once.

use std::{ffi::OsString, path::PathBuf, time::Duration};

use super::Live;
use crate::{
    diagnose,
    host::{
        command::{Command, End},
        tail::Tail,
    },
    plan::steps::Answerer,
    protocol::{Generation, Question},
};

/// How many probes at once say whether new is well.
const AT_ONCE: usize = 6;
/// How long the configuration test may run: certificates and name servers take their time.
const TEST_BOUND: Duration = Duration::from_secs(10);
/// How much of its output is kept.
const OUTPUT: usize = 64 << 10;

/// The found binary's `-t`, with the arguments and the directory of the master that runs it.
pub(super) struct ConfigurationTest {
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<OsString>,
    pub(super) directory: PathBuf,
}

impl ConfigurationTest {
    async fn passes(&self) -> bool {
        let command = Command {
            directory: Some(&self.directory),
            timeout: TEST_BOUND,
            output_limit: OUTPUT,
            ..Command::new(&self.program).arguments(&self.arguments)
        };
        command.run().await.is_ok_and(|finished| finished.end == End::Exited(0))
    }
}

impl Live {
    /// Answers one question.
    pub(super) async fn answer_to(&mut self, question: Question) -> bool {
        match question {
            Question::ConfigurationTest => self.configuration_test.passes().await,
            Question::NewHealth => self.new_answers_well().await,
            Question::BaselineProbes => self.baseline_holds().await,
        }
    }

    /// None that new answered failed; where old accepts nobody, none failed at all.
    async fn new_answers_well(&mut self) -> bool {
        let old_accepts = self.look().old.accepting().is_some_and(|accepting| accepting > 0);
        let Some(name) = self.asker.baseline().into_iter().next() else { return true };
        let answers = self.asker.ask_all(&vec![name; AT_ONCE], Answerer::Any).await;
        answers.iter().all(|answer| {
            let by_new = answer.by.is_some_and(|by| by.generation == Generation::New);
            answer.outcome.passed() || (old_accepts && !by_new)
        })
    }

    /// Every probe that passed before the run passes now, answered by old.
    async fn baseline_holds(&mut self) -> bool {
        let answers = self.asker.ask_all(&self.asker.baseline(), Answerer::Old).await;
        answers.iter().all(|answer| answer.outcome.passed())
    }
}

/// What was logged since the tails were marked, escaped.
pub(super) fn log_lines(tails: &[Tail]) -> Vec<String> {
    tails
        .iter()
        .filter_map(|tail| tail.appended().ok())
        .flat_map(|appended| diagnose::lines(&appended.bytes))
        .collect()
}
