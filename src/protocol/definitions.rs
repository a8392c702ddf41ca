//! The definitions of `docs/way-back.md` that are not a matter of memory: what a master does, strays, back-masters, poison.

use super::{
    FileId, Generation, GenerationState, Identity, Master, Move, Past, ProcessFacts, RunState, Signal, Title,
};

impl ProcessFacts {
    /// What this master does, given whether it is settled, holds a listening socket and was told to leave by us.
    ///
    /// Stopped comes first: whatever it was told, it will not handle it until it is continued.
    #[must_use]
    pub fn master(&self, settled: bool, listens: bool, told_to_leave: bool) -> Master {
        match self.activity.state {
            RunState::Stopped => Master::Stopped,
            _ if told_to_leave => Master::Leaving,
            _ if self.starting() => Master::Starting,
            _ if self.quiet() && !listens => Master::Leaving,
            _ if settled => Master::Settled,
            _ => Master::Busy,
        }
    }

    /// A master of what old ran that is a child of new: old again, in a reversed pair.
    #[must_use]
    pub fn back_master(&self, new: &Self, olds: FileId) -> bool {
        self.parent == new.id.pid && self.execed_by(new) && self.exe == Some(olds)
    }

    /// A process that a dead master of `exe` left behind: its file, no master's child, and either remembered as a
    /// child of that master, or no master and marked as its own: by its listening sockets, or a file that only it ran.
    #[must_use]
    pub fn stray(&self, exe: Option<FileId>, parent_is_master: bool, remembered: bool, marked: bool) -> bool {
        let left_behind = remembered || (marked && self.title != Title::Master);
        self.exe.is_some() && self.exe == exe && !parent_is_master && left_behind
    }
}

impl GenerationState {
    /// What of *well* can be seen: settled, somebody accepts, nobody was replaced without draining.
    #[must_use]
    pub fn looks_well(&self) -> bool {
        self.accepting().is_some_and(|accepting| accepting > 0) && !self.stability.replaced
    }

    /// Quiet and without workers after it had some: the fatal exit code 2 (nginx-facts 9) or a lost WINCH.
    #[must_use]
    pub fn fatal(&self) -> bool {
        self.master == Master::Settled && self.stability.had_workers && self.workers.titled.is_empty()
    }
}

/// Whether old may be poisoned (nginx-facts 2): the way back had to write its pid file, which nginx may have failed to
/// rename at USR2; or nobody was ever seen to be executed after this run's USR2, so that the fork itself may have failed.
/// A stub exec that was made cures the poison and ends the suspicion.
#[must_use]
pub fn poison_suspected(past: &[Past], old: Identity, executed: bool) -> bool {
    let about_old = |past: &&Past| past.to.is_none_or(|to| to == old);
    let suspicious = |past: &Past| match &past.what {
        Move::WritePidFile { names: Generation::Old } => past.way_back,
        Move::OpenWindow | Move::Signal { signal: Signal::Usr2, to: Generation::Old } => {
            !executed && past.sent
        }
        _ => false,
    };
    let relevant = |past: &&Past| suspicious(past) || (past.sent && past.what == Move::StubExec);
    past.iter().filter(about_old).rfind(relevant).is_some_and(suspicious)
}

/// Whether this run told that master QUIT or TERM.
#[must_use]
pub fn told_to_leave(past: &[Past], master: Identity) -> bool {
    let leaves = |what: &Move| matches!(what, Move::Signal { signal: Signal::Quit | Signal::Term, .. });
    past.iter().any(|past| past.sent && past.to == Some(master) && leaves(&past.what))
}
