//! How the server of an `https` URL proves who it is: what a plan trusts, made into handshakes.
//!
//! TLS ends here and not in reqwest: so the name that is asked for is free of the URL, what is wrong with a
//! certificate is a value and not a text, and a handshake that hangs is no answer that hangs.

use std::{cell::RefCell, collections::HashMap, path::Path, sync::Arc};

use rustls::{
    ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};
use tokio_rustls::{TlsConnector, client::Connect};

use super::stream::Stream;
use crate::{
    host::files::{self, Symlinks},
    plan::{Probe, Tls},
};

/// The largest file of trusted authorities that is read; all authorities of a distribution are a quarter of it.
const CA_FILE: usize = 1 << 20;

/// Everything that a handshake needs, but the connection.
#[derive(Clone)]
pub(super) struct Handshake {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

impl std::fmt::Debug for Handshake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Handshake").field(&self.name).finish()
    }
}

impl Handshake {
    /// The handshake on a connection, not yet begun.
    pub(super) fn begin(&self, stream: Stream) -> Connect<Stream> {
        TlsConnector::from(Arc::clone(&self.config)).connect(self.name.clone(), stream)
    }
}

/// What the probes of a run trust. Each kind of trust is read once, when the first probe needs it: the host's own
/// authorities are some hundred certificates.
#[derive(Default)]
pub(super) struct Trust {
    known: RefCell<HashMap<(Tls, bool), Arc<ClientConfig>>>,
}

impl std::fmt::Debug for Trust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trust").finish_non_exhaustive()
    }
}

impl Trust {
    /// The handshake of an `https` probe; the error is a phrase.
    pub(super) fn handshake(&self, probe: &Probe) -> Result<Handshake, String> {
        let name = probe.tls.server_name.as_deref().unwrap_or_else(|| probe.url.host());
        let name = ServerName::try_from(name.to_owned())
            .map_err(|_| "its host cannot be the name of a server over TLS".to_owned())?;
        let key = (Tls { server_name: None, ..probe.tls.clone() }, probe.http2);
        let known = self.known.borrow().get(&key).map(Arc::clone);
        let config = if let Some(config) = known {
            config
        } else {
            let config = Arc::new(config(&key.0, key.1)?);
            self.known.borrow_mut().insert(key, Arc::clone(&config));
            config
        };
        Ok(Handshake { config, name })
    }
}

fn config(tls: &Tls, http2: bool) -> Result<ClientConfig, String> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let builder = match (&tls.ca_file, tls.insecure) {
        (_, true) => builder.dangerous().with_custom_certificate_verifier(Arc::new(Anybody(provider))),
        (Some(file), false) => builder.with_root_certificates(authorities(file)?),
        (None, false) => builder.with_root_certificates(authorities_of_the_host()?),
    };
    let mut config = builder.with_no_client_auth();
    config.alpn_protocols = vec![if http2 { b"h2".to_vec() } else { b"http/1.1".to_vec() }];
    // Every probe sees the certificate that is shown now.
    config.resumption = Resumption::disabled();
    Ok(config)
}

fn authorities(file: &Path) -> Result<RootCertStore, String> {
    let unreadable = |error: &dyn std::fmt::Display| format!("{} cannot be read: {error}", file.display());
    let read = files::read_bounded(file, CA_FILE, Symlinks::Follow).map_err(|error| error.to_string())?;
    if read.cut {
        return Err(format!("{} is larger than {} KiB", file.display(), CA_FILE >> 10));
    }
    let text = read.bytes;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&text) {
        let certificate = certificate.map_err(|error| unreadable(&error))?;
        roots.add(certificate).map_err(|error| unreadable(&error))?;
    }
    if roots.is_empty() {
        return Err(format!("{} has no certificate (`-----BEGIN CERTIFICATE-----`)", file.display()));
    }
    Ok(roots)
}

/// Where the distribution keeps them, as OpenSSL finds them too.
fn authorities_of_the_host() -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    // Some of them are too old to be read; the others are meant.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err("this host trusts no authority (is ca-certificates installed?), and the plan has no \
                    `ca-file`"
            .to_owned());
    }
    Ok(roots)
}

/// Takes every certificate, as the plan wants it (`insecure`).
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::scratch::Scratch;

    #[test]
    fn a_file_without_authorities_is_named() {
        let scratch = Scratch::new();
        let why = |file: &Path| authorities(file).err().unwrap_or_default();
        let missing = scratch.path().join("missing.pem");
        assert!(
            why(&missing).ends_with("missing.pem cannot be opened: No such file or directory (os error 2)")
        );
        assert!(why(&scratch.write("empty.pem", b"# none")).contains("has no certificate"));
        let broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(why(&scratch.write("broken.pem", broken)).contains("broken.pem cannot be read: "));
        assert!(why(&scratch.write("large.pem", &vec![b'#'; CA_FILE + 1])).contains("larger than 1024 KiB"));
        let fifo = scratch.path().join("fifo.pem");
        nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert!(why(&fifo).contains("fifo.pem"), "it does not wait for somebody who writes");
    }
}
