//! What the master listens on beside what the configuration on disk will listen on.

use super::super::{Facts, Held, Socket};
use crate::nginx::listen::{Address, Listen};

/// The sockets of one kind that the configuration on disk no longer has, for a sentence; `None` without any.
pub(super) fn dropped(facts: &Facts, kind: fn(&Socket) -> bool) -> Option<String> {
    let listens = facts.listens()?;
    let held = facts.master.as_ref()?.held.iter().map(|held| &held.socket);
    let gone = held.filter(|socket| kind(socket) && !listens.iter().any(|listen| is_for(listen, socket)));
    let names: Vec<String> = gone.map(ToString::to_string).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

/// How many sockets the new generation will have there; `None` if the configuration does not listen there at all.
pub(super) fn expected(held: &Held, listens: &[Listen], workers: usize) -> Option<usize> {
    let mut here = listens.iter().filter(|listen| is_for(listen, &held.socket)).peekable();
    here.peek()?;
    Some(if here.any(|listen| listen.reuseport) { workers } else { 1 })
}

/// Whether a `listen` is for this socket. A name may be for any address with its port.
fn is_for(listen: &Listen, socket: &Socket) -> bool {
    match (&listen.address, socket) {
        (Address::Unix(path), Socket::Unix(held, _)) => held.as_os_str() == path.as_str(),
        (Address::Ip { ip, first, last }, Socket::Tcp(held) | Socket::Udp(held)) => {
            listen.datagram == matches!(socket, Socket::Udp(_))
                && *ip == held.ip()
                && (*first..=*last).contains(&held.port())
        }
        (Address::Name(name), Socket::Tcp(held) | Socket::Udp(held)) => {
            let port = name.rsplit_once(':').map_or("80", |(_, port)| port);
            port == held.port().to_string()
        }
        _ => false,
    }
}
