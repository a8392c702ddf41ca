//! The file system as another process sees it: from its own root, through its own mounts.

use std::{
    io,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
};

use rustix::{
    fs::{self, Mode, OFlags, ResolveFlags, StatVfs, StatVfsMountFlags},
    io::Errno,
};

use super::files::id_of;
use crate::protocol::FileId;

/// How often a path is looked up again that was renamed meanwhile (`openat2(2)`, EAGAIN).
const TRIES: usize = 8;

/// The root of a process, opened once.
#[derive(Debug)]
pub struct View {
    root: OwnedFd,
    /// The path of this root, as the kernel names it to us.
    path: PathBuf,
}

impl View {
    /// The view of this process.
    ///
    /// # Errors
    /// When it is gone, or may not be looked at (`ptrace(2)`, access mode `PTRACE_MODE_READ_FSCREDS`).
    pub fn of(pid: i32) -> io::Result<Self> {
        let link = format!("/proc/{pid}/root");
        let path = std::fs::read_link(&link)?;
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self { root: fs::open(link, flags, Mode::empty())?, path })
    }

    /// The root, where it is another directory than ours.
    #[must_use]
    pub fn other_root(&self) -> Option<&Path> {
        let same = matches!((fs::fstat(&self.root), fs::stat("/")), (Ok(theirs), Ok(ours)) if id_of(&theirs) == id_of(&ours));
        (!same).then_some(&self.path)
    }

    /// Whether an absolute path is the same file there as here, symlinks followed; also where it is none in both.
    #[must_use]
    pub fn agrees_on(&self, path: &Path) -> bool {
        let ours = fs::stat(path).ok().map(|stat| id_of(&stat));
        self.file_id(path) == ours
    }

    /// Whether nothing can be executed in this directory there (mounted `noexec`).
    #[must_use]
    pub fn is_noexec(&self, directory: &Path) -> bool {
        self.has_flag(directory, StatVfsMountFlags::NOEXEC)
    }

    /// Whether nothing can be written in this directory there (mounted read-only).
    #[must_use]
    pub fn is_read_only(&self, directory: &Path) -> bool {
        self.has_flag(directory, StatVfsMountFlags::RDONLY)
    }

    fn has_flag(&self, directory: &Path, flag: StatVfsMountFlags) -> bool {
        let stat: Option<StatVfs> = self.open(directory).ok().and_then(|file| fs::fstatvfs(file).ok());
        stat.is_some_and(|stat| stat.f_flag.contains(flag))
    }

    fn file_id(&self, path: &Path) -> Option<FileId> {
        self.open(path).and_then(fs::fstat).ok().map(|stat| id_of(&stat))
    }

    /// Looks a path up as the process would: absolute symlinks and `..` begin and end at its root, not at ours.
    fn open(&self, path: &Path) -> Result<OwnedFd, Errno> {
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        let mut tries = TRIES;
        loop {
            match fs::openat2(&self.root, path, flags, Mode::empty(), ResolveFlags::IN_ROOT) {
                Err(Errno::AGAIN) if tries > 0 => tries -= 1,
                // Linux before 5.6: absolute symlinks lead to our root, which is the same one in what is not refused.
                Err(Errno::NOSYS) => {
                    let path = path.strip_prefix("/").unwrap_or(path);
                    return fs::openat(&self.root, path, flags, Mode::empty());
                }
                opened => return opened,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_view_agrees_with_us() {
        let view = View::of(i32::try_from(std::process::id()).unwrap()).unwrap();
        assert_eq!(view.other_root(), None);
        for path in ["/", "/usr/bin", "/usr/bin/env", "/no/such/file"] {
            assert!(view.agrees_on(Path::new(path)), "{path}");
        }
    }

    #[test]
    fn a_process_that_is_gone_has_no_view() {
        assert!(View::of(i32::MAX).is_err());
    }
}
