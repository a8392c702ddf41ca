//! What can be wrong with the server's side of a TLS handshake.

use std::{fmt, io};

use rustls::{AlertDescription, CertificateError, Error, InvalidMessage, pki_types::UnixTime};

use super::words::shown;

/// Why no handshake came about, though the server answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlsProblem {
    /// The certificate is good no longer.
    Expired {
        /// Since when, where it is known.
        since: Option<String>,
    },
    /// The certificate is not good yet.
    NotYetValid {
        /// From when on, where it is known.
        from: Option<String>,
    },
    /// The certificate is for other names.
    WrongName {
        /// The name that was asked for.
        wanted: String,
        /// The names that it has.
        names: Vec<String>,
    },
    /// Nobody who is trusted has signed the certificate.
    UnknownIssuer,
    /// Something else is wrong with the certificate.
    Certificate(String),
    /// What the server speaks is no TLS.
    NotTls,
    /// The server does not speak HTTP/2 over TLS.
    NoHttp2,
    /// The two sides do not agree on anything else.
    Failed(String),
}

impl TlsProblem {
    /// What an unsuccessful handshake says, when it was not the connection that failed. `http2`: only HTTP/2 was offered.
    pub(super) fn of(error: &io::Error, http2: bool) -> Option<Self> {
        let error = error.get_ref()?.downcast_ref::<Error>()?;
        Some(match error {
            Error::InvalidCertificate(error) => Self::of_certificate(error),
            Error::InvalidMessage(InvalidMessage::InvalidContentType) => Self::NotTls,
            Error::AlertReceived(AlertDescription::NoApplicationProtocol) if http2 => Self::NoHttp2,
            other => Self::Failed(other.to_string()),
        })
    }

    fn of_certificate(error: &CertificateError) -> Self {
        match error {
            CertificateError::Expired => Self::Expired { since: None },
            CertificateError::ExpiredContext { not_after, .. } => Self::Expired { since: day(*not_after) },
            CertificateError::NotValidYet => Self::NotYetValid { from: None },
            CertificateError::NotValidYetContext { not_before, .. } => {
                Self::NotYetValid { from: day(*not_before) }
            }
            CertificateError::NotValidForNameContext { expected, presented } => {
                let names = presented.iter().map(|name| plain(name).to_owned()).collect();
                Self::WrongName { wanted: expected.to_str().into_owned(), names }
            }
            // The second: the issuer is named as one who is trusted, and has not signed it.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => Self::UnknownIssuer,
            other => Self::Certificate(other.to_string()),
        }
    }

    /// Changes every text of it.
    pub(super) fn texts(&mut self, change: &mut impl FnMut(&mut String)) {
        match self {
            Self::WrongName { wanted, names } => std::iter::once(wanted).chain(names).for_each(change),
            Self::Certificate(text) | Self::Failed(text) => change(text),
            Self::Expired { .. }
            | Self::NotYetValid { .. }
            | Self::UnknownIssuer
            | Self::NotTls
            | Self::NoHttp2 => {}
        }
    }

    /// The one name of this problem.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Expired { .. } => "probe/certificate-expired",
            Self::NotYetValid { .. } => "probe/certificate-not-yet-valid",
            Self::WrongName { .. } => "probe/certificate-wrong-name",
            Self::UnknownIssuer => "probe/certificate-unknown-issuer",
            Self::Certificate(_) => "probe/certificate-refused",
            Self::NotTls => "probe/not-tls",
            Self::NoHttp2 => "probe/no-http2",
            Self::Failed(_) => "probe/tls-failed",
        }
    }

    /// What was expected instead, in words.
    #[must_use]
    pub fn expected(&self) -> String {
        match self {
            Self::Expired { .. } | Self::NotYetValid { .. } => "a certificate that is valid now".to_owned(),
            Self::WrongName { wanted, .. } => format!("a certificate for {}", shown(wanted)),
            Self::UnknownIssuer => "a certificate of an authority that is trusted".to_owned(),
            Self::Certificate(_) => "a certificate that can be trusted".to_owned(),
            Self::NotTls => "a server that speaks TLS".to_owned(),
            Self::NoHttp2 => "a server that speaks HTTP/2 over TLS".to_owned(),
            Self::Failed(_) => "a TLS handshake".to_owned(),
        }
    }
}

impl fmt::Display for TlsProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired { since: Some(day) } => write!(f, "the certificate has expired on {day}"),
            Self::Expired { since: None } => f.write_str("the certificate has expired"),
            Self::NotYetValid { from: Some(day) } => write!(f, "the certificate is valid only from {day} on"),
            Self::NotYetValid { from: None } => f.write_str("the certificate is not valid yet"),
            Self::WrongName { names, .. } if names.is_empty() => {
                f.write_str("the certificate is for no name")
            }
            Self::WrongName { names, .. } => write!(f, "the certificate is for {}", shown(&names.join(", "))),
            Self::UnknownIssuer => f.write_str("nobody who is trusted has signed the certificate"),
            Self::Certificate(why) => write!(f, "the certificate is not accepted: {}", shown(why)),
            Self::NotTls => f.write_str("what answers speaks no TLS"),
            Self::NoHttp2 => f.write_str("the server agrees to no HTTP/2"),
            Self::Failed(why) => write!(f, "the TLS handshake failed: {}", shown(why)),
        }
    }
}

fn day(time: UnixTime) -> Option<String> {
    let time = jiff::Timestamp::from_second(time.as_secs().try_into().ok()?).ok()?;
    Some(time.strftime("%Y-%m-%d").to_string())
}

/// A name of a certificate without the kind that rustls puts around it.
fn plain(name: &str) -> &str {
    let inner = name.strip_prefix("DnsName(\"").and_then(|name| name.strip_suffix("\")"));
    inner.unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_agrees_to_no_protocol_refuses_http2_only_where_that_was_offered() {
        let alert = || io::Error::other(Error::AlertReceived(AlertDescription::NoApplicationProtocol));
        assert_eq!(TlsProblem::of(&alert(), true), Some(TlsProblem::NoHttp2));
        assert!(matches!(TlsProblem::of(&alert(), false), Some(TlsProblem::Failed(_))));
    }
}
