//! TLS and HTTP/2 clients that trust the tests' own authority.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use h2::client::handshake;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::certificates::{self, CA_FILE, NAME};
use super::http::{Answer, Failure, TIMEOUT};

/// A client that negotiates this application protocol.
fn config(protocol: &str) -> Arc<ClientConfig> {
    static ROOTS: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    let roots = ROOTS.get_or_init(|| {
        let mut roots = RootCertStore::empty();
        let authority = certificates::files().iter().find(|(path, _)| path == CA_FILE);
        let pem = authority.expect("the authority's certificate").1.as_bytes();
        roots.add(CertificateDer::from_pem_slice(pem).expect("PEM")).expect("an authority");
        Arc::new(roots)
    });
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    let versions = builder.with_safe_default_protocol_versions().expect("TLS 1.2 and 1.3");
    let mut config = versions.with_root_certificates(Arc::clone(roots)).with_no_client_auth();
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    Arc::new(config)
}

fn name() -> ServerName<'static> {
    ServerName::try_from(NAME).expect("a name")
}

/// The client's side of one TLS connection for HTTP/1.1.
pub(crate) fn client() -> ClientConnection {
    ClientConnection::new(config("http/1.1"), name()).expect("a TLS client")
}

/// One GET over HTTP/2, on a connection of its own.
pub(crate) fn get_http2(address: SocketAddr, path: &str) -> Result<Answer, Failure> {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let answer = async { timeout(TIMEOUT, ask(address, path)).await.unwrap_or(Err(Failure::Lost)) };
    runtime.block_on(answer)
}

async fn ask(address: SocketAddr, path: &str) -> Result<Answer, Failure> {
    let tcp = TcpStream::connect(address).await.map_err(|_| Failure::Refused)?;
    let connector = TlsConnector::from(config("h2"));
    let tls = connector.connect(name(), Listening(tcp)).await.map_err(|_| Failure::Lost)?;
    if tls.get_ref().1.alpn_protocol() != Some(b"h2") {
        return Err(Failure::Lost);
    }
    let (mut requests, connection) = handshake(tls).await.map_err(|e| failure(&e))?;
    tokio::spawn(connection);
    let request = http::Request::get(format!("https://{NAME}{path}")).body(()).expect("a request");
    let (response, _) = requests.send_request(request, true).map_err(|e| failure(&e))?;
    let (head, mut body) = response.await.map_err(|e| failure(&e))?.into_parts();
    let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
    let mut answer = Answer {
        status: head.status.as_u16(),
        pid: header("x-pid").and_then(|pid| pid.parse().ok()),
        version: header("x-version").map(str::to_owned),
        ..Answer::default()
    };
    while let Some(data) = body.data().await {
        answer.body.extend_from_slice(&data.map_err(|_| Failure::Lost)?);
    }
    Ok(answer)
}

/// A GOAWAY says that the request was not begun (nginx-facts 37): a client may ask again under any method.
fn failure(error: &h2::Error) -> Failure {
    if error.is_go_away() && error.reason() == Some(h2::Reason::NO_ERROR) {
        Failure::Raced
    } else {
        Failure::Lost
    }
}

/// A connection that is read to its end even where it cannot be written to any more: a server that closes one that is
/// idle says GOAWAY first, which `h2` would leave unread when its own write fails before.
struct Listening(TcpStream);

impl AsyncRead for Listening {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, into)
    }
}

impl AsyncWrite for Listening {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        from: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.0).poll_write(context, from));
        Poll::Ready(Ok(written.unwrap_or(from.len())))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
