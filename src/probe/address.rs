//! Where a probe connects to: addresses, or the path of a unix socket.

use std::{fmt, net::SocketAddr, path::PathBuf};

use tokio::{net::lookup_host, time::timeout};

use super::outcome::Outcome;
use crate::{nginx::printable, plan::Probe};

/// The most addresses of one name that are tried.
const ADDRESSES: usize = 8;
/// The longest path that is shown.
const SHOWN: usize = 200;

/// One place where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// An address and a port.
    Tcp(SocketAddr),
    /// A path.
    Unix(PathBuf),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(at) => at.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", printable(&path.to_string_lossy(), SHOWN)),
        }
    }
}

impl Address {
    /// Changes the path, which is a text of the plan.
    pub(super) fn text(&mut self, change: &mut impl FnMut(&mut String)) {
        if let Self::Unix(path) = self {
            let mut text = path.to_string_lossy().into_owned();
            change(&mut text);
            *path = text.into();
        }
    }
}

/// What the plan names (`unix-socket`, `connect-to`), or else what the URL's host resolves to.
pub(super) async fn addresses(probe: &Probe) -> Result<Vec<Address>, Outcome> {
    if let Some(path) = &probe.unix_socket {
        return Ok(vec![Address::Unix(path.clone())]);
    }
    if let Some(address) = probe.connect_to {
        return Ok(vec![Address::Tcp(address)]);
    }
    let name = probe.url.host();
    let port = probe.url.url().port_or_known_default().unwrap_or(80);
    let unresolved = |error: String| Outcome::Unresolved { host: name.to_owned(), error };
    let found = timeout(probe.request_timeout, lookup_host((name, port))).await;
    let found = found.map_err(|_| unresolved("the resolver did not answer in time".to_owned()))?;
    let found: Vec<_> = found.map_err(|error| unresolved(error.to_string()))?.take(ADDRESSES).collect();
    if found.is_empty() {
        return Err(unresolved("the resolver knows none".to_owned()));
    }
    Ok(found.into_iter().map(Address::Tcp).collect())
}
