//! Waiting for a condition: observe, guard, look, and sleep until something may have changed.

use std::time::Duration;

use super::{Run, Wake, World};
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

/// How long to wait, and what for.
pub(super) struct Until {
    /// What is waited for, in words.
    pub(super) what: String,
    /// How long, from now on.
    pub(super) bound: Duration,
}

impl<W: World> Run<'_, W> {
    /// Observes until `look` is ready, while the guards hold and nobody interrupts; past the bound `late` names
    /// the fault, from how long it waited and what was seen last.
    pub(super) async fn until<T>(
        &mut self,
        until: Until,
        mut look: impl FnMut(&Situation, Duration) -> Looked<T>,
        late: impl FnOnce(Duration, String) -> Fault,
    ) -> Result<T, Fault> {
        let began = self.world.now();
        let deadline = began.saturating_add(until.bound);
        let mut half = began.saturating_add(until.bound / 2);
        loop {
            // The time before the look: who was stopped between the two has seen what he judges.
            let now = self.world.now();
            let situation = self.look();
            self.expect.check(&situation, &self.given.path)?;
            let seen = match look(&situation, now) {
                Looked::Ready(ready) => return Ok(ready),
                Looked::Failed(fault) => return Err(fault),
                Looked::NotYet(seen) => seen,
            };
            if now >= deadline && self.is_over(deadline).await? {
                return Err(late(now.saturating_sub(began), seen));
            }
            self.check_budget(now)?;
            if now >= half {
                half = deadline;
                self.tell_slow(&until, now.saturating_sub(began));
            }
            self.pause(deadline.min(half)).await?;
        }
    }

    /// Waits until then, while the guards hold, the watches pass and nobody interrupts.
    pub(super) async fn hold_until(&mut self, deadline: Duration) -> Result<(), Fault> {
        loop {
            let now = self.world.now();
            self.guard()?;
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

    /// One look: what must hold now.
    pub(super) fn guard(&mut self) -> Result<(), Fault> {
        let situation = self.look();
        self.expect.check(&situation, &self.given.path)
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

    fn check_budget(&self, now: Duration) -> Result<(), Fault> {
        match self.given.plan.defaults.budget {
            Some(budget) if now > budget && self.can_go_back() => Err(Fault::BudgetUsed { budget }),
            _ => Ok(()),
        }
    }

    pub(super) fn tell_slow(&mut self, until: &Until, waited: Duration) {
        let step = self.step;
        self.tell(Event::Slow {
            step,
            waiting: until.what.clone(),
            waited: millis(waited),
            timeout: millis(until.bound),
        });
    }
}

/// Milliseconds, as events give them.
#[must_use]
pub fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
