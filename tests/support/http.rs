//! A small HTTP/1.1 client that tells apart how a request can fail.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustls::{ClientConnection, StreamOwned};

use super::tls;

/// How long one connect, write or read may take.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(10);

/// A complete answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// `X-Pid`: the worker, as the sandbox numbers it.
    pub(crate) pid: Option<i32>,
    /// `X-Version`: what the worker's binary says it is.
    pub(crate) version: Option<String>,
    pub(crate) body: Vec<u8>,
    /// Whether the server ends the connection after it.
    pub(crate) closes: bool,
}

/// Why there is no complete answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// No connection: refused, reset or timed out before anything was sent.
    Refused,
    /// Sent (or begun to be) on a new connection, or answered in part.
    Lost,
    /// An idle keep-alive connection ended as the request was sent: not a byte came back.
    Raced,
}

/// How a client reaches a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Over {
    /// An IPv4 or IPv6 address.
    Tcp(SocketAddr),
    /// A unix path, as the test process sees it.
    Unix(PathBuf),
    /// HTTP/1.1 over TLS.
    Tls(SocketAddr),
    /// HTTP/2 over TLS.
    Http2(SocketAddr),
}

/// One connection to the server.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: Stream,
    used: bool,
}

/// What carries it.
#[derive(Debug)]
enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> Result<Self, Failure> {
        Ok(Self { stream: Stream::Tcp(tcp(address)?), used: false })
    }

    pub(crate) fn over(over: &Over) -> Result<Self, Failure> {
        let stream = match over {
            Over::Tcp(address) => Stream::Tcp(tcp(*address)?),
            Over::Unix(path) => Stream::Unix(unix(path).map_err(|_| Failure::Refused)?),
            Over::Tls(address) | Over::Http2(address) => {
                Stream::Tls(Box::new(StreamOwned::new(tls::client(), tcp(*address)?)))
            }
        };
        Ok(Self { stream, used: false })
    }

    /// Whether the server has closed this idle connection already. Only TCP ones are used again.
    pub(crate) fn is_closed(&self) -> bool {
        let Stream::Tcp(stream) = &self.stream else { return true };
        let _ = stream.set_nonblocking(true);
        let peeked = stream.peek(&mut [0]);
        let _ = stream.set_nonblocking(false);
        !matches!(peeked, Err(error) if error.kind() == ErrorKind::WouldBlock)
    }

    /// Sends one GET and reads the whole answer.
    pub(crate) fn get(&mut self, path: &str, keep_alive: bool) -> Result<Answer, Failure> {
        let reused = std::mem::replace(&mut self.used, true);
        let mut received = Vec::new();
        let answer = self.send(path, keep_alive).ok().and_then(|()| self.receive(&mut received));
        answer.ok_or(if reused && received.is_empty() { Failure::Raced } else { Failure::Lost })
    }

    /// Sends one GET and leaves the answer to whoever wants it.
    pub(crate) fn send(&mut self, path: &str, keep_alive: bool) -> Result<(), Failure> {
        let connection = if keep_alive { "keep-alive" } else { "close" };
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: {connection}\r\n\r\n");
        self.stream.either().write_all(request.as_bytes()).map_err(|_| Failure::Lost)
    }

    fn receive(&mut self, received: &mut Vec<u8>) -> Option<Answer> {
        let mut block = [0; 4096];
        loop {
            if let Some(answer) = parse(received) {
                return Some(answer);
            }
            match self.stream.either().read(&mut block) {
                Ok(0) | Err(_) => return None,
                Ok(size) => received.extend_from_slice(block.get(..size)?),
            }
        }
    }
}

fn tcp(address: SocketAddr) -> Result<TcpStream, Failure> {
    let stream = TcpStream::connect_timeout(&address, TIMEOUT).map_err(|_| Failure::Refused)?;
    stream.set_nodelay(true).map_err(|_| Failure::Refused)?;
    stream.set_read_timeout(Some(TIMEOUT)).map_err(|_| Failure::Refused)?;
    stream.set_write_timeout(Some(TIMEOUT)).map_err(|_| Failure::Refused)?;
    Ok(stream)
}

fn unix(path: &Path) -> std::io::Result<UnixStream> {
    let stream = UnixStream::connect(path)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    Ok(stream)
}

/// What can be read and written.
trait ReadWrite: Read + Write {}

impl<T: Read + Write> ReadWrite for T {}

impl Stream {
    fn either(&mut self) -> &mut dyn ReadWrite {
        match self {
            Self::Tcp(stream) => stream,
            Self::Unix(stream) => stream,
            Self::Tls(stream) => &mut **stream,
        }
    }
}

/// The answer, once `received` holds all of it. Only answers with `Content-Length` occur here.
fn parse(received: &[u8]) -> Option<Answer> {
    let end = received.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(received.get(..end)?).ok()?;
    let body = received.get(end + 4..)?;
    let mut lines = head.split("\r\n");
    let mut answer = Answer { status: lines.next()?.split(' ').nth(1)?.parse().ok()?, ..Answer::default() };
    let mut length = 0;
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().ok()?,
            "connection" => answer.closes = value == "close",
            "x-pid" => answer.pid = value.parse().ok(),
            "x-version" => answer.version = Some(value.to_owned()),
            _ => {}
        }
    }
    answer.body = body.get(..length)?.to_vec();
    Some(answer)
}
