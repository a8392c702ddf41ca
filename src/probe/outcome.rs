//! Everything that can come of a probe, told apart; each with its code.

use std::time::Duration;

use super::{address::Address, tls_problem::TlsProblem};
use crate::protocol::Generation;

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
        at: Address,
    },
    /// No connection came about.
    NotConnected {
        /// Where to.
        at: Address,
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
    /// The connection was accepted, and the TLS handshake came to no end in time.
    HandshakeTimedOut {
        /// How long it took until then.
        after: Duration,
    },
    /// The server answered the TLS handshake, and is not what the plan expects.
    Tls(TlsProblem),
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
        /// What was expected: `HTTP/1.1` or `HTTP/2`.
        wanted: &'static str,
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
            Self::HandshakeTimedOut { .. } => "probe/handshake-timed-out",
            Self::Tls(problem) => problem.code(),
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
            Self::NotConnected { at, error } => {
                at.text(change);
                change(error);
            }
            Self::Refused { at } => at.text(change),
            Self::Tls(problem) => problem.texts(change),
            Self::Reset { how: text, .. }
            | Self::NotHttp { error: text, .. }
            | Self::WrongBody { expected: text, .. }
            | Self::AttributionImpossible { why: Unattributed::NoDiagnosis(text) }
            | Self::NotAsked { why: text } => change(text),
            Self::Passed { .. }
            | Self::NotReached { .. }
            | Self::Queued { .. }
            | Self::HandshakeTimedOut { .. }
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
            | Self::Tls(_)
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
            | Self::HandshakeTimedOut { .. }
            | Self::TimedOut { .. }
            | Self::TooSlow { .. }
            | Self::AttributionImpossible { .. }
            | Self::NotAsked { .. } => false,
        }
    }
}
