//! What a run on the model sees of its host.

use std::{collections::BTreeSet, path::PathBuf, time::Duration};

use crate::protocol::{
    Baseline, FileId, Generation, GenerationState, Identity, Limits, Master as Does, Past, PidFile,
    Situation, Stability, Strays, Workers, poison_suspected, told_to_leave,
};

use super::{Binary, Executes, Master, Names, Simulated, Unlinking, Who, simulated::identity};

impl Simulated {
    /// What the run sees now.
    #[must_use]
    pub fn situation(&self) -> Situation {
        let strays = self.host.strays.iter().zip(Who::ALL).filter(|(sets, _)| **sets > 0);
        let mut left = Strays::default();
        for (sets, who) in strays {
            let workers = workers(who, *sets, 5);
            let of_new = self.new.is_some_and(|(new, _)| new == who);
            left.titled.extend(&workers);
            if of_new { left.new.extend(workers) } else { left.old.extend(workers) }
        }
        Situation {
            path: self.path,
            old: self.generation(Generation::Old),
            new: self.generation(Generation::New),
            reversed: self.reversed,
            pid_file: self.pid_file(),
            oldbin: self.host.oldbin.is_some(),
            unix_paths_gone: if self.host.unix_path { Vec::new() } else { vec![PathBuf::from("/run/unix")] },
            strays: left,
            past: self.past(),
            answers: self.answers,
            baseline: self.baseline(),
            limits: Limits { quit_timeout: self.quit_timeout },
        }
    }

    fn baseline(&self) -> Baseline {
        let at_term = |binary: Binary| binary.unlinking == Unlinking::AtTerm;
        let term_unlinks = matches!(self.news(), Executes::Master(binary) if at_term(binary));
        Baseline { accepting: 1, cache_manager: false, old_file: self.old_file(), term_unlinks }
    }

    fn past(&self) -> Vec<Past> {
        let aged = |past: &Past| Past { age: self.now.saturating_sub(past.age), ..past.clone() };
        self.done.iter().map(aged).collect()
    }

    pub(super) fn pid_file(&self) -> PidFile {
        let is = |which: Generation, who: Who| {
            let number = self.host.master(who).map(|master| master.number);
            self.known(which).is_some_and(|known| known == (who, number.unwrap_or(known.1)))
        };
        match self.host.pid_file {
            None => PidFile::Missing,
            Some(Names::Master(who)) if is(Generation::Old, who) => PidFile::Names(Generation::Old),
            Some(Names::Master(who)) if is(Generation::New, who) => PidFile::Names(Generation::New),
            Some(_) => PidFile::Foreign(1),
        }
    }

    pub(super) fn generation(&self, which: Generation) -> GenerationState {
        let Some(known) = self.known(which) else { return GenerationState::absent() };
        let (who, id) = (known.0, identity(known));
        let Some(master) = self.master(which).and_then(|who| self.host.master(who)) else {
            return GenerationState { master: Does::Dead, id: Some(id), ..GenerationState::absent() };
        };
        let mut stability = Stability::default();
        stability.had_workers = true;
        let since = self.unsettled_since[which as usize];
        GenerationState {
            master: does(master, told_to_leave(&self.done, id)),
            id: Some(id),
            exe: Some(FileId { dev: 1, ino: master.binary.of as u64 }),
            unsettled_for: since.map_or(Duration::ZERO, |since| self.now.saturating_sub(since)),
            // Every signal and every child that goes make it run.
            switches: u64::try_from(self.done.len()).unwrap_or(u64::MAX),
            listens: master.listens,
            poison_suspected: which == Generation::Old
                && poison_suspected(&self.done, id, self.new.is_some()),
            workers: Workers {
                titled: workers(who, master.accepting, 0),
                draining: workers(who, master.draining, 20),
                ..Workers::default()
            },
            stability,
            ..GenerationState::absent()
        }
    }
}

const fn does(master: &Master, told: bool) -> Does {
    if master.stopped {
        return Does::Stopped;
    }
    if told || master.leaves() || !master.listens { Does::Leaving } else { Does::Settled }
}

fn workers(of: Who, sets: u8, from: i32) -> BTreeSet<Identity> {
    let first = 1_000 + 100 * (of as i32) + from;
    (0..i32::from(sets)).map(|set| Identity { pid: first + set, start: 1 }).collect()
}
