//! Everything that can come of a probe, told apart; each with its code and its words.

use std::{fmt, net::SocketAddr, time::Duration};

use crate::{engine::units::length, protocol::Generation};

/// The longest piece of a server's text that is shown.
const SHOWN: usize = 200;

/// Why a connection could not be attributed to a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unattributed {
    /// The workers' descriptors may not be read.
    Denied,
    /// A process that belongs to neither generation accepted it.
    Stranger,
    /// The server's end is not in this network namespace: a proxy, a redirected address, another host.
    Invisible,
    /// The kernel does not answer questions about sockets.
    NoDiagnosis(String),
}

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

/// What came of a probe. Only [`Outcome::Passed`] is good; what was observed is its text.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The answer is what the plan expects.
    Passed {
        /// Its status.
        status: u16,
    },
    /// No connection landed on the wanted generation: the build was not judged.
    NotReached {
        /// The generation that was wanted.
        wanted: Generation,
        /// How many connections were tried.
        connections: u32,
        /// How long.
        took: Duration,
    },
    /// The connection waited to be accepted: nobody is accepting.
    Queued {
        /// How long it waited.
        waited: Duration,
    },
    /// Nothing listens there.
    Refused {
        /// Where.
        address: SocketAddr,
    },
    /// No connection came about.
    NotConnected {
        /// Where to.
        address: SocketAddr,
        /// What the kernel said.
        error: String,
    },
    /// The host's name has no address.
    Unresolved {
        /// The name.
        host: String,
        /// What the resolver said.
        error: String,
    },
    /// The connection was accepted, and no complete answer came in time.
    TimedOut {
        /// How long it took until then.
        after: Duration,
        /// How many bytes had come.
        received: u64,
    },
    /// The server ended the connection before its answer was complete.
    Reset {
        /// How: the error of the socket, or that it was closed.
        how: String,
        /// How many bytes had come.
        received: u64,
    },
    /// What came is no HTTP.
    NotHttp {
        /// What is wrong with it.
        error: String,
    },
    /// Another status than expected.
    WrongStatus {
        /// The status.
        status: u16,
        /// The good ones.
        expected: Vec<u16>,
    },
    /// A header is missing or has another value.
    WrongHeader {
        /// Its name.
        name: String,
        /// The value that is expected.
        expected: String,
        /// The values that came.
        found: Vec<String>,
    },
    /// The body lacks the expected text.
    WrongBody {
        /// The text.
        expected: String,
        /// How many bytes were searched.
        searched: usize,
        /// Whether there was more than is ever read.
        cut: bool,
    },
    /// Everything is right, but it took too long.
    TooSlow {
        /// How long it took.
        took: Duration,
        /// How long it may take.
        limit: Duration,
    },
    /// A generation was wanted and nobody can tell which one answers.
    AttributionImpossible {
        /// Why not.
        why: Unattributed,
    },
    /// The request could not be made.
    NotAsked {
        /// Why not.
        why: String,
    },
}

impl Outcome {
    /// The one name of this outcome.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Passed { .. } => "probe/passed",
            Self::NotReached { .. } => "probe/not-reached",
            Self::Queued { .. } => "probe/queued",
            Self::Refused { .. } => "probe/refused",
            Self::NotConnected { .. } => "probe/not-connected",
            Self::Unresolved { .. } => "probe/unresolved",
            Self::TimedOut { .. } => "probe/timed-out",
            Self::Reset { .. } => "probe/reset",
            Self::NotHttp { .. } => "probe/not-http",
            Self::WrongStatus { .. } => "probe/wrong-status",
            Self::WrongHeader { .. } => "probe/wrong-header",
            Self::WrongBody { .. } => "probe/wrong-body",
            Self::TooSlow { .. } => "probe/too-slow",
            Self::AttributionImpossible { .. } => "probe/attribution-impossible",
            Self::NotAsked { .. } => "probe/not-asked",
        }
    }

    /// Changes every text of it: words of the plan, of the server and of the system, before they are cut.
    pub fn texts(&mut self, change: &mut impl FnMut(&mut String)) {
        match self {
            Self::WrongHeader { name, expected, found } => {
                [name, expected].into_iter().chain(found).for_each(change);
            }
            Self::Unresolved { host, error } => [host, error].into_iter().for_each(change),
            Self::NotConnected { error: text, .. }
            | Self::Reset { how: text, .. }
            | Self::NotHttp { error: text }
            | Self::WrongBody { expected: text, .. }
            | Self::AttributionImpossible { why: Unattributed::NoDiagnosis(text) }
            | Self::NotAsked { why: text } => change(text),
            Self::Passed { .. }
            | Self::NotReached { .. }
            | Self::Queued { .. }
            | Self::Refused { .. }
            | Self::TimedOut { .. }
            | Self::WrongStatus { .. }
            | Self::TooSlow { .. }
            | Self::AttributionImpossible { .. } => {}
        }
    }

    /// Whether the answer is what the plan expects.
    #[must_use]
    pub const fn passed(&self) -> bool {
        matches!(self, Self::Passed { .. })
    }

    /// Whether the time that the answer took adds to its words.
    pub(super) const fn takes_a_time(&self) -> bool {
        match self {
            Self::Passed { .. }
            | Self::Reset { .. }
            | Self::NotHttp { .. }
            | Self::WrongStatus { .. }
            | Self::WrongHeader { .. }
            | Self::WrongBody { .. } => true,
            Self::NotReached { .. }
            | Self::Queued { .. }
            | Self::Refused { .. }
            | Self::NotConnected { .. }
            | Self::Unresolved { .. }
            | Self::TimedOut { .. }
            | Self::TooSlow { .. }
            | Self::AttributionImpossible { .. }
            | Self::NotAsked { .. } => false,
        }
    }

    /// What was expected instead, in words.
    #[must_use]
    pub fn expected(&self) -> String {
        match self {
            Self::Passed { status } => status.to_string(),
            Self::NotReached { wanted, .. } => format!("a connection that a worker of {wanted} accepts"),
            Self::Queued { .. } => "a worker that accepts the connection".to_owned(),
            Self::Refused { address } | Self::NotConnected { address, .. } => {
                format!("a server that listens at {address}")
            }
            Self::Unresolved { host, .. } => format!("an address of {}", shown(host)),
            Self::TimedOut { .. } | Self::Reset { .. } => "a complete answer".to_owned(),
            Self::NotHttp { .. } => "an HTTP/1.1 answer".to_owned(),
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
            Self::Refused { address } => write!(f, "{address} refused the connection"),
            Self::NotConnected { address, error } => write!(f, "no connection to {address}: {error}"),
            Self::Unresolved { host, error } => write!(f, "{} has no address: {error}", shown(host)),
            Self::TimedOut { after, received: 0 } => {
                write!(f, "accepted, then no answer for {}", length(*after))
            }
            Self::TimedOut { after, received } => {
                write!(f, "no complete answer for {} ({received} bytes came)", length(*after))
            }
            Self::Reset { how, received: 0 } => write!(f, "{how} before any answer"),
            Self::Reset { how, received } => write!(f, "{how} after {received} bytes of an answer"),
            Self::NotHttp { error } => write!(f, "the answer is no HTTP: {}", shown(error)),
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
fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
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
