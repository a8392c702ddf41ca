//! Settled: what was sent to a master has been handled, by it and by its workers.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::{Identity, ProcessFacts, RunState, Title, Workers};

/// How long a worker that never waits is waited for.
pub(super) const BUSY_WORKER: Duration = Duration::from_millis(500);

/// The memory that `settled` needs of one master.
///
/// WINCH, HUP and QUIT reach workers over a socket pair after the master was told (nginx-facts 28): a quiet master
/// does not mean that its workers have read it. A worker has when it was seen asleep, or has gone to sleep once
/// more, since the master's own switch count last changed.
#[derive(Clone, Debug, Default)]
pub struct Settling {
    switches: Option<u64>,
    waiting: BTreeMap<Identity, Awaited>,
    slept: BTreeSet<Identity>,
}

/// A worker that has not slept yet.
#[derive(Clone, Copy, Debug)]
struct Awaited {
    switches: u64,
    since: Duration,
}

impl Settling {
    /// Takes in one observation at `now` and says whether the master is settled.
    ///
    /// `children` were read after `master`; `rested` says that the master did nothing meanwhile
    /// ([`ProcessFacts::rested`]).
    pub fn observe(
        &mut self,
        now: Duration,
        master: &ProcessFacts,
        children: &[ProcessFacts],
        rested: bool,
    ) -> bool {
        if self.switches != Some(master.activity.switches) {
            self.switches = Some(master.activity.switches);
            self.waiting.clear();
            self.slept.clear();
        }
        let accepting = || children.iter().filter(|child| child.title == Title::Worker);
        let alive: BTreeSet<Identity> = accepting().map(|worker| worker.id).collect();
        self.waiting.retain(|id, _| alive.contains(id));
        self.slept.retain(|id| alive.contains(id));
        for worker in accepting() {
            self.look_at(now, worker);
        }
        let untitled = children.iter().any(|child| is_untitled(child, master));
        rested && !untitled && self.waiting.is_empty()
    }

    fn look_at(&mut self, now: Duration, worker: &ProcessFacts) {
        if self.slept.contains(&worker.id) {
            return;
        }
        let awaited = self
            .waiting
            .entry(worker.id)
            .or_insert(Awaited { switches: worker.activity.switches, since: now });
        let slept =
            worker.activity.state == RunState::Sleeping || worker.activity.switches > awaited.switches;
        if slept || now.saturating_sub(awaited.since) >= BUSY_WORKER {
            self.waiting.remove(&worker.id);
            self.slept.insert(worker.id);
        }
    }
}

/// A fork without a title of its own: it still carries the master's, or none.
fn is_untitled(child: &ProcessFacts, master: &ProcessFacts) -> bool {
    matches!(child.title, Title::Master | Title::Other) && !child.execed_by(master)
}

impl Workers {
    /// Every one of them, whatever its title.
    pub fn all(&self) -> impl Iterator<Item = Identity> {
        [&self.titled, &self.draining, &self.cache, &self.untitled].into_iter().flatten().copied()
    }

    /// Sorts the children of a master; a child that was exec'ed is another master and is left out.
    #[must_use]
    pub fn sort(master: &ProcessFacts, children: &[ProcessFacts]) -> Self {
        let mut sorted = Self::default();
        for child in children.iter().filter(|child| !child.execed_by(master)) {
            let set = match child.title {
                Title::Worker => &mut sorted.titled,
                Title::ShuttingDown => &mut sorted.draining,
                Title::CacheManager | Title::CacheLoader | Title::Helper => &mut sorted.cache,
                Title::Master | Title::Other => &mut sorted.untitled,
            };
            set.insert(child.id);
        }
        sorted
    }

    /// How many there are of all kinds.
    #[must_use]
    pub fn total(&self) -> usize {
        self.all().count()
    }
}
