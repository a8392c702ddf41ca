//! New keeps the unix sockets of old.

use super::{
    super::{
        Facts, Socket,
        finding::{Outcome, refuse},
    },
    listening::dropped,
};

pub(super) fn check(facts: &Facts) -> Outcome {
    let dropped = dropped(facts, |socket| matches!(socket, Socket::Unix(..)))?;
    refuse(
        "preflight/unix-listener-removed",
        format!("the configuration on disk no longer listens on {dropped}"),
        "the new master removes the path when it starts; the old one cannot make it again, so there is no way back",
        "put the `listen` back, change over, then remove it with a reload",
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
    fn a_kept_unix_socket_passes() {
        assert_eq!(check(&facts()), None);
    }

    #[test]
    fn a_dropped_unix_socket_is_refused() {
        let facts = with_configuration("http { server { listen 80; } }");
        assert_found(check(&facts), "preflight/unix-listener-removed", Level::Refuse);
    }
}
