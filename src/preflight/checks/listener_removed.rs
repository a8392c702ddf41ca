//! New listens where old does.

use super::{
    super::{
        Facts, Socket,
        finding::{Outcome, warn},
    },
    listening::dropped,
};

pub(super) fn check(facts: &Facts) -> Outcome {
    let removed = dropped(facts, |socket| !matches!(socket, Socket::Unix(..)))?;
    warn(
        "preflight/listener-removed",
        format!("the master listens on {removed}, the configuration on disk does not"),
        "from WINCH until the old master has left, connections there hang instead of being refused",
        "reload first, or change the listeners after the changeover",
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
    fn the_same_listeners_pass() {
        assert_eq!(check(&facts()), None);
    }

    #[test]
    fn a_removed_port_is_a_warning() {
        let facts = with_configuration("http { server { listen 81; listen unix:/run/app.sock; } }");
        let finding = assert_found(check(&facts), "preflight/listener-removed", Level::Warn);
        assert!(finding.seen.contains("0.0.0.0:80"));
    }
}
