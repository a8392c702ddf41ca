//! Asks the plan's probes, with the workers of both generations as they are at that moment.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
};

use crate::{
    host::process,
    plan::{Plan, Probe, Secrets, steps::Answerer},
    probe::{Answer, Crew, Outcome, Prober},
    protocol::{Generation, Identity, Situation},
};

/// The probes of a run, shared by its steps and its watches.
pub(in crate::run) struct Asker {
    prober: Prober,
    probes: BTreeMap<String, Probe>,
    secrets: Secrets,
    /// The probes that passed before anything was touched.
    baseline: RefCell<Vec<String>>,
    masters: Cell<(Option<Identity>, Option<Identity>)>,
    /// Whether old was seen to accept, or could not be judged.
    old_accepts: Cell<bool>,
    /// Whether the last answer of a worker of new was a bad one, or none came where only new accepts.
    new_failed: Cell<bool>,
}

impl Asker {
    pub(super) fn new(plan: &Plan, old: Identity) -> Self {
        Self {
            prober: Prober::new(),
            probes: plan.probes.clone(),
            secrets: plan.secrets.clone(),
            baseline: RefCell::default(),
            masters: Cell::new((Some(old), None)),
            old_accepts: Cell::new(true),
            new_failed: Cell::new(false),
        }
    }

    /// The same with the probes that passed before another process began the run.
    pub(super) fn resumed(plan: &Plan, old: Identity, baseline: Vec<String>) -> Self {
        Self { baseline: RefCell::new(baseline), ..Self::new(plan, old) }
    }

    /// The masters as they were observed last.
    pub(super) fn masters_are(&self, situation: &Situation) {
        self.masters.set((situation.old.id, situation.new.id));
        self.old_accepts.set(situation.old.accepting() != Some(0));
    }

    /// One request of this probe; `None` when the plan has none of that name, which loading rules out.
    pub(super) async fn ask(&self, name: &str, wanted: Answerer) -> Option<Answer> {
        let probe = self.probes.get(name)?;
        let mut answer = self.prober.probe(probe, wanted, &|| self.crew()).await;
        answer.outcome.texts(&mut |text| self.secrets.hide(text));
        self.note(&answer);
        Some(answer)
    }

    fn note(&self, answer: &Answer) {
        let by_new = answer.by.is_some_and(|by| by.generation == Generation::New);
        // A worker that hangs accepts nobody: where old does not accept either, it is new's queue.
        let queued = answer.by.is_none() && matches!(answer.outcome, Outcome::Queued { .. });
        if by_new || (queued && !self.old_accepts.get()) {
            self.new_failed.set(!answer.outcome.passed());
        }
    }

    /// Whether the last answer of new was a bad one, or none: probes at once may all meet old.
    pub(super) fn new_failed(&self) -> bool {
        self.new_failed.get()
    }

    /// One request each, all at once.
    pub(super) async fn ask_all(&self, names: &[String], wanted: Answerer) -> Vec<Answer> {
        let probes: Vec<_> = names.iter().filter_map(|name| Some((self.probes.get(name)?, wanted))).collect();
        let mut answers = self.prober.probe_at_once(&probes, &|| self.crew()).await;
        for answer in &mut answers {
            answer.outcome.texts(&mut |text| self.secrets.hide(text));
        }
        answers
    }

    /// Asks every probe of the plan once: what passes is the baseline. Gives each name with its answer.
    pub(super) async fn take_baseline(&self) -> Vec<(String, Answer)> {
        let names: Vec<String> = self.probes.keys().cloned().collect();
        let answers = self.ask_all(&names, Answerer::Old).await;
        let asked: Vec<_> = names.into_iter().zip(answers).collect();
        let passed = asked.iter().filter(|(_, answer)| answer.outcome.passed());
        *self.baseline.borrow_mut() = passed.map(|(name, _)| name.clone()).collect();
        asked
    }

    /// The names of the probes that passed before anything was touched.
    pub(super) fn baseline(&self) -> Vec<String> {
        self.baseline.borrow().clone()
    }

    /// What a good answer of this probe is, in words.
    pub(in crate::run) fn expected(&self, name: &str) -> String {
        let status =
            |probe: &Probe| probe.expect.status.iter().map(u16::to_string).collect::<Vec<_>>().join(" or ");
        self.probes.get(name).map_or_else(String::new, status)
    }

    /// Whether anybody lives who could answer as this generation.
    pub(super) fn has_workers(&self, wanted: Answerer) -> bool {
        let crew = self.crew();
        match wanted {
            Answerer::Any => true,
            Answerer::Old => !crew.old.is_empty(),
            Answerer::New => !crew.new.is_empty(),
        }
    }

    /// The workers of both generations now: workers come and go between two looks of the run.
    fn crew(&self) -> Crew {
        let (old, new) = self.masters.get();
        let is_master = |pid: &i32| [old, new].into_iter().flatten().any(|master| master.pid == *pid);
        let children = |master: Option<Identity>| {
            let pids = master.map(|master| process::children(master.pid)).unwrap_or_default();
            pids.into_iter().filter(|pid| !is_master(pid)).collect()
        };
        Crew { old: children(old), new: children(new) }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        plan::{Inputs, load},
        probe::AnsweredBy,
        protocol::way_back::tests::builder::both,
    };

    fn answer(generation: Generation, outcome: Outcome) -> Answer {
        let by = Some(AnsweredBy { pid: 7, generation });
        Answer { by, ..Answer::without_request(outcome, Duration::ZERO, 1) }
    }

    #[test]
    fn the_last_answer_of_new_says_whether_it_failed_and_old_says_nothing_of_it() {
        let bad = || Outcome::WrongStatus { status: 500, expected: vec![200] };
        let plan = "format = 1\nname = \"a\"\n[service]\nkind = \"nginx\"\npid-file = \"/run/nginx.pid\"\n\
                    [[step]]\naction = \"commit\"\n";
        let plan = load("a", plan.as_bytes(), &[], Inputs::Given).unwrap().plan;
        let asker = Asker::new(&plan, Identity { pid: 1, start: 1 });
        asker.note(&answer(Generation::Old, bad()));
        assert!(!asker.new_failed(), "old answered");
        asker.note(&answer(Generation::New, bad()));
        asker.note(&answer(Generation::Old, Outcome::Passed { status: 200 }));
        assert!(asker.new_failed(), "new answered badly last");
        asker.note(&answer(Generation::New, Outcome::Passed { status: 200 }));
        assert!(!asker.new_failed(), "new answers well again");
        let waits =
            || Answer::without_request(Outcome::Queued { waited: Duration::from_secs(1) }, Duration::ZERO, 1);
        asker.note(&waits());
        assert!(!asker.new_failed(), "old may be the one that does not accept it");
        let mut drained = both();
        drained.old.workers.titled.clear();
        asker.masters_are(&drained);
        asker.note(&waits());
        assert!(asker.new_failed(), "only new accepts");
    }
}
