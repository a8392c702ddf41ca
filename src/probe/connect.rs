//! Connections to the server under test, one fresh one for each attempt.

use std::{io, net::SocketAddr, time::Duration};

use tokio::{
    io::AsyncWriteExt,
    net::{TcpStream, lookup_host},
    time::timeout,
};

use super::outcome::Outcome;
use crate::{
    host::{clock::Clock, sock_diag::SockDiag},
    plan::Probe,
};

/// The most addresses of one name that are tried.
const ADDRESSES: usize = 8;

/// How long it takes to see whether a connection has ended: only for one that the kernel does not find.
const LOOK: Duration = Duration::from_millis(5);

/// An open connection on which nothing was sent yet.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) stream: TcpStream,
    /// Our address and the server's, as our socket has them.
    pub(super) ends: (SocketAddr, SocketAddr),
    /// Started before connecting.
    pub(super) since: Clock,
    /// How long connecting took.
    pub(super) connected: Duration,
}

/// Where the probe connects to: `connect-to`, or what the URL's host resolves to.
pub(super) async fn addresses(probe: &Probe) -> Result<Vec<SocketAddr>, Outcome> {
    if let Some(address) = probe.connect_to {
        return Ok(vec![address]);
    }
    let url = probe.url.url();
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or(80);
    let unresolved = |error: String| Outcome::Unresolved { host: host.to_owned(), error };
    // An IPv6 literal stands in brackets in a URL.
    let name = host.trim_start_matches('[').trim_end_matches(']');
    let found = timeout(probe.request_timeout, lookup_host((name, port))).await;
    let found = found.map_err(|_| unresolved("the resolver did not answer in time".to_owned()))?;
    let found: Vec<_> = found.map_err(|error| unresolved(error.to_string()))?.take(ADDRESSES).collect();
    if found.is_empty() { Err(unresolved("the resolver knows none".to_owned())) } else { Ok(found) }
}

/// Connects to the first address that answers, within the probe's `request-timeout`.
pub(super) async fn connect(
    addresses: &[SocketAddr],
    within: Duration,
    diag: Option<&SockDiag>,
) -> Result<Link, Outcome> {
    let since = Clock::start();
    let mut failed = Outcome::NotAsked { why: "no address to connect to".to_owned() };
    for address in addresses {
        match timeout(since.left(within), open(*address)).await {
            Ok(Ok((stream, ends))) => {
                return Ok(Link { stream, ends, since, connected: since.elapsed() });
            }
            Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
                failed = Outcome::Refused { address: *address };
            }
            Ok(Err(error)) => {
                failed = Outcome::NotConnected { address: *address, error: error.to_string() };
            }
            Err(_) => return Err(unanswered(*address, &since, diag)),
        }
    }
    Err(failed)
}

async fn open(address: SocketAddr) -> io::Result<(TcpStream, (SocketAddr, SocketAddr))> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let ends = (stream.local_addr()?, stream.peer_addr()?);
    Ok((stream, ends))
}

/// A connection attempt that nobody answered: the accept queue of a listener here is full, or nobody is there.
fn unanswered(address: SocketAddr, since: &Clock, diag: Option<&SockDiag>) -> Outcome {
    let listener = diag.and_then(|diag| diag.listener(address).ok().flatten());
    if listener.is_some_and(|it| it.waiting > it.limit) {
        return Outcome::Queued { waited: since.elapsed() };
    }
    Outcome::NotConnected { address, error: "no answer in time".to_owned() }
}

impl Link {
    /// Whether the server has ended the connection; nothing is read.
    pub(super) async fn ended(&self) -> Option<io::Error> {
        let mut byte = [0];
        match timeout(LOOK, self.stream.peek(&mut byte)).await {
            // It is open and silent, or it speaks first, which no HTTP server does.
            Err(_) | Ok(Ok(1..)) => None,
            Ok(Ok(0)) => Some(io::ErrorKind::ConnectionAborted.into()),
            Ok(Err(error)) => Some(error),
        }
    }

    /// Wakes a `deferred` listener with an empty line, which a server skips before a request (RFC 9112 2.2).
    pub(super) async fn nudge(&mut self) -> io::Result<()> {
        self.stream.write_all(b"\r\n").await
    }
}
