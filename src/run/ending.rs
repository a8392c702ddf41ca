//! How a run ends: the verdict, who serves, and what a person does next.

use std::path::Path;

use super::{
    Run, World,
    back::Back,
    driver::{NOT_WRITTEN, Way},
    recipe,
    until::millis,
};
use crate::{
    diagnose::{self, Cause},
    engine::{Ending, Event, Fault, FaultReport, NewFile, Phase, Serving, Verdict},
    plan::OnFailure,
    protocol::{Generation, Move, PathHolds, Situation, Stuck},
    report::words,
};

impl<W: World> Run<'_, W> {
    /// What follows the way forward: nothing, the way back, or a stop for a person.
    pub(super) async fn end(&mut self, way: Way) -> Verdict {
        match way {
            Way::Done { old_gone } => {
                self.tell(Event::Finished { old_gone });
                let situation = self.world.observe();
                self.world.tidy(true);
                // What became of new behind the last step is told too.
                if let Err(fault) = self.expect.check(&situation, &self.given.path) {
                    let report = self.report(&fault);
                    return self.committed(&situation, Box::new(report));
                }
                let ending = if old_gone { Ending::Committed } else { Ending::Draining };
                let mut verdict = self.verdict(&situation, ending, 0, None);
                verdict.next.extend(recipe::rollback(&self.given.run, self.given.new_file, old_gone));
                verdict
            }
            Way::Drill => self.go_back(0, None).await,
            Way::Failed(report, on_failure, fault) => self.failed(report, on_failure, &fault).await,
        }
    }

    async fn failed(&mut self, report: Box<FaultReport>, on_failure: OnFailure, fault: &Fault) -> Verdict {
        let interrupted = matches!(fault, Fault::Interrupted { .. });
        if self.phase == Phase::Finishing && interrupted {
            self.tell(Event::Stopped);
            self.world.tidy(true);
            return self.stopped(Some(report), recipe::draining);
        }
        if self.phase == Phase::Finishing {
            // QUIT is sent: new is the only one that can serve, whatever the check after it said.
            self.tell(Event::Finished { old_gone: false });
            self.world.tidy(true);
            let situation = self.world.observe();
            return self.committed(&situation, report);
        }
        let unwritten = fault.code() == NOT_WRITTEN;
        if (interrupted || unwritten) && !self.touched {
            self.tell(Event::Refused);
            self.world.tidy(false);
            let situation = self.world.observe();
            return self.verdict(
                &situation,
                Ending::Refused,
                if interrupted { 17 } else { 12 },
                Some(report),
            );
        }
        if on_failure == OnFailure::Stop || !self.given.plan.rollback.automatic {
            let situation = self.look();
            self.path_is_back(&situation).await;
            self.tell(Event::Stopped);
            return self.stopped(Some(report), recipe::stopped);
        }
        let exit = match fault {
            Fault::Interrupted { .. } => 21,
            Fault::NotConfirmed { .. } => 22,
            _ => 20,
        };
        self.go_back(exit, Some(report)).await
    }

    pub(super) async fn go_back(&mut self, exit: u8, mut report: Option<Box<FaultReport>>) -> Verdict {
        let mut back = self.back().await;
        let situation = self.world.observe();
        if matches!(back, Back::Done) && !situation.old.master.lives() {
            // Its record took a moment to be durable, and somebody has ended old meanwhile.
            back = self.stuck(Stuck::NoMaster);
        }
        if let Some(report) = report.as_mut().filter(|report| report.cause.is_none()) {
            self.explain_an_exit(report);
        }
        match back {
            Back::Done => {
                self.world.tidy(false);
                let mut verdict = self.verdict(&situation, Ending::RolledBack, exit, report);
                verdict.next.extend(recipe::put_back(&self.given.path, &self.world.old_binary()));
                verdict
            }
            Back::Stopped => self.stopped(report, recipe::stopped),
            Back::Stuck(why) => {
                // Nobody was ever to run what lies beside the path, or nobody does any more; but the copy of what ran before
                // may be the only one.
                let needless = !self.expect.new_started || nobody_lives(&situation);
                if needless && self.given.new_file != NewFile::Adopted {
                    self.world.tidy(false);
                }
                let nobody = serving(&situation) == Serving::None;
                let mut verdict =
                    self.verdict(&situation, Ending::Stuck, if nobody { 31 } else { 30 }, report);
                let why_in_words = words::stuck(why);
                if verdict.now != why_in_words {
                    verdict.now = format!("{why_in_words}: {}", verdict.now);
                }
                let by_hand = recipe::by_hand(why, &situation, &self.given.path, &self.world.old_binary());
                // What holds a move up is mended before it is made by hand.
                let told = std::mem::take(&mut verdict.next);
                let (first, then) = if situation.path.is_ours() { (told, by_hand) } else { (by_hand, told) };
                verdict.next = [first, then].concat();
                verdict
            }
        }
    }

    /// Everything stays as it is, and a person decides: what it takes is said.
    fn stopped(
        &mut self,
        report: Option<Box<FaultReport>>,
        recipe: impl FnOnce(&Path, &Situation) -> Vec<String>,
    ) -> Verdict {
        let situation = self.world.observe();
        let mut verdict = self.verdict(&situation, Ending::Stopped, 23, report);
        verdict.next = recipe(self.given.plan.service.pid_file.as_path(), &situation);
        verdict
    }

    /// The commit stands, and something behind it failed.
    fn committed(&mut self, situation: &Situation, report: Box<FaultReport>) -> Verdict {
        let mut verdict = self.verdict(situation, Ending::Committed, 33, Some(report));
        let pid_file = self.given.plan.service.pid_file.as_path();
        verdict.next.extend(recipe::committed(pid_file, &self.given.path, verdict.serving));
        verdict
    }

    /// Of what was only observed: a number of workers that changes now is no event of the run any more.
    fn verdict(
        &mut self,
        situation: &Situation,
        ending: Ending,
        exit: u8,
        report: Option<Box<FaultReport>>,
    ) -> Verdict {
        let next = report.as_ref().map(|report| next(report)).unwrap_or_default();
        let bug = self.illegal.take();
        let state = now(situation) + &path_holds(situation, &self.given.path, ending);
        let (ending, exit) = if bug.is_some() { (Ending::Bug, 1) } else { (ending, exit) };
        Verdict {
            verdict: ending,
            exit,
            changed: ending.changes(),
            serving: serving(situation),
            failed: report.as_ref().map(|_| self.step).filter(|step| *step > 0),
            diagnosis: report.map(|report| *report),
            run: self.given.run.clone(),
            message: String::new(),
            now: bug.map_or_else(|| state.clone(), |bug| format!("{bug}; {state}")),
            next,
            took: millis(self.world.now()),
        }
    }

    /// The run sees the end of new before old reaps it and logs how it ended: by now it has. Only that line is asked.
    fn explain_an_exit(&mut self, report: &mut FaultReport) {
        let Some(ended) = exit_of_new(&report.code, &self.world.observe()) else { return };
        let lines: Vec<String> =
            self.world.log_lines().into_iter().filter(|line| line.contains(&ended)).collect();
        if let Some(cause) = diagnose::cause(&report.code, &lines) {
            report.evidence = diagnose::evidence(&lines);
            report.todo = Some(cause.todo.clone());
            report.cause = Some(in_words(&cause));
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
            cause: cause.as_ref().map(in_words),
            place: Some(place),
            ..FaultReport::of(fault)
        }
    }
}

