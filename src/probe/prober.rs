//! The prober: connects, attributes, asks, judges.

use std::{error::Error, io, time::Duration};

use reqwest::{Client, RequestBuilder, header, redirect};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::timeout,
};

use super::{
    address::addresses,
    answer::Answer,
    choose::{Chosen, Search},
    connect::{Ready, Speech, Target},
    crew::{Crew, wanted_generation},
    judge::{Got, judge},
    outcome::Outcome,
    relay::{CLOSED, Relay, Seen},
    tls::Trust,
    tls_problem::TlsProblem,
    together::together,
};
use crate::{
    host::{clock::Clock, sock_diag::SockDiag},
    plan::{Method, Probe, steps::Answerer},
};

/// The most of a body that is read and searched.
const BODY: usize = 1 << 20;
const USER_AGENT: &str = concat!("changeover/", env!("CARGO_PKG_VERSION"));

/// Asks probes. Every request goes over a fresh connection; no redirect, proxy or retry is ever followed.
#[derive(Debug)]
pub struct Prober {
    diag: Result<SockDiag, String>,
    trust: Trust,
}

impl Default for Prober {
    fn default() -> Self {
        Self::new()
    }
}

impl Prober {
    /// Opens the socket that attribution needs. Without it only probes of anybody are possible, and they say so.
    #[must_use]
    pub fn new() -> Self {
        Self { diag: SockDiag::open().map_err(|error| error.to_string()), trust: Trust::default() }
    }

    /// One request to a worker of the wanted generation, and the verdict. `crew` is read again when a process
    /// that it does not name has accepted: workers come and go.
    ///
    /// Must run within a tokio runtime. Dropping the future closes every connection.
    pub async fn probe(&self, probe: &Probe, wanted: Answerer, crew: &impl Fn() -> Crew) -> Answer {
        let clock = Clock::start();
        let mut connections = 0;
        let asked = async {
            let target = self.target(probe).await?;
            let diag = self.diag.as_ref().map_err(String::as_str);
            let (wanted, within) = (wanted_generation(wanted), probe.request_timeout);
            let search = Search { diag, target: &target, wanted, crew, within };
            let chosen = search.choose(&mut connections).await?;
            Ok(ask(probe, &target.speech, chosen).await)
        };
        match asked.await {
            Ok(answer) => Answer { connections, ..answer },
            Err(outcome) => Answer::without_request(outcome, clock.elapsed(), connections),
        }
    }

    async fn target(&self, probe: &Probe) -> Result<Target, Outcome> {
        let speech = match (probe.url.is_https(), probe.http2) {
            (true, _) => Speech::Tls(self.trust.handshake(probe).map_err(|why| Outcome::NotAsked { why })?),
            (false, true) => Speech::Http2,
            (false, false) => Speech::Http1,
        };
        Ok(Target { addresses: addresses(probe).await?, proxy_protocol: probe.proxy_protocol, speech })
    }

    /// Several probes at once, answered in the order given.
    pub async fn probe_at_once(
        &self,
        probes: &[(&Probe, Answerer)],
        crew: &impl Fn() -> Crew,
    ) -> Vec<Answer> {
        together(probes.iter().map(|(probe, wanted)| self.probe(probe, *wanted, crew))).await
    }
}

/// Sends the request on the chosen connection and judges what comes.
async fn ask(probe: &Probe, speech: &Speech, chosen: Chosen) -> Answer {
    let Chosen { link, by, unattributed, accepted } = chosen;
    let before = link.connected + accepted;
    let within = probe.request_timeout.saturating_sub(before);
    let clock = Clock::start();
    let got = async {
        let ready = match timeout(within, link.ready(speech)).await {
            Ok(Ok(ready)) => ready,
            Ok(Err(error)) => return Err(no_handshake(&error, probe.http2)),
            Err(_) => return Err(Outcome::HandshakeTimedOut { after: within }),
        };
        let left = clock.left(within);
        match ready {
            Ready::Plain(stream, said) => exchange(probe, stream, said, left).await,
            // A server that does not know the word goes on without it (nginx before 1.21.4).
            Ready::Tls(stream) if probe.http2 && stream.get_ref().1.alpn_protocol() != Some(b"h2") => {
                Err(Outcome::Tls(TlsProblem::NoHttp2))
            }
            Ready::Tls(stream) => exchange(probe, stream, 0, left).await,
        }
    };
    let got = got.await;
    let latency = before + clock.elapsed();
    let (outcome, status) = match got {
        Ok(got) => (judge(&probe.expect, &got, latency), Some(got.status)),
        Err(outcome) => (outcome, None),
    };
    Answer { by, unattributed, status, ..Answer::without_request(outcome, latency, 0) }
}

