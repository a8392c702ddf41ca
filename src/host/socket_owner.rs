//! Whose socket it is: from a socket's inode to the process that has it open.

use std::{collections::BTreeMap, fs, io, path::Path};

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
}
