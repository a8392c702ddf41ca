//! What the outcomes say: what was observed, and what was expected instead.

use std::fmt;

use super::outcome::{Outcome, Unattributed};
use crate::engine::units::length;

/// The longest piece of a server's text that is shown.
const SHOWN: usize = 200;

impl fmt::Display for Unattributed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied => f.write_str("the workers' descriptors may not be read: run as root"),
            Self::Stranger => f.write_str("a process of neither generation accepts there"),
            Self::Invisible => f.write_str(
                "the server's end is not in this network namespace (a proxy, NAT or another host)",
            ),
            Self::NoDiagnosis(why) => f.write_str(why),
        }
    }
}

impl Outcome {
    /// What was expected instead, in words.
    #[must_use]
    pub fn expected(&self) -> String {
        match self {
            Self::Passed { status } => status.to_string(),
            Self::NotReached { wanted, .. } => format!("a connection that a worker of {wanted} accepts"),
            Self::Queued { .. } => "a worker that accepts the connection".to_owned(),
            Self::Refused { at } | Self::NotConnected { at, .. } => format!("a server that listens at {at}"),
            Self::HandshakeTimedOut { .. } => "a TLS handshake".to_owned(),
            Self::Tls(problem) => problem.expected(),
            Self::Unresolved { host, .. } => format!("an address of {}", shown(host)),
            Self::TimedOut { .. } | Self::Reset { .. } => "a complete answer".to_owned(),
            Self::NotHttp { wanted, .. } => format!("an {wanted} answer"),
            Self::WrongStatus { expected, .. } => {
                expected.iter().map(u16::to_string).collect::<Vec<_>>().join(" or ")
            }
            Self::WrongHeader { name, expected, .. } => format!("{}: {}", shown(name), shown(expected)),
            Self::WrongBody { expected, .. } => format!("a body that contains \"{}\"", shown(expected)),
            Self::TooSlow { limit, .. } => format!("an answer within {}", length(*limit)),
            Self::AttributionImpossible { .. } => {
                "a connection that can be attributed to a worker".to_owned()
            }
            Self::NotAsked { .. } => "a request that can be made".to_owned(),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed { status } => write!(f, "{status}"),
            Self::NotReached { wanted, connections, took } => {
                let took = length(*took);
                write!(
                    f,
                    "none of {connections} connections reached {wanted} in {took}: the build was not judged"
                )
            }
            Self::Queued { waited } => {
                write!(f, "queued for {}: nobody is accepting", length(*waited))
            }
            Self::Refused { at } => write!(f, "{at} refused the connection"),
            Self::NotConnected { at, error } => write!(f, "no connection to {at}: {error}"),
            Self::Unresolved { host, error } => write!(f, "{} has no address: {error}", shown(host)),
            Self::HandshakeTimedOut { after } => {
                write!(f, "accepted, then no end of the TLS handshake for {}", length(*after))
            }
            Self::Tls(problem) => problem.fmt(f),
            Self::TimedOut { after, received: 0 } => {
                write!(f, "accepted, then no answer for {}", length(*after))
            }
            Self::TimedOut { after, received } => {
                write!(f, "no complete answer for {} ({received} bytes came)", length(*after))
            }
            Self::Reset { how, received: 0 } => write!(f, "{how} before any answer"),
            Self::Reset { how, received } => write!(f, "{how} after {received} bytes of an answer"),
            Self::NotHttp { wanted, error } => write!(f, "the answer is no {wanted}: {}", shown(error)),
            Self::WrongStatus { status, .. } => write!(f, "status {status}"),
            Self::WrongHeader { name, found, .. } if found.is_empty() => {
                write!(f, "no header {}", shown(name))
            }
            Self::WrongHeader { name, found, .. } => {
                write!(f, "{}: {}", shown(name), shown(&found.join(", ")))
            }
            Self::WrongBody { searched, cut, .. } => {
                let cut = if *cut { "the first " } else { "" };
                write!(f, "{cut}{searched} bytes of body without the expected text")
            }
            Self::TooSlow { took, .. } => write!(f, "too slow, {}", length(*took)),
            Self::AttributionImpossible { why } => write!(f, "nobody can tell who answers: {why}"),
            Self::NotAsked { why } => write!(f, "the request could not be made: {}", shown(why)),
        }
    }
}

/// Text of others, bounded and escaped for terminals.
pub(super) fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_text_of_a_server_cannot_move_the_cursor_or_flood_the_screen() {
        let found = vec![format!("\x1b[2J{}", "x".repeat(10_000))];
        let outcome = Outcome::WrongHeader { name: "a".into(), expected: "b".into(), found };
        let text = outcome.to_string();
        assert!(!text.contains('\x1b') && text.starts_with("a: \\u{1b}[2J"), "{text}");
        assert!(text.chars().count() < 300);
    }

    #[test]
    fn hung_and_unaccepted_are_told_apart() {
        let second = Duration::from_secs(1);
        let hung = Outcome::TimedOut { after: second, received: 0 };
        assert_eq!(hung.to_string(), "accepted, then no answer for 1.00 s");
        let queued = Outcome::Queued { waited: second };
        assert_eq!(queued.to_string(), "queued for 1.00 s: nobody is accepting");
        assert_ne!(hung.code(), queued.code());
    }
}
