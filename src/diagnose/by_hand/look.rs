//! What is seen of masters, their workers and their files: the same of a real host and of one of the model.

use crate::protocol::{
    Generation, GenerationState, Master, PidFile, Situation,
    nginx::{self, Host, Names, Who},
};

/// What is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Look {
    /// The only master, or the one that has executed the other.
    pub(super) elder: One,
    /// The other one.
    pub(super) child: Option<One>,
    /// Whom the pid file names; `None`: there is none.
    pub(super) pid_file: Option<Named>,
    /// Whom `.oldbin` names.
    pub(super) oldbin: Option<Named>,
    /// Workers without a master accept.
    pub(super) strays: bool,
    /// The elder's workers were started after the other master was, without a reload: it was told WINCH, and HUP after it.
    restarted: bool,
}

/// What is seen of one master.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is seen by itself")]
pub(super) struct One {
    accepts: bool,
    pub(super) drains: bool,
    leaves: bool,
    /// It was stopped: what it is told waits.
    pub(super) stopped: bool,
}

/// Whom a file names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    Elder,
    Child,
    /// Nobody that is one of them.
    Other,
}

impl Look {
    /// Of a real host; `None` where no master lives.
    pub(super) fn of(situation: &Situation, oldbin: Option<PidFile>) -> Option<Self> {
        let named = |file: PidFile| match file {
            PidFile::Missing => None,
            PidFile::Names(Generation::Old) => Some(Named::Elder),
            PidFile::Names(Generation::New) => Some(Named::Child),
            PidFile::Foreign(_) | PidFile::Unreadable => Some(Named::Other),
        };
        let Situation { old, new, .. } = situation;
        old.master.lives().then(|| Self {
            elder: one(old),
            child: new.master.lives().then(|| one(new)),
            pid_file: named(situation.pid_file),
            oldbin: oldbin.and_then(named),
            strays: !situation.strays.titled.is_empty(),
            restarted: restarted(old, new),
        })
    }
}

fn one(state: &GenerationState) -> One {
    let stopped = state.master == Master::Stopped;
    One {
        accepts: !state.workers.titled.is_empty(),
        drains: !state.workers.draining.is_empty(),
        // Of a stopped one only its sockets tell.
        leaves: state.master == Master::Leaving || (stopped && !state.listens),
        stopped,
    }
}

/// Every worker of old is younger than new's master.
pub(super) fn restarted(old: &GenerationState, new: &GenerationState) -> bool {
    let Some(new) = new.id.filter(|_| new.master.lives()) else { return false };
    let workers = &old.workers.titled;
    !workers.is_empty() && workers.iter().all(|worker| worker.start > new.start)
}

/// A host of the model, with the parts that its masters play.
#[derive(Clone, Copy, Debug)]
pub(super) struct Guess {
    pub(super) host: Host,
    pub(super) elder: Who,
    pub(super) child: Option<Who>,
}

impl Guess {
    /// `None` where the masters are not one, or one and the one that it has executed.
    pub(super) fn of(host: Host) -> Option<Self> {
        let living: Vec<(Who, &nginx::Master)> = host.masters().collect();
        let (elder, child) = match living.as_slice() {
            [(only, _)] => (*only, None),
            [(one, _), (other, master)] if master.parent == Some(*one) => (*one, Some(*other)),
            [(one, master), (other, _)] if master.parent == Some(*other) => (*other, Some(*one)),
            _ => return None,
        };
        Some(Self { host, elder, child })
    }

    /// What is seen of it.
    pub(super) fn look(&self) -> Option<Look> {
        let named = |names: Names| match names {
            Names::Master(who) if who == self.elder => Named::Elder,
            Names::Master(who) if Some(who) == self.child => Named::Child,
            Names::Master(_) | Names::Other => Named::Other,
        };
        let one = |master: &nginx::Master| One {
            accepts: master.accepting > 0,
            drains: master.draining > 0,
            leaves: master.leaves() || !master.listens,
            stopped: master.stopped,
        };
        let elder = self.host.master(self.elder)?;
        // The HUP of a master with a new binary does not say that it has workers (nginx-facts 36).
        let restarted = self.child.is_some() && elder.accepting > 0 && !elder.live;
        Some(Look {
            elder: one(elder),
            restarted,
            child: self.child.and_then(|child| self.host.master(child)).map(one),
            pid_file: self.host.pid_file.map(named),
            oldbin: self.host.oldbin.map(named),
            strays: self.host.strays != [0; 3],
        })
    }
}
