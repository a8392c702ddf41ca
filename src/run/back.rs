//! The way back: one move, its barrier, observe, ask again.

use std::time::Duration;

use super::{Effect, Run, Wake, World, patience::Patience};
use crate::{
    engine::Event,
    protocol::{Generation, Master, Move, Next, Situation, Stuck, Waiting, way_back},
};

/// How the way back ended.
pub(super) enum Back {
    /// Old serves again, alone, verified.
    Done,
    /// A person is needed.
    Stuck(Stuck),
    /// A person asked again to stop: everything stays as it is, and the path holds what was found.
    Stopped,
}

impl<W: World> Run<'_, W> {
    /// Goes back, driven by observation only. The first request to stop changes nothing here: the shortest way to rest
    /// is the end. The second one ends it between two moves.
    pub(super) async fn back(&mut self) -> Back {
        self.world.stop_watches();
        self.tell(Event::WayBackStarted);
        let mut waits: Option<(Waiting, Patience)> = None;
        let mut thought_again = 0;
        loop {
            let situation = self.look();
            let next = way_back(&situation);
            let at_its_end = matches!(next, Next::RolledBack | Next::Stuck(_));
            if self.stopping && !at_its_end && self.path_is_back(&situation).await {
                self.tell(Event::Stopped);
                return Back::Stopped;
            }
            match next {
                Next::Move(what) => {
                    waits = None;
                    let receiver = what.receiver();
                    self.make(what).await;
                    if let Some(receiver) = receiver {
                        self.barrier(receiver, situation.generation(receiver).switches).await;
                    }
                }
                Next::Ask(question) => {
                    self.world.ask(question).await;
                    // Nothing else looks for a signal that came meanwhile.
                    self.rest(self.world.now()).await;
                }
                Next::Wait { waiting, bound } => {
                    let waited = waits.take().filter(|(what, _)| *what == waiting);
                    let mut patience = match waited {
                        Some((_, patience)) => patience,
                        None => self.waits(waiting, bound),
                    };
                    self.rest_for(&mut patience, bound).await;
                    waits = Some((waiting, patience));
                }
                Next::RolledBack => {
                    self.tell(Event::RolledBack);
                    return Back::Done;
                }
                Next::Stuck(why) => {
                    // What was killed a moment ago may still be dying, and who comes in its place is found a look
                    // later: who serves is said when that is over, and only what is stuck even then is.
                    self.calm().await;
                    let after = way_back(&self.look());
                    match after {
                        Next::Stuck(why) => return self.stuck(why),
                        _ if thought_again < THINK_AGAIN => thought_again += 1,
                        _ => return self.stuck(why),
                    }
                }
            }
        }
    }

    /// Whether the path holds no file of this run, after one try to put back what was found: a way back that stops
    /// leaves neither the staged file nor the stub for the next restart.
    pub(super) async fn path_is_back(&mut self, situation: &Situation) -> bool {
        if situation.path.is_ours() {
            self.make(Move::ExchangeBack).await;
            return !self.look().path.is_ours();
        }
        true
    }

    pub(super) fn stuck(&mut self, why: Stuck) -> Back {
        self.tell(Event::Stuck { why });
        Back::Stuck(why)
    }

    /// A move that the world refuses changes nothing: the next situation tells, and attempts are bounded.
    async fn make(&mut self, what: Move) {
        let refused = match self.perform(what.clone(), true).await {
            Err(fault) => fault.to_string(),
            Ok(effect) if matches!(what, Move::Reverse { .. }) => match effect {
                Effect::Executed { child } => return self.tell(Event::BackMaster { pid: child.pid }),
                Effect::Made | Effect::NotHandled => "new's master has not handled it".to_owned(),
                Effect::ExecFailed => "the old binary could not be executed".to_owned(),
                Effect::Ignored => "new's master took it and started nobody".to_owned(),
                Effect::NotRenamed => "new's master could not rename the pid file".to_owned(),
            },
            Ok(_) => return,
        };
        self.tell(Event::MoveRefused { what, text: refused });
    }

    /// After a signal only its barrier is waited for: the master has taken it, or will take no more; bounded. Two in
    /// flight are taken in nginx's order and not in ours (nginx-facts 16, 17 and 18).
    async fn barrier(&mut self, receiver: Generation, switches: u64) {
        let deadline = self.world.now().saturating_add(BARRIER);
        while self.world.now() < deadline && !self.stopping {
            let situation = self.look();
            let state = situation.generation(receiver);
            let waiting = match state.master {
                Master::Settled => state.switches <= switches,
                Master::Starting | Master::Busy => true,
                Master::Absent | Master::Stopped | Master::Leaving | Master::Dead => false,
            };
            if !waiting {
                return;
            }
            self.rest(deadline).await;
        }
    }

    /// Waits until nothing has changed for a while, bounded.
    pub(super) async fn calm(&mut self) {
        let mut last = self.look();
        let mut since = self.world.now();
        let deadline = since.saturating_add(BARRIER);
        while self.world.now() < deadline.min(since.saturating_add(CALM)) {
            self.rest(deadline.min(since.saturating_add(CALM))).await;
            let situation = self.look();
            if !situation.same_processes(&last) {
                (last, since) = (situation, self.world.now());
            }
        }
    }

    /// Begins to wait.
    fn waits(&mut self, waiting: Waiting, bound: Duration) -> Patience {
        self.tell(Event::WayBackWaits { waiting });
        self.patience(waiting.in_words(), bound)
    }

    /// Waits for a change, at most this long; half of a time that is more than a pause between two looks is told.
    async fn rest_for(&mut self, patience: &mut Patience, bound: Duration) {
        let now = self.world.now();
        let end = now.saturating_add(bound);
        if patience.bound() < A_WHILE {
            return self.rest(end).await;
        }
        self.tell_slow(patience, now);
        self.rest(end.min(patience.next())).await;
    }

    async fn rest(&mut self, deadline: Duration) {
        if let Wake::Interrupted(signal) = self.world.wait(deadline).await {
            self.stopping |= self.interrupted(signal);
        }
    }
}

/// The longest that a barrier holds the way back up; what is not settled then, rule 0 waits for.
const BARRIER: Duration = Duration::from_millis(500);
/// How often a verdict of stuck that does not hold after [`CALM`] is taken back.
const THINK_AGAIN: u32 = 3;
/// A bound below this one only sets the pace.
const A_WHILE: Duration = Duration::from_secs(1);
/// How long nothing may change before who serves is said.
const CALM: Duration = Duration::from_millis(100);