/// What old's line about the end of new begins with, where the fault is that end and the way back has not killed new: what
/// that does itself is logged too, and explains nothing.
fn exit_of_new(code: &str, situation: &Situation) -> Option<String> {
    let killed = situation.past.iter().any(|past| past.what == Move::KillNewMaster);
    let new = situation.new.id.filter(|_| code == "run/new-master-exited" && !killed)?;
    Some(format!("new binary process {new} exited"))
}

fn in_words(cause: &Cause) -> String {
    format!("{} ({})", cause.text, cause.code)
}

/// What the cause asks for; where it is not known, what the code does.
fn next(report: &FaultReport) -> Vec<String> {
    let todo = report.todo.clone().map(|todo| vec![todo]);
    todo.unwrap_or_else(|| diagnose::explain::next(&report.code))
}

/// Nobody is left of either generation, and the path leads to what was found.
fn nobody_lives(situation: &Situation) -> bool {
    let masters = situation.old.master.lives() || situation.new.master.lives();
    let strays = &situation.strays;
    !masters && strays.old.is_empty() && strays.new.is_empty() && situation.path == PathHolds::Found
}

/// What the path leads to, where that is not what it should be then.
fn path_holds(situation: &Situation, path: &str, ending: Ending) -> String {
    match situation.path {
        PathHolds::Ours | PathHolds::Stub if matches!(ending, Ending::Stuck | Ending::RolledBack) => {
            format!("; {path} holds a file of this run")
        }
        PathHolds::Foreign => format!("; {path} holds a file of somebody else, which a restart would start"),
        PathHolds::Missing => format!("; there is nothing at {path}"),
        _ => String::new(),
    }
}

/// Who accepts connections: the workers that are there, whatever their master does.
fn serving(situation: &Situation) -> Serving {
    let accepts = |which| {
        let strays = match which {
            Generation::Old => &situation.strays.old,
            Generation::New => &situation.strays.new,
        };
        !situation.generation(which).workers.titled.is_empty()
            || !strays.is_disjoint(&situation.strays.titled)
    };
    Serving::of(accepts(Generation::Old), accepts(Generation::New))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::way_back::tests::builder::{alone, untouched};

    #[test]
    fn only_an_end_of_new_that_the_way_back_has_not_made_is_looked_for() {
        const EXITED: &str = "run/new-master-exited";
        assert_eq!(exit_of_new(EXITED, &alone()).as_deref(), Some("new binary process 200 exited"));
        assert_eq!(exit_of_new(EXITED, &alone().back(Move::KillNewMaster, 10)), None);
        assert_eq!(exit_of_new("probe/wrong-status", &alone()), None);
        assert_eq!(exit_of_new(EXITED, &untouched()), None);
    }

    #[test]
    fn what_the_path_should_not_hold_is_told() {
        let told = |path, ending| path_holds(&Situation { path, ..untouched() }, "/usr/sbin/nginx", ending);
        for ending in [Ending::Stuck, Ending::RolledBack, Ending::Committed] {
            assert_eq!(told(PathHolds::Found, ending), "");
            assert_eq!(told(PathHolds::Missing, ending), "; there is nothing at /usr/sbin/nginx");
            let foreign = "; /usr/sbin/nginx holds a file of somebody else, which a restart would start";
            assert_eq!(told(PathHolds::Foreign, ending), foreign);
        }
        for path in [PathHolds::Ours, PathHolds::Stub] {
            for ending in [Ending::Stuck, Ending::RolledBack] {
                assert_eq!(told(path, ending), "; /usr/sbin/nginx holds a file of this run");
            }
        }
        assert_eq!(told(PathHolds::Ours, Ending::Committed), "");
    }
}
