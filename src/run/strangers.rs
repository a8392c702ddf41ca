//! What somebody else did to nginx and the run goes on from: old's workers that a reload brought back.

use std::time::Duration;

use super::{Run, World};
use crate::{
    engine::{Event, Fault},
    plan::steps,
    protocol::{Signal, Situation},
};

/// The code of both: a HUP to old while new lives starts its workers a second time (nginx-facts 5 and 17).
const BACK: &str = "run/old-workers-back";

/// How long the second WINCH may take: nothing lies between it and the end of accepting.
const AGAIN: Duration = Duration::from_secs(2);

/// What was noticed so far.
#[derive(Debug, Default)]
pub(super) struct Strangers {
    /// WINCH was sent a second time.
    drained_again: bool,
    /// It was told that old has more workers than it had.
    doubled: bool,
}

impl<W: World> Run<'_, W> {
    /// Whether old may be told WINCH once more: it was not yet, and new serves.
    pub(super) fn may_drain_again(&self, situation: &Situation) -> bool {
        !self.strangers.drained_again && situation.new.accepting().is_some_and(|accepting| accepting > 0)
    }

    /// WINCH to old once more, from a quiet point: its workers finish what they have, and new goes on alone.
    pub(super) async fn drain_again(&mut self, accepting: usize) -> Result<(), Fault> {
        self.strangers.drained_again = true;
        let text = format!("{accepting} old workers accept again after WINCH: it is sent once more");
        self.tell(Event::Noticed { code: BACK.to_owned(), text });
        self.expect.old_drained = false;
        let winch = steps::Signal { signal: Signal::Winch, to: steps::MasterName::OldMaster };
        let bound = self.given.plan.defaults.timeout.min(AGAIN);
        match self.signal(&winch, bound).await {
            // Somebody brought them back once more, before the end of the first ones was seen.
            Err(Fault::NoEffect { .. }) => Err(Fault::OldWorkersBack { accepting }),
            drained => drained.map(drop),
        }
    }

    /// Before WINCH more workers than before harm nobody: WINCH reaches all of them.
    pub(super) fn notice_doubled(&mut self, situation: &Situation) {
        let more = situation.old.accepting().filter(|accepting| *accepting > situation.baseline.accepting);
        let before_winch = self.expect.old_accepts && situation.new.master.lives();
        let Some(accepting) = more.filter(|_| before_winch && !self.strangers.doubled) else { return };
        self.strangers.doubled = true;
        let text = format!(
            "{accepting} old workers accept, after somebody else's HUP: WINCH will reach all of them"
        );
        self.tell(Event::Noticed { code: BACK.to_owned(), text });
    }
}
