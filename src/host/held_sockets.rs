//! Sockets and the processes that have them open, from either end.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    os::fd::AsFd,
    path::Path,
};

use rustix::fs::{CWD, Mode, OFlags, openat, readlinkat};

use super::process::{directory, names};

/// The most descriptors of one process that are looked at; listening sockets have low numbers.
const DESCRIPTORS_MAX: usize = 8_192;

/// The processes that were looked at and what could be seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owners {
    /// The first of the processes that has the socket open, by the socket's inode.
    pub pids: BTreeMap<u64, i32>,
    /// Whether the descriptors of one process could not be seen for lack of rights.
    pub denied: bool,
}

/// Looks for sockets among the open descriptors of known processes; a process that is gone has none.
///
/// One pass over the descriptors of `pids`, ended as soon as every inode has an owner. Needs root, or the
/// processes' own user.
#[must_use]
pub fn owners(pids: impl IntoIterator<Item = i32>, inodes: &[u64]) -> Owners {
    let mut owners = Owners::default();
    let wanted: BTreeMap<String, u64> =
        inodes.iter().map(|inode| (format!("socket:[{inode}]"), *inode)).collect();
    for pid in pids {
        if owners.pids.len() == wanted.len() {
            break;
        }
        match fs::read_dir(format!("/proc/{pid}/fd")) {
            Ok(descriptors) => {
                for descriptor in descriptors.flatten() {
                    owned(&descriptor.path(), pid, &wanted, &mut owners);
                }
            }
            Err(error) => owners.denied |= error.kind() == io::ErrorKind::PermissionDenied,
        }
    }
    owners
}

fn owned(descriptor: &Path, pid: i32, wanted: &BTreeMap<String, u64>, owners: &mut Owners) {
    match fs::read_link(descriptor) {
        Ok(link) => {
            let inode = link.to_str().and_then(|link| wanted.get(link));
            if let Some(inode) = inode {
                owners.pids.entry(*inode).or_insert(pid);
            }
        }
        Err(error) => owners.denied |= error.kind() == io::ErrorKind::PermissionDenied,
    }
}

/// The inodes of the sockets that a process holds; empty when it has gone or they may not be read.
#[must_use]
pub fn of(pid: i32) -> BTreeSet<u64> {
    descriptors(pid).into_iter().map(|(_, inode)| inode).collect()
}

/// The descriptor by which a process holds one of these sockets.
#[must_use]
pub fn descriptor_of(pid: i32, sockets: &BTreeSet<u64>) -> Option<(i32, u64)> {
    descriptors(pid).into_iter().find(|(_, inode)| sockets.contains(inode))
}

/// The socket behind one descriptor of a process. Cheap: one link is read.
#[must_use]
pub fn behind(pid: i32, descriptor: i32) -> Option<u64> {
    socket_of(CWD, &format!("/proc/{pid}/fd/{descriptor}"))
}

fn descriptors(pid: i32) -> Vec<(i32, u64)> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let Some(dir) = directory(pid).and_then(|dir| openat(dir, "fd", flags, Mode::empty()).ok()) else {
        return Vec::new();
    };
    let held = |name: String| Some((name.parse().ok()?, socket_of(&dir, &name)?));
    names(&dir).take(DESCRIPTORS_MAX).filter_map(held).collect()
}

fn socket_of(dir: impl AsFd, name: &str) -> Option<u64> {
    let link = readlinkat(dir, name, Vec::new()).ok()?.into_string().ok()?;
    link.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, os::unix::fs::MetadataExt};

    use super::*;

    #[test]
    fn the_owner_of_a_socket_is_the_process_that_has_it_open() {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let link = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&socket));
        let inode = fs::metadata(link).unwrap().ino();
        let me = std::process::id().cast_signed();
        let found = owners([i32::MAX, me], &[inode, u64::MAX]);
        assert_eq!((found.pids, found.denied), (BTreeMap::from([(inode, me)]), false));
    }

    #[test]
    fn the_sockets_of_a_process_are_its_descriptors_that_are_sockets() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let inode = rustix::fs::fstat(&listener).unwrap().st_ino;
        let me = i32::try_from(std::process::id()).unwrap();
        assert!(of(me).contains(&inode));
        let (descriptor, found) = descriptor_of(me, &BTreeSet::from([inode])).unwrap();
        assert_eq!((found, behind(me, descriptor)), (inode, Some(inode)));
        drop(listener);
        assert!(!of(me).contains(&inode) && descriptor_of(me, &BTreeSet::from([inode])).is_none());
    }
}
