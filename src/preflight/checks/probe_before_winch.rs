//! A probe of new before WINCH can reach new.

use super::super::{
    Facts, ProbedAt, Socket,
    finding::{Outcome, refuse},
};

use crate::nginx::dump::Configuration;

/// From here a worker of nginx does not keep idle siblings from accepting (`ngx_reorder_accept_events`).
const REORDERS: crate::nginx::version::Core = (1, 21, 6);

pub(super) fn check(facts: &Facts) -> Outcome {
    let build = facts.running_build().filter(|build| build.is_older_than(REORDERS) == Some(true))?;
    // With the mutex the workers of both generations take turns.
    if facts.configuration().is_some_and(Configuration::accept_mutex) {
        return None;
    }
    let held = &facts.master.as_ref()?.held;
    let has_reuseport = |at: &ProbedAt| {
        let ProbedAt::Port(port) = at else { return false };
        held.iter().any(|held| match held.socket {
            Socket::Tcp(at) => held.count > 1 && port.is_none_or(|port| port == at.port()),
            Socket::Udp(_) | Socket::Unix(..) => false,
        })
    };
    let probed = facts.wanted.probes_before_winch.iter().find(|probed| !has_reuseport(&probed.at))?;
    refuse(
        "preflight/probe-cannot-reach-new",
        format!("step {} probes new before WINCH, and old is {build}, without `reuseport`", probed.step),
        "with an old binary before 1.21.6 its idle workers take every connection, so the step \
         ends as `not-reached` and the way back is taken although the new build was never judged",
        "put the `http-probe` after `wait-for-workers` old `draining`, as plans/nginx.toml does",
    )
}

#[cfg(test)]
mod tests {
    use super::{
        super::healthy::{CONFIGURATION, assert_found, facts, master_of, trial},
        check,
    };
    use crate::{
        engine::Level,
        preflight::{Facts, Probed, ProbedAt},
    };

    fn probing(old: &str) -> Facts {
        let mut facts = facts();
        facts.running = Some(trial(old, CONFIGURATION));
        facts.wanted.probes_before_winch = vec![Probed { step: 4, at: ProbedAt::Port(Some(80)) }];
        facts
    }

    #[test]
    fn without_such_a_probe_or_with_a_later_nginx_it_passes() {
        assert_eq!(check(&facts()), None);
        assert_eq!(check(&probing("1.21.6")), None);
    }

    #[test]
    fn an_older_nginx_without_reuseport_is_refused() {
        let mut facts = probing("1.18.0");
        assert_found(check(&facts), "preflight/probe-cannot-reach-new", Level::Refuse);
        master_of(&mut facts).held[0].count = 2;
        assert_eq!(check(&facts), None);
        for at in [ProbedAt::Port(Some(443)), ProbedAt::Unix] {
            facts.wanted.probes_before_winch = vec![Probed { step: 4, at }];
            assert_found(check(&facts), "preflight/probe-cannot-reach-new", Level::Refuse);
        }
    }

    #[test]
    fn workers_that_take_turns_let_the_new_ones_accept() {
        let mut facts = probing("1.18.0");
        facts.offered = None;
        facts.wanted.binary = None;
        facts.running = Some(trial("1.18.0", "events { accept_mutex on; }"));
        assert_eq!(check(&facts), None);
    }
}
