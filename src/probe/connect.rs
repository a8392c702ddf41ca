//! Connections to the server under test, one fresh one for each attempt.

use std::{future::poll_fn, io, pin::Pin, task::Poll, time::Duration};

use tokio::{io::AsyncWriteExt, time::timeout};
use tokio_rustls::client::{Connect, TlsStream};

use super::{address::Address, outcome::Outcome, stream::Stream, tls::Handshake};
use crate::host::{
    clock::Clock,
    sock_diag::{ClientEnd, SockDiag},
};

/// What a client of HTTP/2 says first of all (RFC 9113 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How a request is going to be spoken.
#[derive(Clone, Debug)]
pub(super) enum Speech {
    /// HTTP/1.1 without TLS.
    Http1,
    /// HTTP/2 without TLS, which the server is known to speak.
    Http2,
    /// Either, over TLS.
    Tls(Handshake),
}

/// Where to connect to and what is said first.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) addresses: Vec<Address>,
    /// Whether a PROXY header goes before everything.
    pub(super) proxy_protocol: bool,
    pub(super) speech: Speech,
}

/// An open connection on which no request was sent yet.
pub(super) struct Link {
    said: Said,
    pub(super) end: ClientEnd,
    /// Started before connecting.
    pub(super) since: Clock,
    /// How long connecting took.
    pub(super) connected: Duration,
}

/// What was said on a connection, to wake a `deferred` listener.
enum Said {
    /// Nothing, or an empty line.
    Nothing(Stream),
    /// [`PREFACE`].
    Preface(Stream),
    /// The first message of the handshake; no answer was read.
    Hello(Box<Connect<Stream>>),
}

/// A connection ready for its request.
pub(super) enum Ready {
    /// Without TLS; so many bytes of what is going to be said were said already.
    Plain(Stream, usize),
    /// After the handshake.
    Tls(Box<TlsStream<Stream>>),
}

impl Target {
    /// Connects to the first place that answers, within the probe's `request-timeout`.
    pub(super) async fn connect(&self, within: Duration, diag: Option<&SockDiag>) -> Result<Link, Outcome> {
        let since = Clock::start();
        let mut failed = Outcome::NotAsked { why: "no address to connect to".to_owned() };
        for address in &self.addresses {
            match timeout(since.left(within), self.open(address)).await {
                Ok(Ok((stream, end))) => {
                    return Ok(Link { said: Said::Nothing(stream), end, since, connected: since.elapsed() });
                }
                Ok(Err(error)) => failed = not_connected(address, &error, &since),
                Err(_) => return Err(unanswered(address, &since, diag)),
            }
        }
        Err(failed)
    }

    async fn open(&self, address: &Address) -> io::Result<(Stream, ClientEnd)> {
        let mut stream = Stream::connect(address).await?;
        let end = stream.end()?;
        if self.proxy_protocol {
            stream.write_all(stream.proxy_header()?.as_bytes()).await?;
        }
        Ok((stream, end))
    }
}

fn not_connected(address: &Address, error: &io::Error, since: &Clock) -> Outcome {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Outcome::Refused { at: address.clone() },
        // The accept queue of a unix socket is full: the kernel lets no more clients wait (`connect(2)`).
        io::ErrorKind::WouldBlock => Outcome::Queued { waited: since.elapsed() },
        _ => Outcome::NotConnected { at: address.clone(), error: error.to_string() },
    }
}

/// A connection attempt that nobody answered: the accept queue of a listener here is full, or nobody is there.
fn unanswered(address: &Address, since: &Clock, diag: Option<&SockDiag>) -> Outcome {
    let listener = match address {
        Address::Tcp(address) => diag.and_then(|diag| diag.listener(*address).ok().flatten()),
        Address::Unix(_) => None,
    };
    if listener.is_some_and(|it| it.waiting > it.limit) {
        return Outcome::Queued { waited: since.elapsed() };
    }
    Outcome::NotConnected { at: address.clone(), error: "no answer in time".to_owned() }
}

impl Link {
    /// Whether the server has ended the connection; nothing is read.
    pub(super) async fn ended(&self) -> Option<io::Error> {
        let stream = match &self.said {
            Said::Nothing(stream) | Said::Preface(stream) => Some(stream),
            Said::Hello(handshake) => handshake.get_ref(),
        };
        match stream {
            Some(stream) => stream.ended().await,
            None => None,
        }
    }

    /// Wakes a `deferred` listener with the first bytes of what is going to be said. No request is among them: for
    /// HTTP/1.1 it is an empty line, which a server skips before a request (RFC 9112 2.2).
    pub(super) async fn nudge(mut self, speech: &Speech) -> Self {
        self.said = match (self.said, speech) {
            (Said::Nothing(mut stream), Speech::Http1) => {
                // If it cannot be written, the next look says why; so below.
                let _ = stream.write_all(b"\r\n").await;
                Said::Nothing(stream)
            }
            (Said::Nothing(mut stream), Speech::Http2) => {
                let _ = stream.write_all(PREFACE).await;
                Said::Preface(stream)
            }
            (Said::Nothing(stream), Speech::Tls(handshake)) => {
                let mut handshake = Box::new(handshake.begin(stream));
                // The first poll writes the first message. The rest waits until it is known who has accepted.
                poll_fn(|task| {
                    let _ = Pin::new(&mut *handshake).poll(task);
                    Poll::Ready(())
                })
                .await;
                Said::Hello(handshake)
            }
            (said, _) => said,
        };
        self
    }

    /// Makes the connection ready for its request: over TLS the handshake is made, or ended.
    pub(super) async fn ready(self, speech: &Speech) -> io::Result<Ready> {
        Ok(match (self.said, speech) {
            (Said::Hello(handshake), _) => Ready::Tls(Box::new(handshake.await?)),
            (Said::Nothing(stream), Speech::Tls(handshake)) => {
                Ready::Tls(Box::new(handshake.begin(stream).await?))
            }
            (Said::Nothing(stream), _) => Ready::Plain(stream, 0),
            (Said::Preface(stream), _) => Ready::Plain(stream, PREFACE.len()),
        })
    }
}
