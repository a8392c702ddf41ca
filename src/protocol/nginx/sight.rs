//! What a run on the model sees of its host.

use std::{collections::BTreeSet, path::PathBuf, time::Duration};

use crate::protocol::{
    Baseline, FileId, Generation, GenerationState, Identity, Limits, Master as Does, Move, Past, PidFile,
    Signal, SignalSet, Situation, Stability, Strays, Workers, poison_suspected, told_to_leave,
};

use super::{Binary, Executes, Master, Names, Simulated, Unlinking, Who, simulated::identity};

/// What the way back reads beside the host, without its times: before it has made a move of its own, runs that have the same,
/// on the same host, go back alike. Who is old and who new, and what this run has laid at the path, the host itself says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Memory {
    new_is_well: bool,
    new_resists: bool,
    /// Whether old was told USR1 last, and so is flushed (rule 8).
    flushed: bool,
    /// Everything that this run has told each of them: whom it has told QUIT or TERM it waits for (rules 2 and 6), and USR2 may
    /// have poisoned old (rule 10).
    told: [SignalSet; 2],
}

impl Simulated {
    /// What a way back from here depends on beside the host.
    #[must_use]
    pub fn memory(&self) -> Memory {
        let to = |which: Generation| {
            let id = self.known(which).map(identity);
            let sent = self.done.iter().filter(move |past| past.sent && past.to.is_some() && past.to == id);
            sent.filter_map(|past| match past.what {
                Move::OpenWindow | Move::StubExec | Move::Reverse { .. } => Some(Signal::Usr2),
                Move::Signal { signal, .. } => Some(signal),
                _ => None,
            })
        };
        let told = |which| to(which).fold(SignalSet::default(), SignalSet::with);
        Memory {
            new_is_well: self.new_is_well,
            new_resists: self.new_resists,
            flushed: to(Generation::Old).next_back() == Some(Signal::Usr1),
            told: [Generation::Old, Generation::New].map(told),
        }
    }

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::nginx::Host;

    /// Both generations accept, and connections do not end.
    fn both() -> Simulated {
        let [old, new] = [Generation::Old, Generation::New].map(Binary::recent);
        let host = Host { idle: false, ..Host::serving(old) };
        let mut run = Simulated::on(host, Some(Executes::Master(new)));
        run.makes(&Move::OpenWindow, false);
        run
    }

    fn tells(mut run: Simulated, signal: Signal, to: Generation) -> Simulated {
        run.makes(&Move::Signal { signal, to }, false);
        run
    }

    /// The hosts are the same, and what the way back does is not: the memory must tell them apart.
    #[track_caller]
    fn differ(one: &Simulated, two: &Simulated) {
        assert_eq!(one.host, two.host);
        assert_ne!(one.clone().goes_back().moves, two.clone().goes_back().moves);
        assert_ne!(one.memory(), two.memory());
    }

    #[test]
    fn what_new_is_like_is_remembered() {
        let (mut sick, mut resists) = (both(), both());
        (sick.new_is_well, resists.new_resists) = (false, true);
        differ(&both(), &sick);
        differ(&both(), &resists);
    }

    #[test]
    fn a_new_that_this_run_has_told_quit_is_waited_for() {
        let mut by_a_stranger = both();
        by_a_stranger.host.tell(Who::New, Signal::Quit);
        differ(&tells(both(), Signal::Quit, Generation::New), &by_a_stranger);
    }

    #[test]
    fn an_old_that_was_told_usr1_last_is_flushed() {
        let [mut flushed, other] =
            [[Signal::Hup, Signal::Usr1], [Signal::Usr1, Signal::Hup]].map(|signals| {
                let alone = tells(both(), Signal::Term, Generation::New);
                signals.into_iter().fold(alone, |run, signal| tells(run, signal, Generation::Old))
            });
        // The host itself does not show which of them was the last.
        flushed.host = other.host;
        differ(&flushed, &other);
    }
}
