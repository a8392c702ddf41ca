//! Waiting for a condition: observe, guard, look, and sleep until something may have changed.

use std::time::Duration;

use super::{Run, Wake, World, patience::Patience};
use crate::{
    engine::{Event, Fault, Phase},
    protocol::Situation,
};

/// What a look at the situation says.
pub(super) enum Looked<T> {
    /// It is as wanted.
    Ready(T),
    /// Not yet: what is seen now, in words.
    NotYet(String),
    /// It will not be.
    Failed(Fault),
}

impl<W: World> Run<'_, W> {
    /// Observes until `look` is ready, while the guards hold and nobody interrupts; past the bound `late` names
    /// the fault, from how long it waited and what was seen last.
    pub(super) async fn until<T>(
        &mut self,
        mut patience: Patience,
        mut look: impl FnMut(&Situation, Duration) -> Looked<T>,
        late: impl FnOnce(Duration, String) -> Fault,
    ) -> Result<T, Fault> {
        loop {
            // The time before the look: who was stopped between the two has seen what he judges.
            let now = self.world.now();
            let situation = self.guard().await?;
            let seen = match look(&situation, now) {
                Looked::Ready(ready) => return Ok(ready),
                Looked::Failed(fault) => return Err(fault),
                Looked::NotYet(seen) => seen,
            };
            if now >= patience.deadline() && self.is_over(patience.deadline()).await? {
                return Err(late(patience.waited(now), seen));
            }
            self.check_budget(now)?;
            self.tell_slow(&mut patience, now);
            self.pause(patience.next()).await?;
        }
    }

    /// Waits until then, while the guards hold, the watches pass and nobody interrupts.
    pub(super) async fn hold_until(&mut self, deadline: Duration) -> Result<(), Fault> {
        loop {
            let now = self.world.now();
            self.guard().await?;
            if now >= deadline && self.is_over(deadline).await? {
                return Ok(());
            }
            self.check_budget(now)?;
            self.pause(deadline).await?;
        }
    }

    /// Whether the time is over, also when a stop that nobody has noticed yet does not count: it sets the clock back.
    pub(super) async fn is_over(&mut self, deadline: Duration) -> Result<bool, Fault> {
        self.pause(self.world.now()).await?;
        Ok(self.world.now() >= deadline)
    }

    /// One look: what must hold now. What a stranger did and the run can mend is mended, once.
    pub(super) async fn guard(&mut self) -> Result<Situation, Fault> {
        let situation = self.look();
        match self.expect.check(&situation, &self.given.path) {
            Err(Fault::OldWorkersBack { accepting }) if self.may_drain_again(&situation) => {
                // It waits, and so looks, itself.
                Box::pin(self.drain_again(accepting)).await?;
                let situation = self.look();
                self.expect.check(&situation, &self.given.path).map(|()| situation)
            }
            Ok(()) => {
                self.notice_doubled(&situation);
                Ok(situation)
            }
            Err(fault) => Err(fault),
        }
    }

    /// One wait; an interrupt or a violated watch is a fault while the run can still go back.
    pub(super) async fn pause(&mut self, deadline: Duration) -> Result<(), Fault> {
        let wake = self.world.wait(deadline).await;
        self.heed(wake)
    }

    /// What a wake means for the way forward.
    pub(super) fn heed(&mut self, wake: Wake) -> Result<(), Fault> {
        match wake {
            Wake::Interrupted(signal) => {
                let heeded = self.interrupted(signal);
                if heeded { Err(Fault::Interrupted { signal }) } else { Ok(()) }
            }
            Wake::Watch(violation) if self.can_go_back() => Err(Fault::Watch {
                probe: violation.probe,
                code: violation.code,
                text: violation.text,
                expected: violation.expected,
                times: violation.times,
                index: violation.index,
            }),
            Wake::Look | Wake::Watch(_) => Ok(()),
        }
    }

    /// A signal asks to stop: whether that changes anything in this phase. The first one does while the run can go back;
    /// on the way back, and while old finishes its connections, the second one does.
    pub(super) fn interrupted(&mut self, signal: &str) -> bool {
        let Some(times) = self.asked.count(signal, self.world.now()) else { return false };
        let heeded = match self.phase {
            Phase::RollingBack | Phase::Finishing => times > 1,
            _ => self.can_go_back(),
        };
        self.tell(Event::Interrupted { signal: signal.into(), heeded });
        heeded
    }

    pub(super) fn check_budget(&self, now: Duration) -> Result<(), Fault> {
        match self.given.plan.defaults.budget {
            Some(budget) if now > budget && self.can_go_back() => Err(Fault::BudgetUsed { budget }),
            _ => Ok(()),
        }
    }

    /// A wait that begins now.
    pub(super) fn patience(&self, what: impl Into<String>, bound: Duration) -> Patience {
        Patience::new(what, bound, self.world.now())
    }

    /// Tells once that half of a wait is over.
    pub(super) fn tell_slow(&mut self, patience: &mut Patience, now: Duration) {
        let step = (self.phase != Phase::RollingBack).then_some(self.step);
        if let Some(slow) = patience.slow(step, now) {
            self.tell(slow);
        }
    }
}

/// Milliseconds, as events give them.
#[must_use]
pub fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
