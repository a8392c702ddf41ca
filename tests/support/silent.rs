//! An upstream that takes requests and never answers: for probes that hang and connections that are not done.

use std::net::{Ipv4Addr, TcpListener, TcpStream};

use super::config::Config;
use super::host::Host;
use super::http::Connection;

const PORT: u16 = 8081;

/// The upstream. While it lives requests to `/silent` of the host wait, and no longer than that.
#[derive(Debug)]
pub(crate) struct Silent(TcpListener);

/// A request that one of the host's workers has in hand.
#[derive(Debug)]
pub(crate) struct Held {
    _client: Connection,
    _upstream: TcpStream,
}

impl Silent {
    /// Adds `/silent` to a configuration.
    pub(crate) fn location(config: &mut Config) {
        config.server = format!("location /silent {{ proxy_pass http://127.0.0.1:{PORT}; }}");
    }

    pub(crate) fn listen(host: &Host) -> Self {
        let listener = host.sandbox.door().run_in_network(|| TcpListener::bind((Ipv4Addr::LOCALHOST, PORT)));
        Self(listener.expect("listen inside"))
    }

    /// Sends a request and returns once a worker has passed it on.
    pub(crate) fn hold(&self, host: &Host) -> Held {
        let address = host.address();
        let client = host.sandbox.door().run_in_network(|| {
            let mut connection = Connection::open(address)?;
            connection.send("/silent", false).map(|()| connection)
        });
        let (upstream, _) = self.0.accept().expect("the worker's connection");
        Held { _client: client.expect("a request sent"), _upstream: upstream }
    }
}
