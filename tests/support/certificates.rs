//! Certificates for one name, each good or bad in its own way, and the authority that signs them.

use std::sync::OnceLock;

use rcgen::{
    BasicConstraints, Certificate as Made, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd,
};

/// The name that clients ask for.
pub(crate) const NAME: &str = "shop.example.test";
/// Where a host keeps all of them.
const DIRECTORY: &str = "/etc/nginx/tls";
/// The authority's own certificate on a host.
pub(crate) const CA_FILE: &str = "/etc/nginx/tls/ca.pem";

/// What a listener shows to its clients.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Certificate {
    /// Signed by the authority, for [`NAME`].
    #[default]
    Good,
    /// It was good until 2001.
    Expired,
    /// It will be good from 2099.
    NotYet,
    /// For `other.example.test`.
    WrongName,
    /// Signed by nobody but itself.
    SelfSigned,
}

impl Certificate {
    const ALL: [Self; 5] = [Self::Good, Self::Expired, Self::NotYet, Self::WrongName, Self::SelfSigned];

    /// The certificate and the key on a host.
    pub(crate) fn paths(self) -> [String; 2] {
        [".pem", ".key"].map(|kind| format!("{DIRECTORY}/{self:?}{kind}"))
    }

    fn parameters(self) -> CertificateParams {
        let name = if self == Self::WrongName { "other.example.test" } else { NAME };
        let mut parameters = CertificateParams::new([name.to_owned()]).expect("a name");
        if self == Self::Expired {
            parameters.not_after = date_time_ymd(2001, 1, 1);
        }
        if self == Self::NotYet {
            parameters.not_before = date_time_ymd(2099, 1, 1);
        }
        parameters
    }
}

/// Every file under a host's directory of certificates: its path and its text.
pub(crate) fn files() -> &'static [(String, String)] {
    static FILES: OnceLock<Vec<(String, String)>> = OnceLock::new();
    FILES.get_or_init(|| {
        let mut parameters = CertificateParams::default();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(parameters, key()).expect("an authority");
        let mut files = vec![(CA_FILE.to_owned(), authority.pem())];
        for certificate in Certificate::ALL {
            let (parameters, key) = (certificate.parameters(), key());
            let made: Made = match certificate {
                Certificate::SelfSigned => parameters.self_signed(&key),
                _ => parameters.signed_by(&key, &authority),
            }
            .expect("a certificate");
            files.extend(certificate.paths().into_iter().zip([made.pem(), key.serialize_pem()]));
        }
        files
    })
}

fn key() -> KeyPair {
    KeyPair::generate().expect("a key")
}
