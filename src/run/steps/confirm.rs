//! `confirm`: waits for a person's word, until the deadline.

use std::time::Duration;

use crate::{
    engine::{Event, Fault},
    host::files::sha256,
    journal::Confirmation,
    plan::steps::Confirm,
    run::{Run, World},
};

impl<W: World> Run<'_, W> {
    /// Waits until somebody confirms the run with the plan's token, while the guards hold and the watches pass.
    pub(in crate::run) async fn confirm(
        &mut self,
        step: &Confirm,
        timeout: Duration,
    ) -> Result<String, Fault> {
        let expected = Confirmation { token: step.token.as_ref().map(|token| sha256(token.as_bytes())) };
        // By a clock that goes on while the run, or the host, sleeps: nobody is waited for longer than was said.
        let deadline = self.world.since_boot().saturating_add(timeout);
        let began = self.world.now();
        let mut patience = self.patience("`changeover confirm`", timeout);
        loop {
            self.guard().await?;
            match self.world.confirmation() {
                Some(said) if said == expected => {
                    self.record(Event::Confirmed)?;
                    return Ok("confirmed".to_owned());
                }
                Some(_) => self.tell(Event::Noticed {
                    code: "run/wrong-token".to_owned(),
                    text: "somebody confirmed the run with another token, or without one".to_owned(),
                }),
                None => {}
            }
            let left = deadline.saturating_sub(self.world.since_boot());
            let now = self.world.now();
            if left.is_zero() {
                return Err(Fault::NotConfirmed { waited: now.saturating_sub(began) });
            }
            self.check_budget(now)?;
            self.tell_slow(&mut patience, now);
            self.pause(patience.next().min(now.saturating_add(left))).await?;
        }
    }
}
