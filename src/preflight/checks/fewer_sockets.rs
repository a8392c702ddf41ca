//! New accepts on every socket that the old master holds.

use super::{
    super::{
        Facts,
        finding::{Outcome, refuse},
    },
    listening::expected,
};

pub(super) fn check(facts: &Facts) -> Outcome {
    let master = facts.master.as_ref()?;
    let (listens, workers) = (facts.listens()?, facts.expected_workers()?);
    let fewer: Vec<String> = master
        .held
        .iter()
        .filter_map(|held| {
            let new = expected(held, &listens, workers)?;
            (new < held.count).then(|| format!("{}: {} sockets now, {new} then", held.socket, held.count))
        })
        .collect();
    if fewer.is_empty() {
        return None;
    }
    refuse(
        "preflight/fewer-sockets",
        fewer.join("; "),
        "connections to the sockets that only the idle old master still holds hang until it has left",
        "keep `worker_processes` and `reuseport` as they run, change over, then change them with a reload",
    )
}

#[cfg(test)]
mod tests {
    use super::{
        super::healthy::{assert_found, facts, master_of, with_configuration},
        check,
    };
    use crate::engine::Level;

    const TWO: &str = "worker_processes 2; pid /run/nginx.pid; http { server { listen 80 reuseport; } }";

    #[test]
    fn as_many_sockets_or_more_pass() {
        assert_eq!(check(&facts()), None);
        let mut two = with_configuration(TWO);
        assert_eq!(check(&two), None, "turning it on is safe");
        master_of(&mut two).held[0].count = 2;
        assert_eq!(check(&two), None);
    }

    #[test]
    fn fewer_workers_with_reuseport_are_refused() {
        let mut facts = with_configuration(TWO);
        master_of(&mut facts).held[0].count = 4;
        let finding = assert_found(check(&facts), "preflight/fewer-sockets", Level::Refuse);
        assert_eq!(finding.seen, "0.0.0.0:80: 4 sockets now, 2 then");
    }

    #[test]
    fn reuseport_removed_is_refused() {
        let mut facts = with_configuration("worker_processes 2; http { server { listen localhost:80; } }");
        master_of(&mut facts).held[0].count = 2;
        assert_found(check(&facts), "preflight/fewer-sockets", Level::Refuse);
    }

    #[test]
    fn auto_means_the_processors_that_are_online() {
        let mut facts = with_configuration(&TWO.replace("processes 2", "processes auto"));
        master_of(&mut facts).held[0].count = 4;
        assert_eq!(check(&facts), None);
        facts.processors = 3;
        assert_found(check(&facts), "preflight/fewer-sockets", Level::Refuse);
    }
}
