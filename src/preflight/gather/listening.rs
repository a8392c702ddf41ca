//! The listening sockets that a process holds, by address.

use std::{collections::BTreeMap, fs, os::unix::fs::MetadataExt, path::Path};

use procfs::{
    net::{TcpState, UnixState},
    process::Process,
};

use crate::{
    host::process,
    preflight::facts::{Held, Socket},
    protocol::FileId,
};

/// `SOCK_STREAM`, as `/proc/net/unix` shows it.
const STREAM: u16 = 1;

/// Reads the kernel's tables of the process's network namespace once. A table that cannot be read counts as empty.
pub(super) fn held_by(pid: i32) -> Vec<Held> {
    let inodes = process::sockets(pid);
    let Ok(process) = Process::new(pid) else { return Vec::new() };
    let tcp = [process.tcp(), process.tcp6()].into_iter().flatten().flatten();
    let tcp =
        tcp.filter(|it| it.state == TcpState::Listen).map(|it| (it.inode, Socket::Tcp(it.local_address)));
    // A connected UDP socket is nginx's own way to a syslog server.
    let udp = [process.udp(), process.udp6()].into_iter().flatten().flatten();
    let udp =
        udp.filter(|it| it.remote_address.port() == 0).map(|it| (it.inode, Socket::Udp(it.local_address)));
    let unix = process.unix().into_iter().flatten();
    let unix = unix.filter(|it| it.socket_type == STREAM && it.state == UnixState::UNCONNECTED);
    let unix = unix.filter_map(|it| {
        let path = it.path?;
        let file = file_of(&path);
        Some((it.inode, Socket::Unix(path, file)))
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
