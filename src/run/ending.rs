//! How a run ends: the verdict, who serves, and what a person does next.

use super::{Run, World, back::Back, driver::Way, recipe, until::millis};
use crate::{
    diagnose,
    engine::{Ending, Event, Fault, FaultReport, Phase, Serving, Verdict},
    plan::OnFailure,
    protocol::{Generation, Situation},
    report::words,
};

impl<W: World> Run<'_, W> {
    /// What follows the way forward: nothing, the way back, or a stop for a person.
    pub(super) async fn end(&mut self, way: Way) -> Verdict {
        match way {
            Way::Done { old_gone } => {
                self.tell(Event::Finished { old_gone });
                self.world.tidy(true);
                let ending = if old_gone { Ending::Committed } else { Ending::Draining };
                self.verdict(ending, 0, None)
            }
            Way::Drill => self.go_back(0, None).await,
            Way::Failed(report, on_failure, fault) => self.failed(report, on_failure, &fault).await,
        }
    }

    async fn failed(&mut self, report: Box<FaultReport>, on_failure: OnFailure, fault: &Fault) -> Verdict {
        let interrupted = matches!(fault, Fault::Interrupted { .. });
        if self.phase == Phase::Finishing {
            // QUIT is sent: new is the only one that can serve, whatever the check after it said.
            self.tell(Event::Finished { old_gone: false });
            self.world.tidy(true);
            return self.verdict(Ending::Committed, 33, Some(report));
        }
        if interrupted && !self.touched {
            self.tell(Event::Refused);
            self.world.tidy(false);
            return self.verdict(Ending::Refused, 17, Some(report));
        }
        if on_failure == OnFailure::Stop || !self.given.plan.rollback.automatic {
            self.tell(Event::Stopped);
            return self.verdict(Ending::Stopped, 23, Some(report));
        }
        self.go_back(if interrupted { 21 } else { 20 }, Some(report)).await
    }

    async fn go_back(&mut self, exit: u8, report: Option<Box<FaultReport>>) -> Verdict {
        match self.back().await {
            Back::RolledBack => {
                self.world.tidy(false);
                self.verdict(Ending::RolledBack, exit, report)
            }
            Back::Stuck(why) => {
                let nobody = serving(&self.world.observe()) == Serving::None;
                let mut verdict = self.verdict(Ending::Stuck, if nobody { 31 } else { 30 }, report);
                verdict.now = format!("{}: {}", words::stuck(why), verdict.now);
                verdict.next = recipe::by_hand(why, &self.world.observe(), &self.given.path);
                verdict
            }
        }
    }

    fn verdict(&mut self, ending: Ending, exit: u8, report: Option<Box<FaultReport>>) -> Verdict {
        // Not told: nothing follows the end of a run but its verdict.
        let situation = self.world.observe();
        let next = match (&report, ending) {
            (_, Ending::Stopped) => recipe::stopped(&situation),
            (Some(report), _) => report.todo.clone().into_iter().collect(),
            (None, _) => Vec::new(),
        };
        let bug = self.illegal.take();
        Verdict {
            verdict: if bug.is_some() { Ending::Bug } else { ending },
            exit: if bug.is_some() { 1 } else { exit },
            changed: !matches!(ending, Ending::Refused | Ending::RolledBack | Ending::Unchanged),
            serving: serving(&situation),
            failed: report.as_ref().map(|_| self.step),
            diagnosis: report.map(|report| *report),
            run: self.given.run.clone(),
            now: bug.map_or_else(|| now(&situation), |bug| format!("{bug}; {}", now(&situation))),
            next,
            took: millis(self.world.now()),
        }
    }

    /// A fault with its evidence, its cause where the evidence carries it, and its place in the plan.
    pub(super) fn report(&mut self, fault: &Fault) -> FaultReport {
        let lines = self.world.log_lines();
        let cause = diagnose::cause(fault.code(), &lines);
        let place = match fault {
            Fault::Watch { index, .. } => format!("watch[{index}]"),
            _ => format!("step[{}]", self.step.saturating_sub(1)),
        };
        FaultReport {
            evidence: diagnose::evidence(&lines),
            todo: cause.as_ref().map(|cause| cause.todo.clone()),
            cause: cause.map(|cause| format!("{} ({})", cause.text, cause.code)),
            place: Some(place),
            ..FaultReport::of(fault)
        }
    }
}

/// Who accepts connections: the workers that are there, whatever their master does.
fn serving(situation: &Situation) -> Serving {
    let accepts = |which| {
        let strays = match which {
            Generation::Old => &situation.strays.old,
            Generation::New => &situation.strays.new,
        };
        !situation.generation(which).workers.titled.is_empty() || !strays.is_empty()
    };
    match (accepts(Generation::Old), accepts(Generation::New)) {
        (true, true) => Serving::Both,
        (true, false) => Serving::Old,
        (false, true) => Serving::New,
        (false, false) => Serving::None,
    }
}

/// The state of the machine in words: each living generation, its master and its workers.
fn now(situation: &Situation) -> String {
    let mut parts = Vec::new();
    for which in [Generation::Old, Generation::New] {
        let state = situation.generation(which);
        let (accepting, draining) = (state.workers.titled.len(), state.workers.draining.len());
        let Some(master) = state.id.filter(|_| state.master.lives()) else { continue };
        let noun = if accepting == 1 { "worker" } else { "workers" };
        let leaving = if draining > 0 { format!(", {draining} draining") } else { String::new() };
        parts.push(format!("{which}: master {master}, {accepting} {noun}{leaving}"));
    }
    if parts.is_empty() { "no master lives".to_owned() } else { parts.join("; ") }
}
