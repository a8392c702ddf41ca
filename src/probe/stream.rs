//! A connected socket, TCP or unix.

use std::{
    io,
    path::Path,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use rustix::net::RecvFlags;
use tokio::{
    io::{AsyncRead, AsyncWrite, Interest, ReadBuf},
    net::{TcpStream, UnixStream},
    time::timeout,
};

use super::address::Address;
use crate::host::sock_diag::ClientEnd;

/// How long it takes to see whether a connection has ended: only for one that the kernel does not find.
const LOOK: Duration = Duration::from_millis(5);

/// A connected socket.
#[derive(Debug)]
pub(super) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Stream {
    pub(super) async fn connect(address: &Address) -> io::Result<Self> {
        match address {
            Address::Tcp(at) => {
                let stream = TcpStream::connect(at).await?;
                stream.set_nodelay(true)?;
                Ok(Self::Tcp(stream))
            }
            Address::Unix(path) => Self::connect_unix(path).await,
        }
    }

    async fn connect_unix(path: &Path) -> io::Result<Self> {
        Ok(Self::Unix(UnixStream::connect(path).await?))
    }

    /// Our end, as the kernel can be asked about it.
    pub(super) fn end(&self) -> io::Result<ClientEnd> {
        Ok(match self {
            Self::Tcp(stream) => ClientEnd::Tcp { us: stream.local_addr()?, them: stream.peer_addr()? },
            Self::Unix(stream) => ClientEnd::Unix { inode: rustix::fs::fstat(stream)?.st_ino },
        })
    }

    /// The header of version 1 of the PROXY protocol: the truth, or that it has no addresses to tell.
    pub(super) fn proxy_header(&self) -> io::Result<String> {
        let ClientEnd::Tcp { us, them } = self.end()? else { return Ok("PROXY UNKNOWN\r\n".to_owned()) };
        let family = if us.is_ipv4() { "TCP4" } else { "TCP6" };
        Ok(format!("PROXY {family} {} {} {} {}\r\n", us.ip(), them.ip(), us.port(), them.port()))
    }

    /// Whether the server has ended the connection; nothing is read.
    pub(super) async fn ended(&self) -> Option<io::Error> {
        match timeout(LOOK, self.peek()).await {
            // It is open and silent, or something has come: an answer to what woke a `deferred` listener.
            Err(_) | Ok(Ok(1..)) => None,
            Ok(Ok(0)) => Some(io::ErrorKind::ConnectionAborted.into()),
            Ok(Err(error)) => Some(error),
        }
    }

    async fn peek(&self) -> io::Result<usize> {
        let mut byte = [0];
        match self {
            Self::Tcp(stream) => stream.peek(&mut byte).await,
            Self::Unix(stream) => {
                let peek = || Ok(rustix::net::recv(stream, &mut byte, RecvFlags::PEEK)?.1);
                stream.async_io(Interest::READABLE, peek).await
            }
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        task: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(task, buffer),
            Self::Unix(stream) => Pin::new(stream).poll_read(task, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, task: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(task, bytes),
            Self::Unix(stream) => Pin::new(stream).poll_write(task, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(task),
            Self::Unix(stream) => Pin::new(stream).poll_flush(task),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(task),
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(task),
        }
    }
}
