//! Plain facts about one living process, and the titles that nginx gives to its processes.

use super::{FileId, Identity, Signal, SignalSet};

/// What a process does, from `State:` of `/proc/PID/status`. A zombie is no living process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// `R`: it runs or wants to.
    Running,
    /// `S`: it waits and can be woken.
    Sleeping,
    /// `D`: it waits and cannot be woken.
    Uninterruptible,
    /// `T` or `t`: it was stopped.
    Stopped,
    /// Another state (`I`, `P` and what kernels may add).
    Other,
}

/// What the title of a process says that it is (`ngx_setproctitle`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Title {
    /// `nginx: master process …`; a fork carries it too until it takes its own.
    Master,
    /// Exactly a worker.
    Worker,
    /// A worker that is shutting down.
    ShuttingDown,
    /// The cache manager.
    CacheManager,
    /// The cache loader; it exits by itself.
    CacheLoader,
    /// Another titled child: Tengine's pipe process, `OpenResty`'s privileged agent.
    Helper,
    /// No title of nginx: what an exec'ed master has until it takes its own.
    Other,
}

/// What of a process changes from moment to moment while it runs one program: `/proc/PID/status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Activity {
    /// Whether it runs, waits or was stopped.
    pub state: RunState,
    /// Signals that it blocks.
    pub blocked: SignalSet,
    /// Signals sent to it that it has not taken yet.
    pub pending: SignalSet,
    /// Signals that it has handlers for.
    pub caught: SignalSet,
    /// Its voluntary context switches.
    pub switches: u64,
}

impl Activity {
    /// As a master that waits for its next signal: nothing sent to it is still in flight (nginx-facts 15).
    #[must_use]
    pub fn quiet(&self) -> bool {
        self.state == RunState::Sleeping
            && self.blocked.is_empty()
            && self.pending.is_empty()
            && self.caught.contains(Signal::Usr2)
    }
}

/// One living process at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessFacts {
    /// Its pid and start time.
    pub id: Identity,
    /// Its parent's pid.
    pub parent: i32,
    /// What it does.
    pub activity: Activity,
    /// What its title says.
    pub title: Title,
    /// The file that it runs; `None` where that may not be read.
    pub exe: Option<FileId>,
    /// Where its stack begins, 0 where that may not be read.
    pub start_stack: u64,
}

impl ProcessFacts {
    /// A master that waits for its next signal ([`Activity::quiet`]).
    #[must_use]
    pub fn quiet(&self) -> bool {
        self.activity.quiet()
    }

    /// A master that was quiet before its children were read and is so `after`, without having run: whatever was
    /// seen of its children, it knows and has acted on. Only where it was quiet before is it looked at again.
    #[must_use]
    pub fn rested(&self, after: impl FnOnce() -> Option<Activity>) -> bool {
        let same = |after: Activity| after.quiet() && after.switches == self.activity.switches;
        self.quiet() && after().is_some_and(same)
    }

    /// A master that has not taken its title or installed its handlers yet.
    #[must_use]
    pub fn starting(&self) -> bool {
        self.title != Title::Master || !self.activity.caught.contains(Signal::Usr2)
    }

    /// It was exec'ed by `parent`, not only forked: it runs another file, or the same one with another stack.
    #[must_use]
    pub fn execed_by(&self, parent: &Self) -> bool {
        let differs = matches!((self.exe, parent.exe), (Some(own), Some(its)) if own != its);
        let stacks = self.start_stack != 0 && parent.start_stack != 0;
        differs || (stacks && self.start_stack != parent.start_stack)
    }
}
