//! Which request the running nginx answers.

use super::candidates;
use crate::{
    nginx::printable,
    plan::{Probe, steps::Answerer},
    preflight::Master,
    probe::{Answer, Crew, Prober},
};

/// Asks one after the other until one is answered with 2xx; otherwise the first with the lowest class below 500. Also
/// told: what came of each.
pub(super) async fn first_that_answers(all: Vec<Probe>, master: &Master) -> (Option<Probe>, Vec<String>) {
    let prober = Prober::new();
    let crew = || Crew { old: master.workers.iter().map(|worker| worker.pid).collect(), new: Vec::new() };
    let (mut best, mut asked): (Option<Probe>, _) = (None, Vec::new());
    for mut probe in all {
        let answer = prober.probe(&probe, Answerer::Any, &crew).await;
        asked.push(printable(&format!("{}: {}", candidates::place(&probe), told(&answer)), 300));
        // The plan asks who answers: where nobody can tell, its step could only fail.
        let Some(status) = answer.status.filter(|_| answer.by.is_some()) else { continue };
        probe.expect.status = vec![status];
        match status / 100 {
            2 => return (Some(probe), asked),
            3 | 4 if best.as_ref().is_none_or(|best| class(best) > status / 100) => best = Some(probe),
            _ => {}
        }
    }
    (best, asked)
}

fn class(probe: &Probe) -> u16 {
    probe.expect.status.first().map_or(u16::MAX, |status| status / 100)
}

fn told(answer: &Answer) -> String {
    match (answer.status, &answer.unattributed) {
        (Some(status), Some(why)) => format!("{status}, and nobody can tell who answers: {why}"),
        (Some(status), None) => status.to_string(),
        (None, _) => answer.outcome.to_string(),
    }
}
