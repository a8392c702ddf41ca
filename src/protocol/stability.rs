//! Whether the workers of a master stay: single deaths, a crash loop, a master that has lost them all.

use std::{collections::BTreeSet, time::Duration};

use super::{Identity, Workers};

/// A reload lets both sets of workers overlap for this long (100 ms in `ngx_master_process_cycle`), less a margin:
/// two observations closer than this cannot both miss the overlap.
const RELOAD_OVERLAP: Duration = Duration::from_millis(80);

/// What was seen of the workers of one master, from observation to observation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stability {
    /// Workers that died without draining and whose replacement was born after the death.
    pub crashes: usize,
    /// One of them since the observation before.
    pub replaced: bool,
    /// Whether the master ever had a worker.
    pub had_workers: bool,
    /// Deaths whose replacement was not seen yet: nginx forks it at once, but after the death.
    unreplaced: usize,
}

impl Stability {
    /// Takes in the workers of the next observation, `elapsed` after the one before. A master that `rested` while
    /// they were read has replaced whom it replaces.
    ///
    /// A reload lets the replacements live beside the workers that leave, so it shows no birth after a death;
    /// cache processes come and go by themselves and do not count (nginx-facts 21).
    pub fn observe(&mut self, before: &Workers, now: &Workers, elapsed: Duration, rested: bool) {
        let all = |workers: &Workers| -> BTreeSet<Identity> {
            [&workers.titled, &workers.draining, &workers.cache, &workers.untitled]
                .into_iter()
                .flatten()
                .copied()
                .collect()
        };
        let (known, alive) = (all(before), all(now));
        let serving = |workers: &Workers| -> BTreeSet<Identity> {
            workers.titled.union(&workers.untitled).copied().collect()
        };
        let died = serving(before).difference(&alive).count();
        let born = serving(now).difference(&known).count();
        let stayed = serving(before).intersection(&alive).count();
        // All of them exchanged between two observations far apart may just as well be a reload.
        let reload = stayed == 0 && born > 0 && died > 0 && elapsed >= RELOAD_OVERLAP;
        let crashed = if reload { 0 } else { (self.unreplaced + died).min(born) };
        self.unreplaced = if reload || rested { 0 } else { self.unreplaced + died - crashed };
        self.replaced = crashed > 0;
        self.crashes += crashed;
        self.had_workers |= !now.titled.is_empty() || !now.draining.is_empty() || born > 0;
    }

    /// Workers die and are replaced again and again: more than a full set of `expected` workers has.
    #[must_use]
    pub const fn crash_loop(&self, expected: usize) -> bool {
        self.crashes > expected
    }
}
