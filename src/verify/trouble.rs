//! What can go wrong between two steps.

use super::{explore::Search, state::State};
use crate::protocol::{Generation, Signal};

/// What can go wrong between two steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// New's master exits.
    Exits,
    /// New's workers exit with code 2, and nothing starts them again (nginx-facts 9).
    GivesUp,
    /// Somebody else tells old HUP.
    Reload,
    /// Somebody else tells old USR1, as a log rotation does.
    Rotation,
}

impl Trouble {
    pub(super) const ALL: [Self; 4] = [Self::Exits, Self::GivesUp, Self::Reload, Self::Rotation];

    /// Whom it happens to.
    const fn strikes(self) -> Generation {
        match self {
            Self::Exits | Self::GivesUp => Generation::New,
            Self::Reload | Self::Rotation => Generation::Old,
        }
    }

    /// What is there once it has happened; `None` where there is nobody to whom it could.
    pub(super) fn strike(self, state: &State) -> Option<State> {
        let who = state.run.master(self.strikes())?;
        let mut next = state.clone();
        match self {
            Self::Exits => {
                next.run.host.tell(who, Signal::Term);
                next.slow = false;
                let starts = if state.slow { STARTS } else { "" };
                next.story.push(format!("the new master exits{starts}"));
            }
            Self::GivesUp => {
                next.run.host.workers_give_up(who);
                next.slow = false;
                let starts = if state.slow { " while they start" } else { "" };
                next.story.push(format!("the workers of new exit with code 2{starts}"));
            }
            Self::Reload => {
                next.run.host.tell(who, Signal::Hup);
                next.story.push("somebody tells old-master HUP".to_owned());
                next.drains_again();
            }
            Self::Rotation => {
                next.run.host.tell(who, Signal::Usr1);
                next.story.push("somebody tells old-master USR1".to_owned());
            }
        }
        Some(next)
    }
}

/// Why a new master exits in its start.
const STARTS: &str = " while it starts: its configuration, an address, a library";

impl Search<'_> {
    /// Something happens before the next step; where the run notices it goes back, else it goes on.
    pub(super) fn troubled(&mut self, state: &State, trouble: Trouble) {
        let struck = trouble.strike(state).filter(|_| state.faults < self.faults);
        let Some(struck) = struck else { return };
        let next = State { faults: state.faults + 1, ..struck };
        if !next.guards.hold(&next.run) {
            self.goes_back(&next, state.at);
        } else if self.push(next.clone()) {
            self.is_killed(&next, None);
        }
    }
}
