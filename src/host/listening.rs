//! The listening sockets of this network namespace, by inode.

use std::{collections::HashSet, net::SocketAddr, path::PathBuf};

use procfs::{
    net::{TcpState, UnixState},
    process::Process,
};

use super::sock_diag::SockDiag;

/// `SOCK_STREAM`, as `/proc/net/unix` shows it.
const STREAM: u16 = 1;

/// The inodes of all listening TCP and unix sockets that this process can see.
#[must_use]
pub fn listening() -> HashSet<u64> {
    let tcp = tcp().into_iter().map(|(inode, _)| inode);
    tcp.chain(unix().into_iter().map(|(inode, _)| inode)).collect()
}

/// Every listening TCP socket, from the kernel's socket diagnosis, otherwise from `/proc` (slower by far).
#[must_use]
pub fn tcp() -> Vec<(u64, SocketAddr)> {
    SockDiag::open().and_then(|diag| diag.listeners()).unwrap_or_else(|_| tcp_of_proc())
}

fn tcp_of_proc() -> Vec<(u64, SocketAddr)> {
    let Ok(me) = Process::myself() else { return Vec::new() };
    let tcp = [me.tcp(), me.tcp6()].into_iter().flatten().flatten();
    tcp.filter(|socket| socket.state == TcpState::Listen).map(|it| (it.inode, it.local_address)).collect()
}

/// Every unix stream socket that has a path and no peer: `procfs` does not show whether it listens, and nginx has no
/// other such sockets. A table that cannot be read counts as empty.
#[must_use]
pub fn unix() -> Vec<(u64, PathBuf)> {
    let table = Process::myself().and_then(|me| me.unix()).unwrap_or_default();
    let named = table.into_iter().filter(|it| it.socket_type == STREAM && it.state == UnixState::UNCONNECTED);
    named.filter_map(|socket| Some((socket.inode, socket.path?))).collect()
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
    fn the_kernel_s_two_answers_are_the_same() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let entry = (inode(&listener), listener.local_addr().unwrap());
        assert!(tcp().contains(&entry) && tcp_of_proc().contains(&entry));
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
