//! What the way back asks of the world: the old binary's configuration test and probes at once.

use std::{collections::BTreeSet, ffi::OsString, path::PathBuf, time::Duration};

use super::Live;
use crate::{
    host::{
        command::{Command, End},
        tail::Tail,
    },
    plan::steps::Answerer,
    preflight::Ready,
    protocol::{Generation, Identity, Question},
};

/// How many probes at once say whether new is well.
const AT_ONCE: usize = 6;
/// How long the configuration test may run: certificates and name servers take their time.
const TEST_BOUND: Duration = Duration::from_secs(10);
/// How much of its output is kept.
const OUTPUT: usize = 64 << 10;

/// The `-t` of what old runs, with the arguments and the directory of the master that runs it.
pub(super) struct ConfigurationTest {
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<OsString>,
    pub(super) directory: Option<PathBuf>,
    /// Where it is not ours.
    pub(super) user: Option<(u32, u32)>,
}

impl ConfigurationTest {
    /// Of the master that serves.
    pub(super) fn of(ready: &Ready) -> Self {
        Self {
            // Where the path holds another file than old runs, the copy is what would start again.
            program: ready.kept.as_ref().map_or(&ready.binary_path, |kept| &kept.path).clone(),
            arguments: ready.test_arguments.iter().map(OsString::from).collect(),
            directory: ready.directory.clone(),
            user: ready.user,
        }
    }

    async fn passes(&self) -> bool {
        let command = Command {
            directory: self.directory.as_deref(),
            user: self.user,
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

    /// None that new answered failed, the last one of the way forward included; where old accepts nobody, none failed at all.
    async fn new_answers_well(&mut self) -> bool {
        if self.asker.new_failed() {
            return false;
        }
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

/// The logs that old and new write to, as they are now: the error log that old has open as standard error, and
/// those that the configuration names.
pub(super) fn tails(old: Identity, logs: &[PathBuf]) -> Vec<Tail> {
    let stderr = PathBuf::from(format!("/proc/{old}/fd/2"));
    let real = |path: &PathBuf| std::fs::canonicalize(path).unwrap_or_else(|_| path.clone());
    let paths: BTreeSet<PathBuf> = std::iter::once(&stderr).chain(logs).map(real).collect();
    paths.iter().map(|path| Tail::mark(path)).collect()
}

/// What was logged since the tails were marked: untrusted, raw.
pub(super) fn log_lines(tails: &[Tail]) -> Vec<String> {
    let appended = tails.iter().filter_map(|tail| tail.appended().ok());
    let text = appended.map(|appended| String::from_utf8_lossy(&appended.bytes).into_owned());
    text.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect()
}
