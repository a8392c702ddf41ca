//! The listening sockets of this network namespace, by inode.

use std::collections::HashSet;

use procfs::{
    net::{TcpState, UnixState},
    process::Process,
};

/// `SOCK_STREAM`, as `/proc/net/unix` shows it.
const STREAM: u16 = 1;

/// The inodes of all listening TCP and unix sockets that this process can see.
///
/// Costs a read of three kernel tables (milliseconds on a busy host): for the baseline and after a change, never
/// in a loop. A table that cannot be read counts as empty. A unix stream socket counts when it has a path and no
/// peer: `procfs` does not show whether it listens, and nginx has no other such sockets.
#[must_use]
pub fn listening() -> HashSet<u64> {
    let Ok(me) = Process::myself() else { return HashSet::new() };
    let tcp = [me.tcp(), me.tcp6()].into_iter().flatten().flatten();
    let tcp = tcp.filter(|socket| socket.state == TcpState::Listen).map(|socket| socket.inode);
    let unix = me.unix().into_iter().flatten();
    let unix = unix.filter(|socket| {
        socket.socket_type == STREAM && socket.state == UnixState::UNCONNECTED && socket.path.is_some()
    });
    tcp.chain(unix.map(|socket| socket.inode)).collect()
}

#[cfg(test)]
mod tests {
    use std::{
        net::{TcpListener, TcpStream, UdpSocket},
        os::{fd::AsFd, unix::net::UnixListener},
    };

    use super::*;
    use crate::host::scratch::Scratch;

    fn inode(socket: impl AsFd) -> u64 {
        rustix::fs::fstat(socket).unwrap().st_ino
    }

    #[test]
    fn tcp_and_unix_listeners_are_found_and_connections_are_not() {
        let scratch = Scratch::new();
        let path = scratch.path().join("listening.sock");
        let (v4, v6) = (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("[::1]:0"));
        let unix = UnixListener::bind(&path).unwrap();
        let client = TcpStream::connect(v4.local_addr().unwrap()).unwrap();
        let datagram = UdpSocket::bind("127.0.0.1:0").unwrap();
        let found = listening();
        assert!(found.contains(&inode(&v4)) && found.contains(&inode(&unix)));
        assert!(v6.is_err() || found.contains(&inode(v6.unwrap())));
        assert!(!found.contains(&inode(&client)) && !found.contains(&inode(&datagram)));
    }
}
