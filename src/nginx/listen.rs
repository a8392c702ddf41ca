//! `listen` directives: what a configuration wants to listen on.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{config::Directive, dump::Configuration};

/// One `listen`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a parameter of nginx's directive")]
pub struct Listen {
    /// The address as far as the text tells it.
    pub address: Address,
    /// `quic`, or `udp` of a stream: a datagram socket.
    pub datagram: bool,
    /// `reuseport`: one socket per worker.
    pub reuseport: bool,
    /// `quic`.
    pub quic: bool,
    /// `ssl`.
    pub ssl: bool,
    /// `proxy_protocol`.
    pub proxy_protocol: bool,
    /// `deferred`.
    pub deferred: bool,
}

/// Where to listen (`ngx_parse_url`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// An address of the host, or all of them, and a range of ports.
    Ip {
        /// The address; unspecified means all.
        ip: IpAddr,
        /// The first port.
        first: u16,
        /// The last port; mostly the same.
        last: u16,
    },
    /// A path.
    Unix(String),
    /// A name that the resolver turns into addresses, or a text we do not understand.
    Name(String),
}

/// Where a server of http without a `listen` listens: port 80, or 8000 where the master does not run as root
/// (`ngx_http_core_server`).
#[must_use]
pub const fn default_port(root: bool) -> u16 {
    if root { 80 } else { 8000 }
}

/// Every `listen` of http, stream and mail, in the order of the files, that of [`default_port`] too.
#[must_use]
pub fn listens(configuration: &Configuration, root: bool) -> Vec<Listen> {
    let default = default_port(root);
    let mut all = Vec::new();
    configuration.visit(|around, directive| match around {
        ["http" | "stream" | "mail", "server"] if directive.name == "listen" => {
            all.extend(Listen::parse(directive));
        }
        ["http"] if directive.name == "server" && !has_listen(configuration, directive) => {
            all.push(Listen::on_port(default));
        }
        _ => {}
    });
    all
}

/// A server whose `listen` comes from an included file is rare: then no default is assumed.
fn has_listen(configuration: &Configuration, server: &Directive) -> bool {
    let included = configuration.files.len() > 1;
    let block = server.block.as_deref().unwrap_or_default();
    block.iter().any(|inner| inner.name == "listen" || (included && inner.name == "include"))
}

impl Listen {
    /// A plain one on a port of every address.
    #[must_use]
    pub fn on_port(number: u16) -> Self {
        Self {
            address: port(number, number),
            datagram: false,
            reuseport: false,
            quic: false,
            ssl: false,
            proxy_protocol: false,
            deferred: false,
        }
    }

    /// Reads one directive; `None` without an address.
    #[must_use]
    pub fn parse(directive: &Directive) -> Option<Self> {
        let (address, parameters) = directive.args.split_first()?;
        let has = |name: &str| parameters.iter().any(|parameter| parameter == name);
        Some(Self {
            address: Address::parse(address),
            datagram: has("udp") || has("quic"),
            reuseport: has("reuseport"),
            quic: has("quic"),
            ssl: has("ssl"),
            proxy_protocol: has("proxy_protocol"),
            deferred: has("deferred"),
        })
    }
}

impl Address {
    /// Reads the first word of a `listen`.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        if let Some(path) = text.strip_prefix("unix:") {
            return Self::Unix(path.to_owned());
        }
        if let Some((first, last)) = ports(text) {
            return port(first, last);
        }
        let split = text.rsplit_once(':').and_then(|(host, text)| Some((host, ports(text)?)));
        // `[::1]` and `127.0.0.1` alone mean port 80.
        let (host, (first, last)) = split.unwrap_or((text, (80, 80)));
        let ip = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(host) => host.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
            None if host == "*" => Some(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
            None => host.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
        };
        ip.map_or_else(|| Self::Name(text.to_owned()), |ip| Self::Ip { ip, first, last })
    }
}

fn port(first: u16, last: u16) -> Address {
    Address::Ip { ip: IpAddr::V4(Ipv4Addr::UNSPECIFIED), first, last }
}

fn ports(text: &str) -> Option<(u16, u16)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<u16>().ok())?;
    let (first, last) = (number(first)?, number(last)?);
    (first > 0 && first <= last).then_some((first, last))
}

#[cfg(test)]
mod tests {
    use super::{Address, listens};
    use crate::nginx::dump::Configuration;

    fn address(text: &str) -> String {
        match Address::parse(text) {
            Address::Ip { ip, first, last } if first == last => format!("{ip} {first}"),
            Address::Ip { ip, first, last } => format!("{ip} {first}-{last}"),
            Address::Unix(path) => format!("unix {path}"),
            Address::Name(name) => format!("name {name}"),
        }
    }

    #[test]
    fn every_form_of_an_address_is_read() {
        for (text, means) in [
            ("80", "0.0.0.0 80"),
            ("*:8080", "0.0.0.0 8080"),
            ("127.0.0.1", "127.0.0.1 80"),
            ("127.0.0.1:443", "127.0.0.1 443"),
            ("[::]:80", ":: 80"),
            ("[::1]", "::1 80"),
            ("8000-8010", "0.0.0.0 8000-8010"),
            ("unix:/run/a.sock", "unix /run/a.sock"),
            ("localhost:80", "name localhost:80"),
            ("localhost", "name localhost"),
            ("[::1:80", "name [::1:80"),
            ("99999", "name 99999"),
            ("", "name "),
        ] {
            assert_eq!(address(text), means, "{text}");
        }
    }

    #[test]
    fn listens_are_found_in_http_stream_and_mail_only() {
        let dump = "# configuration file /n:\n\
            http { server { listen 443 ssl quic reuseport; listen 444 deferred proxy_protocol; } server { root /; } }\n\
            stream { server { listen 53 udp; } }\nother { server { listen 1; } }\n";
        let configuration = Configuration::parse(dump.as_bytes(), None).unwrap();
        let found = listens(&configuration, true);
        assert_eq!(found.len(), 4);
        assert!(found[0].quic && found[0].reuseport && found[0].datagram && found[0].ssl);
        assert!(found[1].deferred && found[1].proxy_protocol && !found[1].reuseport);
        assert_eq!(found[2].address, Address::parse("80"));
        assert_eq!(listens(&configuration, false)[2].address, Address::parse("8000"));
        assert!(found[3].datagram && !found[3].quic);
    }
}