/// What a handshake that did not come about says: something about TLS, or that the connection ended.
fn no_handshake(error: &io::Error, http2: bool) -> Outcome {
    let how = || match error.kind() {
        io::ErrorKind::UnexpectedEof => CLOSED.to_owned(),
        _ => error.to_string(),
    };
    TlsProblem::of(error, http2).map_or_else(
        || Outcome::Reset { how: format!("{} in the TLS handshake", how()), received: 0 },
        Outcome::Tls,
    )
}

/// One request and its whole answer over this connection, through the relay.
async fn exchange(
    probe: &Probe,
    stream: impl AsyncRead + AsyncWrite,
    said: usize,
    within: Duration,
) -> Result<Got, Outcome> {
    let not_asked = |why: String| Outcome::NotAsked { why };
    let relay = Relay::open().map_err(|error| not_asked(error.to_string()))?;
    let client = client(relay.name(), probe.http2).map_err(|error| not_asked(in_full(&error)))?;
    let request = request(&client, probe).build().map_err(|error| not_asked(in_full(&error)))?;
    let seen = Seen::default();
    let relayed = async {
        relay.carry(stream, said, probe.http2, &seen).await;
        // reqwest notices and ends with what it has.
        std::future::pending::<()>().await;
    };
    let answered = async {
        tokio::select! {
            got = receive(&client, request) => Some(got),
            () = relayed => None,
        }
    };
    match timeout(within, answered).await {
        Ok(Some(Ok(got))) => Ok(got),
        Ok(Some(Err(error))) => Err(match (seen.ended.take(), seen.received.get()) {
            (Some(how), received) if received == 0 || seen.http.get() => Outcome::Reset { how, received },
            _ => {
                let wanted = if probe.http2 { "HTTP/2" } else { "HTTP/1.1" };
                Outcome::NotHttp { wanted, error: in_full(&error) }
            }
        }),
        Ok(None) | Err(_) => Err(Outcome::TimedOut { after: within, received: seen.received.get() }),
    }
}

/// reqwest is built without TLS: what it sends to an `https` URL goes to the relay as it is, and TLS begins behind it.
fn client(relay: &str, http2: bool) -> reqwest::Result<Client> {
    let builder = Client::builder()
        .unix_socket(relay)
        .no_proxy()
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .pool_max_idle_per_host(0)
        .user_agent(USER_AGENT);
    if http2 { builder.http2_prior_knowledge() } else { builder.http1_only() }.build()
}

/// The plan's headers replace the two of ours: `User-Agent`, and `Connection: close`, so that a worker that drains has no
/// idle connection of ours to close (nginx-facts 37). HTTP/2 has no such header; there the connection is closed after the
/// answer.
fn request(client: &Client, probe: &Probe) -> RequestBuilder {
    let mut request = client.request(method(probe.method), probe.url.url().clone());
    if !probe.http2
        && !probe.headers.keys().any(|name| name.eq_ignore_ascii_case(header::CONNECTION.as_str()))
    {
        request = request.header(header::CONNECTION, "close");
    }
    for (name, value) in &probe.headers {
        request = request.header(name, value);
    }
    match &probe.body {
        Some(body) => request.body(body.clone()),
        None => request,
    }
}

const fn method(method: Method) -> reqwest::Method {
    match method {
        Method::Get => reqwest::Method::GET,
        Method::Head => reqwest::Method::HEAD,
        Method::Options => reqwest::Method::OPTIONS,
        Method::Post => reqwest::Method::POST,
        Method::Put => reqwest::Method::PUT,
    }
}

async fn receive(client: &Client, request: reqwest::Request) -> reqwest::Result<Got> {
    let mut response = client.execute(request).await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let mut got = Got { status, headers, ..Got::default() };
    while let Some(chunk) = response.chunk().await? {
        let room = BODY - got.body.len();
        // What is beyond is read too: only the end tells that the answer is whole.
        got.cut |= chunk.len() > room;
        got.body.extend_from_slice(chunk.get(..chunk.len().min(room)).unwrap_or_default());
    }
    Ok(got)
}

/// An error with all that caused it.
fn in_full(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
