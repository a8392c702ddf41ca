//! The watches: each asks its probe again and again beside the run, until they are stopped.

use std::{rc::Rc, time::Duration};

use tokio::{
    sync::mpsc,
    task::{AbortHandle, spawn_local},
    time::{MissedTickBehavior, interval},
};

use super::Asker;
use crate::{
    plan::{Watch, steps::Answerer},
    probe::{Answer, Outcome},
    run::Violation,
};

/// How many answers may wait to be taken; a watch pauses while there are more.
const WAITING: usize = 64;

/// The watches of a run. Dropping them stops them.
pub(super) struct Watches {
    /// As the plan has them.
    plan: Vec<Watch>,
    answers: mpsc::Receiver<Watched>,
    tasks: Vec<AbortHandle>,
}

/// One answer to a watch.
pub(super) struct Watched {
    pub(super) probe: String,
    pub(super) answer: Answer,
    /// Set when it was the last that the plan allows.
    pub(super) violation: Option<Violation>,
}

impl Watches {
    /// Starts them; each asks at once.
    pub(super) fn start(watches: &[Watch], asker: &Rc<Asker>) -> Self {
        let (send, answers) = mpsc::channel(WAITING);
        let task = |(index, watch): (usize, &Watch)| {
            spawn_local(ask(index, watch.clone(), Rc::clone(asker), send.clone())).abort_handle()
        };
        Self { answers, tasks: watches.iter().enumerate().map(task).collect(), plan: watches.to_vec() }
    }

    /// Those that were not stopped forget what they have seen, and ask at once.
    pub(super) fn start_anew(&mut self, asker: &Rc<Asker>) {
        if !self.tasks.is_empty() {
            self.stop();
            *self = Self::start(&std::mem::take(&mut self.plan), asker);
        }
    }

    /// The next answer; never where there are no watches.
    pub(super) async fn next(&mut self) -> Watched {
        match self.answers.recv().await {
            Some(watched) => watched,
            None => std::future::pending().await,
        }
    }

    /// They ask no more, and what they have said so far is dropped.
    pub(super) fn stop(&mut self) {
        for task in self.tasks.drain(..) {
            task.abort();
        }
        self.answers.close();
        while self.answers.try_recv().is_ok() {}
    }
}

impl Drop for Watches {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn ask(index: usize, watch: Watch, asker: Rc<Asker>, send: mpsc::Sender<Watched>) {
    let mut ticks = interval(watch.interval.max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut failed = 0_u32;
    // What old did not pass before anything was touched it need not pass now.
    let answered_by = if asker.baseline().contains(&watch.probe) { watch.answered_by } else { Answerer::New };
    loop {
        ticks.tick().await;
        if !asker.has_workers(answered_by) {
            continue;
        }
        let Some(answer) = asker.ask(&watch.probe, answered_by).await else { return };
        // The generation was not judged: it has not begun to accept, does no more, or the other one was quicker.
        if matches!(answer.outcome, Outcome::NotReached { .. }) {
            continue;
        }
        failed = if answer.outcome.passed() { 0 } else { failed.saturating_add(1) };
        let violation = (failed >= watch.fail_after).then(|| Violation {
            index,
            probe: watch.probe.clone(),
            code: answer.outcome.code(),
            text: answer.in_words(),
            expected: asker.expected(&watch.probe),
            times: failed,
        });
        let watched = Watched { probe: watch.probe.clone(), answer, violation };
        if send.send(watched).await.is_err() {
            return;
        }
    }
}
