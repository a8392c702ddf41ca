//! `http-probe`: requests until enough answers of one generation were good, or too many were not.

use std::time::Duration;

use crate::{
    engine::{AnswerBy, Event, Fault, units},
    plan::steps::HttpProbe,
    probe::Answer,
    run::{Run, World, until::millis},
};

/// How many outcomes are kept for the failure text.
const KEPT: usize = 5;

/// What the probes of one step have shown so far.
#[derive(Default)]
struct Tally {
    passed: u32,
    failed: u32,
    pids: Vec<i32>,
    slowest: Duration,
    observed: Vec<String>,
}

impl<W: World> Run<'_, W> {
    /// Probes until `pass-after` passes or `fail-after` failures in a row.
    pub(in crate::run) async fn http_probe(
        &mut self,
        step: &HttpProbe,
        timeout: Duration,
    ) -> Result<String, Fault> {
        let mut patience = self.patience(format!("probe `{}` to pass", step.probe), timeout);
        let mut tally = Tally::default();
        loop {
            let asked = self.world.now();
            let deadline = patience.deadline();
            match self.world.probe(&step.probe, step.answered_by, deadline).await {
                Ok(answer) => {
                    self.tell(probed(&step.probe, &answer, false));
                    if let Some(verdict) = self.judged(step, &mut tally, &answer) {
                        return verdict;
                    }
                }
                Err(wake) => {
                    self.heed(wake)?;
                    self.guard().await?;
                }
            }
            let now = self.world.now();
            if now >= deadline && self.is_over(deadline).await? {
                return Err(Fault::ProbesLate {
                    probe: step.probe.clone(),
                    passed: tally.passed,
                    wanted: step.pass_after,
                    waited: patience.waited(now),
                    observed: tally.observed,
                });
            }
            self.check_budget(now)?;
            self.tell_slow(&mut patience, now);
            // At once: what wakes a probe is guarded above.
            if !step.interval.is_zero() {
                self.hold_until(asked.saturating_add(step.interval).min(deadline)).await?;
            }
        }
    }

    /// Whether this answer decides the step.
    fn judged(&self, step: &HttpProbe, tally: &mut Tally, answer: &Answer) -> Option<Result<String, Fault>> {
        tally.count(answer);
        if tally.passed >= step.pass_after {
            return Some(Ok(tally.in_words()));
        }
        (tally.failed >= step.fail_after).then(|| {
            Err(Fault::Probe {
                probe: step.probe.clone(),
                code: answer.outcome.code(),
                text: answer.outcome.to_string(),
                expected: self.expected_answer(step),
                observed: std::mem::take(&mut tally.observed),
            })
        })
    }

    fn expected_answer(&self, step: &HttpProbe) -> String {
        let status = self.given.plan.probes.get(&step.probe).map_or_else(String::new, |probe| {
            probe.expect.status.iter().map(u16::to_string).collect::<Vec<_>>().join(" or ")
        });
        format!("{status} from {} workers, {} in a row", step.answered_by.name(), step.pass_after)
    }
}

impl Tally {
    fn count(&mut self, answer: &Answer) {
        if answer.outcome.passed() {
            self.passed += 1;
            self.failed = 0;
            self.slowest = self.slowest.max(answer.latency);
        } else {
            self.failed += 1;
            self.passed = 0;
        }
        if let Some(by) = answer.by.filter(|by| !self.pids.contains(&by.pid)) {
            self.pids.push(by.pid);
        }
        if self.observed.len() == KEPT {
            self.observed.remove(0);
        }
        self.observed.push(answer.in_words());
    }

    fn in_words(&self) -> String {
        let pids = self.pids.iter().map(i32::to_string).collect::<Vec<_>>().join(" ");
        let by = if pids.is_empty() { String::new() } else { format!(" by {pids}") };
        format!("{} of {} passed{by}, slowest {}", self.passed, self.passed, units::length(self.slowest))
    }
}

/// The event of one answer.
pub(in crate::run) fn probed(name: &str, answer: &Answer, watch: bool) -> Event {
    let passed = answer.outcome.passed();
    Event::Probed {
        probe: name.to_owned(),
        watch,
        outcome: if passed { "passed".to_owned() } else { answer.outcome.code().to_owned() },
        text: answer.in_words(),
        by: answer.by.map(|by| AnswerBy { pid: by.pid, generation: by.generation }),
        latency: Some(millis(answer.latency)),
    }
}
