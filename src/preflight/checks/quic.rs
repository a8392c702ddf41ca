//! HTTP/3 does not change over without loss.

use super::super::{
    Facts,
    finding::{Outcome, warn},
};

pub(super) fn check(facts: &Facts) -> Outcome {
    facts.listens()?.iter().find(|listen| listen.quic)?;
    warn(
        "preflight/quic",
        "the configuration on disk has `listen … quic`",
        "nginx does not hand QUIC connections over: some of them break, as they do with every reload of nginx",
        "expect HTTP/3 clients to connect again; with `quic_bpf on` try it on a spare host first",
    )
}

#[cfg(test)]
mod tests {
    use super::{
        super::healthy::{assert_found, facts, with_configuration},
        check,
    };
    use crate::engine::Level;

    #[test]
    fn without_quic_it_passes() {
        assert_eq!(check(&facts()), None);
    }

    #[test]
    fn quic_is_a_warning() {
        let facts = with_configuration("http { server { listen 443 quic reuseport; listen 443 ssl; } }");
        assert_found(check(&facts), "preflight/quic", Level::Warn);
    }
}
