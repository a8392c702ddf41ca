//! A run that its process has left: where it goes from here, and to its end.

use std::time::Duration;

use super::{
    Run, World,
    driver::{Given, Way},
};
use crate::{
    engine::{By, Event, Expect, Fault, FaultReport, Goes, Phase, Verdict},
    journal::{Committed, Made, Replay},
    plan::{Action, OnFailure, steps::Commit},
    protocol::{Generation, Master, Situation},
    report::words,
};

/// How long the masters may take to be quiet after a commit record, before it is judged who accepts.
const SETTLES: Duration = Duration::from_secs(2);

/// What a run was when its process left it.
#[derive(Clone, Debug)]
pub struct Left {
    /// Who goes on with it.
    pub by: By,
    /// Where it was.
    pub phase: Phase,
    /// The step in hand, counted from 1.
    pub step: usize,
    /// How far its commit is.
    pub committed: Committed,
    /// Why it went back, where it did; else that its process is gone.
    pub fault: FaultReport,
}

impl Left {
    /// As the journal tells it.
    #[must_use]
    pub fn of(replay: &Replay, by: By) -> Self {
        let gone = || FaultReport::of(&Fault::RunnerGone { pid: replay.begun.pid, last: last(replay) });
        Self {
            by,
            phase: replay.phase,
            step: replay.step,
            committed: replay.committed,
            fault: replay.fault.clone().unwrap_or_else(gone),
        }
    }
}

/// Where a run goes, by its journal alone; `None` where it has to be seen who accepts.
///
/// A commit record leads forward only as long as nobody has begun to go back from it, or has stopped the run on purpose: QUIT
/// was not sent then, and whoever goes on would wait for an old that nobody tells to leave.
#[must_use]
pub(super) const fn goes(phase: Phase, committed: Committed) -> Option<Goes> {
    match (committed, phase) {
        (Committed::OldIsTold, _) => Some(Goes::Forward),
        (Committed::Recorded, Phase::Committed) => None,
        _ => Some(Goes::Back),
    }
}

/// The same after a restart of the host: nobody lives who could be seen, so the commit record is believed.
#[must_use]
pub(super) fn goes_after_restart(replay: &Replay) -> Goes {
    goes(replay.phase, replay.committed).unwrap_or(Goes::Forward)
}

/// The last that is recorded, in words.
fn last(replay: &Replay) -> String {
    let step = match replay.step {
        0 => "before the first step".to_owned(),
        step => format!("in step {step}"),
    };
    match replay.moves.last() {
        None => format!("{step}, no move yet"),
        Some(Made { what, unknown, .. }) => {
            let done = if *unknown { ", begun" } else { "" };
            format!("{step}, {}{done}", words::movement(what, None))
        }
    }
}

impl<W: World> Run<'_, W> {
    /// Goes on with a run that another process has begun: back, or after the commit record forward, as long as new accepts.
    pub async fn go_on(world: &mut W, given: Given, left: Left) -> Verdict {
        let mut run = Run::new(world, given);
        (run.phase, run.step, run.touched) = (left.phase, left.step, true);
        run.expect = Expect { new_started: true, new_lives: true, ..run.expect };
        let goes = run.where_to(&left).await;
        let (name, plan) = (run.given.run.clone(), run.given.plan.name.clone());
        run.tell(Event::TakenOver { run: name, plan, by: left.by, goes });
        let commit = run.commit_step().filter(|_| goes == Goes::Forward);
        let verdict = if let Some(commit) = commit {
            run.goes_forward(&commit).await
        } else if run.drills() {
            run.go_back(0, None).await
        } else {
            run.go_back(20, Some(Box::new(left.fault))).await
        };
        run.tell(Event::Verdict(verdict.clone()));
        verdict
    }

    /// Forward only where old was told QUIT, or the commit is recorded and new accepts.
    async fn where_to(&mut self, left: &Left) -> Goes {
        if let Some(goes) = goes(left.phase, left.committed) {
            return goes;
        }
        let deadline = self.world.now().saturating_add(SETTLES);
        loop {
            // Observed only: until it is taken over nothing is told of it.
            let situation = self.world.observe();
            if accepts(&situation) {
                return Goes::Forward;
            }
            if self.world.now() >= deadline || !situation.new.master.lives() {
                return Goes::Back;
            }
            self.world.wait(deadline).await;
        }
    }

    async fn goes_forward(&mut self, commit: &Commit) -> Verdict {
        self.expect.new_accepts = true;
        let way = match self.commit_recorded(commit).await {
            Ok((old_gone, _)) => Way::Done { old_gone },
            Err(fault) => {
                let report = self.report(&fault);
                self.tell(Event::StepFailed { step: self.step, fault: report.clone() });
                Way::Failed(Box::new(report), OnFailure::Rollback, fault)
            }
        };
        self.end(way).await
    }

    fn commit_step(&self) -> Option<Commit> {
        self.given.plan.steps.iter().find_map(|step| match &step.action {
            Action::Commit(commit) => Some(commit.clone()),
            _ => None,
        })
    }

    /// The step in hand goes back on purpose.
    fn drills(&self) -> bool {
        let step = self.step.checked_sub(1).and_then(|at| self.given.plan.steps.get(at));
        step.is_some_and(|step| matches!(step.action, Action::Rollback(_)))
    }
}

/// New accepts, and nothing that was sent to old is in flight: QUIT may have been.
fn accepts(situation: &Situation) -> bool {
    let new = situation.generation(Generation::New).accepting().is_some_and(|accepting| accepting > 0);
    new && matches!(situation.old.master, Master::Settled | Master::Leaving | Master::Dead)
}

#[cfg(test)]
mod tests {
    use super::goes;
    use crate::{
        engine::{
            By, Event, Goes,
            Phase::{self, Finishing, Forward, RolledBack, RollingBack, Stopped, Stuck},
            next,
        },
        journal::Committed,
    };

    #[test]
    fn whoever_goes_on_goes_where_the_run_may_go_from_where_it_was_left() {
        let taken =
            |goes| Event::TakenOver { run: String::new(), plan: String::new(), by: By::Guardian, goes };
        let legal = |phase, goes| next(phase, &taken(goes)).is_ok();
        let (no, recorded, told) = (Committed::No, Committed::Recorded, Committed::OldIsTold);
        for (phase, committed, expected) in [
            (Phase::Preflight, no, Some(Goes::Back)),
            (Forward { step: 3 }, no, Some(Goes::Back)),
            (RollingBack, no, Some(Goes::Back)),
            (Stopped, no, Some(Goes::Back)),
            (Phase::Committed, recorded, None),
            (RollingBack, recorded, Some(Goes::Back)),
            (RolledBack, recorded, Some(Goes::Back)),
            (Stuck, recorded, Some(Goes::Back)),
            (Stopped, recorded, Some(Goes::Back)),
            (Finishing, told, Some(Goes::Forward)),
            (Stopped, told, Some(Goes::Forward)),
        ] {
            assert_eq!(goes(phase, committed), expected, "{phase:?} {committed:?}");
            let ways = expected.map_or_else(|| vec![Goes::Back, Goes::Forward], |goes| vec![goes]);
            assert!(ways.iter().all(|goes| legal(phase, *goes)), "{phase:?} {committed:?}");
        }
    }
}
