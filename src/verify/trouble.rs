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
    /// What new answers is wrong.
    Sick,
    /// Somebody else removes the pid file.
    LosesPidFile,
    /// Somebody else removes the path of the unix socket.
    LosesUnixPath,
    /// Old's master is killed, and its workers accept on.
    OldKilled,
    /// Somebody else tells old QUIT.
    OldQuit,
}

impl Trouble {
    pub(super) const ALL: [Self; 9] = [
        Self::Exits,
        Self::GivesUp,
        Self::Reload,
        Self::Rotation,
        Self::Sick,
        Self::LosesPidFile,
        Self::LosesUnixPath,
        Self::OldKilled,
        Self::OldQuit,
    ];

    /// Whom it happens to.
    const fn strikes(self) -> Generation {
        match self {
            Self::Exits | Self::GivesUp | Self::Sick => Generation::New,
            Self::Reload
            | Self::Rotation
            | Self::LosesPidFile
            | Self::LosesUnixPath
            | Self::OldKilled
            | Self::OldQuit => Generation::Old,
        }
    }

    /// Whether a plan can do something about it. Without new nobody starts an old again that somebody else has ended, and
    /// while new does not accept nobody serves then, whatever the plan.
    fn counts(self, state: &State) -> bool {
        let new = state.run.master(Generation::New).and_then(|new| state.run.host.master(new));
        match self {
            Self::OldKilled => new.is_some_and(|new| !new.leaves()),
            Self::OldQuit => new.is_some_and(|new| !new.leaves() && new.accepting > 0),
            _ => true,
        }
    }

    /// What is there once it has happened; `None` where there is nobody to whom it could.
    pub(super) fn strike(self, state: &State) -> Option<State> {
        let who = state.run.master(self.strikes()).filter(|_| self.counts(state))?;
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
            Self::Sick => {
                next.run.new_is_well = false;
                next.story.push("new answers with errors".to_owned());
            }
            Self::LosesPidFile => {
                next.run.host.pid_file = None;
                next.story.push("somebody removes the pid file".to_owned());
            }
            Self::LosesUnixPath => {
                next.run.host.unix_path = false;
                next.story.push("somebody removes the path of a unix socket".to_owned());
            }
            Self::OldKilled => {
                next.run.host.kill(who);
                next.story.push("old-master is killed".to_owned());
            }
            Self::OldQuit => {
                next.run.host.tell(who, Signal::Quit);
                next.story.push("somebody tells old-master QUIT".to_owned());
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        protocol::{Generation::Old, Move, OldFile},
        verify::scenes::{both, standard},
    };

    /// Where old and new accept, the next step is due, and one trouble may come first: the stories that go on, and the moves
    /// of the ways back.
    fn told(idle: bool) -> (Vec<String>, Vec<Move>) {
        let plan = standard();
        let mut search = Search::new(&plan, 1);
        search.queue.clear();
        for trouble in Trouble::ALL {
            search.troubled(&State { story: Vec::new(), ..both(&plan, idle) }, trouble);
        }
        assert_eq!(search.found.bad, []);
        (search.queue.iter().map(|state| state.story.join(", ")).collect(), search.found.back)
    }

    #[test]
    fn each_trouble_is_gone_on_from_or_back_from() {
        let (stories, moves) = told(true);
        let expected = [
            "the workers of new exit with code 2",
            "somebody tells old-master HUP",
            "somebody tells old-master USR1",
            "new answers with errors",
            "somebody removes the pid file",
            "somebody removes the path of a unix socket",
        ];
        assert_eq!(stories, expected);
        // Those that are noticed at once: a killed old leaves more than one that exits by itself.
        let of_killed = [Move::Reverse { file: OldFile::Found }, Move::UnlinkOldbin, Move::QuitStrays];
        assert!(of_killed.iter().all(|what| moves.contains(what)), "{moves:?}");
        let (_, moves) = told(false);
        assert!(
            moves.contains(&Move::Signal { signal: Signal::Term, to: Old }),
            "old was told QUIT: {moves:?}"
        );
    }

    #[test]
    fn nobody_ends_an_old_that_no_plan_could_bring_back() {
        let mut alone = both(&standard(), true);
        let new = alone.run.master(Generation::New).unwrap();
        alone.run.host.workers_give_up(new);
        let strikes =
            |state: &State| [Trouble::OldKilled, Trouble::OldQuit].map(|it| it.strike(state).is_some());
        assert_eq!(strikes(&alone), [true, false], "its workers accept on");
        alone.run.host.kill(new);
        assert_eq!(strikes(&alone), [false, false]);
    }
}
