//! The requests that are worth asking: from the listeners and servers of a configuration, the plainest first.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
};

use serde_json::json;

use crate::{
    nginx::{
        dump::Configuration,
        listen::{Address, Listen, default_port},
        servers::{Server, servers},
    },
    plan::Probe,
    preflight::master::{Held, Master, Socket},
};

/// Servers of one kind of listener that are asked.
const MOST_SERVERS: usize = 2;

/// What is asked for on every server, before its own status page.
const PATHS: [&str; 2] = ["/healthz", "/"];

/// How a listener is spoken to; in the order in which a person would choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Manner {
    unix: bool,
    proxy_protocol: bool,
    tls: bool,
}

/// A listener, as a client reaches it, and the server that is asked there.
struct Door {
    manner: Manner,
    place: Place,
    name: Option<String>,
    paths: Vec<String>,
}

enum Place {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

/// The requests, in the order in which they are asked. Without a configuration every TCP socket that the master holds
/// may speak plain HTTP.
pub(super) fn of(master: &Master, configuration: Option<&Configuration>) -> Vec<Probe> {
    let mut doors = match configuration {
        Some(configuration) => configured(&servers(configuration), master),
        None => master.held.iter().filter_map(|held| Door::unknown(&held.socket)).collect(),
    };
    doors.sort_by_key(|door| door.manner);
    let mut probes = Vec::new();
    let mut count = (None, 0);
    for door in doors {
        count = if count.0 == Some(door.manner) { (count.0, count.1 + 1) } else { (Some(door.manner), 1) };
        if count.1 <= MOST_SERVERS {
            probes.extend(door.paths.iter().filter_map(|path| door.probe(path)));
        }
    }
    probes
}

/// What a probe asks for, in one word.
pub(super) fn place(probe: &Probe) -> String {
    probe.url.to_string()
}

fn configured(servers: &[Server], master: &Master) -> Vec<Door> {
    let default = Listen::on_port(default_port(master.user.0 == 0));
    let mut doors = Vec::new();
    for server in servers {
        let listens =
            if server.listens.is_empty() { std::slice::from_ref(&default) } else { &server.listens };
        doors.extend(listens.iter().filter_map(|listen| Door::of(listen, server, &master.held)));
    }
    doors
}

impl Door {
    fn of(listen: &Listen, server: &Server, held: &[Held]) -> Option<Self> {
        let place = match &listen.address {
            _ if listen.datagram => return None,
            Address::Ip { ip, first, .. } => Place::Tcp((*ip, *first).into()),
            Address::Unix(path) => Place::Unix(path.into()),
            // The resolver has told nginx the address: the socket with this port is it.
            Address::Name(name) => {
                let port = name.rsplit_once(':').map_or(Some(80), |(_, port)| port.parse().ok())?;
                Place::Tcp(held.iter().find_map(|held| match held.socket {
                    Socket::Tcp(at) if at.port() == port => Some(at),
                    _ => None,
                })?)
            }
        };
        Some(Self {
            manner: Manner {
                unix: matches!(place, Place::Unix(_)),
                proxy_protocol: listen.proxy_protocol,
                tls: listen.ssl,
            },
            place,
            name: server.names.first().cloned(),
            paths: PATHS.map(str::to_owned).into_iter().chain(server.status_pages.first().cloned()).collect(),
        })
    }

    fn unknown(socket: &Socket) -> Option<Self> {
        let Socket::Tcp(at) = socket else { return None };
        Some(Self {
            manner: Manner { unix: false, proxy_protocol: false, tls: false },
            place: Place::Tcp(*at),
            name: None,
            paths: PATHS.map(str::to_owned).to_vec(),
        })
    }

    /// `None` for what no URL can say.
    fn probe(&self, path: &str) -> Option<Probe> {
        let scheme = if self.manner.tls { "https" } else { "http" };
        let (authority, connect) = match &self.place {
            Place::Unix(_) => (self.name.clone().unwrap_or_else(|| "localhost".to_owned()), None),
            Place::Tcp(at) => {
                let at = SocketAddr::new(reached(at.ip()), at.port());
                match &self.name {
                    Some(name) => (format!("{name}:{}", at.port()), Some(at)),
                    None => (at.to_string(), None),
                }
            }
        };
        let mut probe = json!({ "url": format!("{scheme}://{authority}{path}") });
        if let Some(at) = connect {
            probe["connect-to"] = json!(at);
        }
        if let Place::Unix(path) = &self.place {
            probe["unix-socket"] = json!(path);
        }
        if self.manner.proxy_protocol {
            probe["proxy-protocol"] = json!(true);
        }
        if self.manner.tls {
            // Who has the certificate is not the question here: the connection does not leave the host.
            probe["tls"] = json!({ "insecure": true });
        }
        serde_json::from_value(probe).ok()
    }
}

/// The address by which this host reaches a listener on `ip`.
fn reached(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    }
}
