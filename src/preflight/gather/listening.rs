//! The listening sockets that a process holds, by address.

use std::{collections::BTreeMap, fs, os::unix::fs::MetadataExt, path::Path};

use procfs::net;

use crate::{
    host::{held_sockets, listening},
    preflight::master::{Held, Socket},
    protocol::FileId,
};

/// Reads the kernel's tables of the network that we look from once: the master's, which was entered before. A table that
/// cannot be read counts as empty.
pub(super) fn held_by(pid: i32) -> Vec<Held> {
    let inodes = held_sockets::of(pid);
    let tcp = listening::tcp().into_iter().map(|(inode, at)| (inode, Socket::Tcp(at)));
    // A connected UDP socket is nginx's own way to a syslog server.
    let udp = [net::udp(), net::udp6()].into_iter().flatten().flatten();
    let udp =
        udp.filter(|it| it.remote_address.port() == 0).map(|it| (it.inode, Socket::Udp(it.local_address)));
    let unix = listening::unix().into_iter().map(|(inode, path)| {
        let file = file_of(&path);
        (inode, Socket::Unix(path, file))
    });
    // The kernel may show a socket twice when the table changes while it is read.
    let sockets: BTreeMap<u64, Socket> =
        tcp.chain(udp).chain(unix).filter(|(inode, _)| inodes.contains(inode)).collect();
    let mut counts: BTreeMap<Socket, usize> = BTreeMap::new();
    for socket in sockets.into_values() {
        *counts.entry(socket).or_default() += 1;
    }
    counts.into_iter().map(|(socket, count)| Held { socket, count }).collect()
}

fn file_of(path: &Path) -> Option<FileId> {
    let metadata = fs::symlink_metadata(path).ok()?;
    Some(FileId { dev: metadata.dev(), ino: metadata.ino() })
}
