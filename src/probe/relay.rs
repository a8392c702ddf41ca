//! A one-shot relay: it gives reqwest a connection of ours, and keeps what reqwest cannot tell.
//!
//! reqwest opens its connections itself, but it can be told the name of a unix socket. Ours is abstract, accepts
//! once, only from this process, and carries the bytes of the attributed connection.

use std::{
    cell::{Cell, RefCell},
    io,
    sync::atomic::{AtomicU64, Ordering},
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split},
    net::{UnixListener, UnixStream},
};

/// How a server ends a connection in good order.
pub(super) const CLOSED: &str = "the server closed the connection";
/// The type of an HTTP/2 frame.
const SETTINGS: u8 = 4;

/// A name to connect to, once.
#[derive(Debug)]
pub(super) struct Relay {
    listener: UnixListener,
    name: String,
}

/// What the server's end of the connection did.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// How many bytes came from the server.
    pub(super) received: Cell<u64>,
    /// Whether those begin as an answer does.
    pub(super) http: Cell<bool>,
    /// How the server ended the connection, when it did.
    pub(super) ended: RefCell<Option<String>>,
}

impl Relay {
    /// Listens under a name that no other probe of this process has.
    pub(super) fn open() -> io::Result<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("\0changeover-{}-{count}", std::process::id());
        Ok(Self { listener: UnixListener::bind(&name)?, name })
    }

    /// What reqwest connects to.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Carries bytes both ways until one end closes; then both ends are closed. The first `said` bytes were sent
    /// to the server before, and are not sent again.
    pub(super) async fn carry(
        self,
        server: impl AsyncRead + AsyncWrite,
        said: usize,
        http2: bool,
        seen: &Seen,
    ) {
        let Ok(client) = self.accept().await else { return };
        let (mut from_client, to_client) = client.into_split();
        let (from_server, mut to_server) = split(server);
        let up = async {
            let mut again = vec![0; said];
            let carried = match from_client.read_exact(&mut again).await {
                Ok(_) => copy(&mut from_client, &mut to_server, |_| ()).await,
                Err(error) => Err(error),
            };
            if let Err(error) = carried {
                note(seen, &error);
            }
            // reqwest closes only when it is done: what still comes down decides.
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = down(from_server, to_client, http2, seen) => {}
            () = up => {}
        }
    }

    /// Anybody in the network namespace may connect to an abstract name; only this process is let in.
    async fn accept(self) -> io::Result<UnixStream> {
        loop {
            let (client, _) = self.listener.accept().await?;
            if client.peer_cred()?.pid() == Some(std::process::id().cast_signed()) {
                return Ok(client);
            }
        }
    }
}

async fn down(
    mut server: impl AsyncRead + Unpin,
    mut client: impl AsyncWrite + Unpin,
    http2: bool,
    seen: &Seen,
) {
    let count = |bytes: &[u8]| {
        if seen.received.get() == 0 {
            seen.http.set(if http2 {
                // The first frame of a server is SETTINGS (RFC 9113 3.4): its length, then its type.
                bytes.get(3).is_none_or(|kind| *kind == SETTINGS)
            } else {
                bytes.iter().zip(b"HTTP/1.").all(|(came, should)| came == should)
            });
        }
        seen.received.set(seen.received.get() + bytes.len() as u64);
    };
    match copy(&mut server, &mut client, count).await {
        Ok(()) => note(seen, &CLOSED),
        // Over TLS it should have said so first, which changes nothing here.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => note(seen, &CLOSED),
        Err(error) => note(seen, &error),
    }
}

/// The first end is the one that counts: later ones follow from it.
fn note(seen: &Seen, how: &impl ToString) {
    seen.ended.borrow_mut().get_or_insert_with(|| how.to_string());
}

async fn copy(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    count: impl Fn(&[u8]),
) -> io::Result<()> {
    let mut block = vec![0; 16 * 1024];
    loop {
        let read = from.read(&mut block).await?;
        let Some(bytes) = block.get(..read).filter(|bytes| !bytes.is_empty()) else { return Ok(()) };
        count(bytes);
        to.write_all(bytes).await?;
        // TLS may hold back what is less than a record.
        to.flush().await?;
    }
}
