//! Staging: a file copied once beside the one it will stand in for, hashed while it is copied.

use std::{
    ffi::OsStr,
    fs::File,
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{self, Gid, Mode, Stat, Uid},
    io::Errno,
};
use sha2::{Digest, Sha256};

use super::{
    attributes,
    directory::{Directory, DirectoryError, Doing},
    files::{self, BLOCK, FileError, Hashed, Symlinks, hex, id_of},
};

/// What to stage and how it will look.
#[derive(Clone, Copy, Debug)]
pub struct Staging<'a> {
    /// The file to copy.
    pub source: &'a Path,
    /// Whether a symlink as the source is followed: `/proc/PID/exe` is one.
    pub symlinks: Symlinks,
    /// The name that is made; it must not exist.
    pub name: &'a OsStr,
    /// The file whose mode, owner and extended attributes the copy takes: a name in this directory, or an absolute
    /// path; a symlink is followed.
    pub stands_in_for: &'a OsStr,
    /// The most bytes that are copied.
    pub limit: u64,
}

/// Why a file was not staged; what had been made was removed.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// The source cannot be read.
    #[error("the source was not read: {0}")]
    Source(FileError),
    /// The source is larger than anything that is staged.
    #[error("{path} is larger than {limit} bytes", path = path.display())]
    TooLarge {
        /// The source.
        path: PathBuf,
        /// The limit.
        limit: u64,
    },
    /// The file that it will stand in for cannot be read.
    #[error("the file at the binary path was not read: {0}")]
    StandsInFor(FileError),
    /// The copy cannot be made, written or synced.
    #[error("the staged copy failed: {0}")]
    Copy(#[from] DirectoryError),
    /// An owner, a mode or an extended attribute cannot be taken over.
    #[error("{attribute} of {path} could not be taken over: {source}", path = path.display())]
    Attribute {
        /// `owner`, `mode` or the attribute's name.
        attribute: String,
        /// The file that has it.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
}

impl StageError {
    /// The one name of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Source(error) if error.is_missing() => "host/source-missing",
            Self::Source(FileError::Symlink { .. }) => "host/source-is-symlink",
            Self::Source(FileError::NotRegular { .. }) => "host/source-not-regular",
            Self::Source(_) => "host/source-not-read",
            Self::TooLarge { .. } => "host/source-too-large",
            Self::StandsInFor(_) => "host/target-not-read",
            Self::Copy(error) => error.code(),
            Self::Attribute { .. } => "host/attribute-not-taken",
        }
    }
}

/// Whether a file has an execute bit for anybody.
///
/// # Errors
/// When there is no such regular file, or it is a symlink that was not to be followed.
pub fn is_executable(path: &Path, symlinks: Symlinks) -> Result<bool, FileError> {
    let file = files::open(path, symlinks)?;
    let stat = fs::fstat(&file).map_err(|e| FileError::Open { path: path.to_owned(), source: e.into() })?;
    Ok(stat.st_mode & 0o111 != 0)
}

impl Directory {
    /// Stages a file in this directory. Only what was read is hashed, and only what was hashed is written.
    ///
    /// # Errors
    /// Each stage has its own; nothing is left behind.
    pub fn stage(&self, what: Staging<'_>) -> Result<Hashed, StageError> {
        let source = files::open(what.source, what.symlinks).map_err(StageError::Source)?;
        let model_path = self.path().join(what.stands_in_for);
        let model = files::open(&model_path, Symlinks::Follow).map_err(StageError::StandsInFor)?;
        let copy = self.create(what.name)?;
        let staged = self.fill_staged(what, source, copy, (&model, &model_path));
        if staged.is_err() {
            // The first error is the one to tell; a name that is left is refused by the next run's `create`.
            let _ = self.unlink_if_there(what.name);
        }
        staged
    }

    fn fill_staged(
        &self,
        what: Staging<'_>,
        source: File,
        mut copy: File,
        (model, model_path): (&File, &Path),
    ) -> Result<Hashed, StageError> {
        let (sha256, size) = self.copy(what, source, &mut copy)?;
        take_over(model, model_path, &copy)?;
        fs::fsync(&copy).map_err(self.failed(Doing::Sync, what.name))?;
        let stat = fs::fstat(&copy).map_err(self.failed(Doing::LookAt, what.name))?;
        self.sync()?;
        Ok(Hashed { id: id_of(&stat), sha256, size })
    }

    fn copy(
        &self,
        what: Staging<'_>,
        mut source: File,
        copy: &mut File,
    ) -> Result<(String, u64), StageError> {
        let mut digest = Sha256::new();
        let mut size = 0;
        let mut block = vec![0; BLOCK];
        loop {
            let read = source.read(&mut block).map_err(|error| {
                StageError::Source(FileError::Read { path: what.source.to_owned(), source: error })
            })?;
            let Some(bytes) = block.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
            size += read as u64;
            if size > what.limit {
                return Err(StageError::TooLarge { path: what.source.to_owned(), limit: what.limit });
            }
            digest.update(bytes);
            copy.write_all(bytes).map_err(|source| DirectoryError {
                doing: Doing::Write,
                path: self.path().join(what.name),
                source,
            })?;
        }
        Ok((hex(&digest.finalize()), size))
    }
}

/// Owner first (it clears set-id bits and capabilities), then mode, then the extended attributes.
fn take_over(model: &File, path: &Path, copy: &File) -> Result<(), StageError> {
    let failed = |attribute: &str| {
        let (attribute, path) = (attribute.to_owned(), path.to_owned());
        move |error: Errno| StageError::Attribute { attribute, path, source: error.into() }
    };
    let wanted: Stat = fs::fstat(model).map_err(failed("mode"))?;
    let is: Stat = fs::fstat(copy).map_err(failed("mode"))?;
    if (is.st_uid, is.st_gid) != (wanted.st_uid, wanted.st_gid) {
        let (user, group) = (Uid::from_raw(wanted.st_uid), Gid::from_raw(wanted.st_gid));
        fs::fchown(copy, Some(user), Some(group)).map_err(failed("owner"))?;
    }
    fs::fchmod(copy, Mode::from_raw_mode(wanted.st_mode & 0o7777)).map_err(failed("mode"))?;
    attributes::copy(model, copy).map_err(|(name, error)| failed(&name.to_string_lossy())(error))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use rustix::fs::XattrFlags;

    use super::{super::scratch::Scratch, *};

    const LIMIT: u64 = 1 << 20;

    fn stage(scratch: &Scratch, source: &Path, limit: u64) -> Result<Hashed, StageError> {
        let directory = Directory::open(scratch.path()).unwrap();
        let (name, stands_in_for) = (OsStr::new(".nginx.changeover-1"), OsStr::new("nginx"));
        directory.stage(Staging { source, symlinks: Symlinks::Refuse, name, stands_in_for, limit })
    }

    fn mode(path: &Path, mode: u32) {
        fs::chmod(path, Mode::from_raw_mode(mode)).unwrap();
    }

    #[test]
    fn the_copy_has_the_bytes_of_the_source_and_the_looks_of_the_target() {
        let scratch = Scratch::new();
        let target = scratch.write("nginx", b"old");
        mode(&target, 0o4751);
        fs::setxattr(&target, "user.label", b"kept", XattrFlags::empty()).unwrap();
        let source = scratch.write("source", b"abc");
        mode(&source, 0o600);
        let staged = stage(&scratch, &source, LIMIT).unwrap();
        assert_eq!(staged.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(staged.size, 3);
        let path = scratch.path().join(".nginx.changeover-1");
        assert_eq!(std::fs::read(&path).unwrap(), b"abc");
        let looks = path.metadata().unwrap();
        assert_eq!(looks.permissions().mode() & 0o7777, 0o4751);
        assert_eq!(looks.ino(), staged.id.ino);
        let mut value = [0; 16];
        let length = fs::getxattr(&path, "user.label", &mut value).unwrap();
        assert_eq!(value.get(..length), Some(&b"kept"[..]));
    }

    #[test]
    fn owner_and_capabilities_are_taken_over() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let scratch = Scratch::new();
        let target = scratch.write("nginx", b"old");
        fs::chownat(fs::CWD, &target, Some(Uid::from_raw(33)), Some(Gid::from_raw(33)), fs::AtFlags::empty())
            .unwrap();
        // VFS_CAP_REVISION_2 with cap_net_bind_service, permitted and effective.
        let capability = [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        fs::setxattr(&target, "security.capability", &capability, XattrFlags::empty()).unwrap();
        stage(&scratch, &scratch.write("source", b"abc"), LIMIT).unwrap();
        let path = scratch.path().join(".nginx.changeover-1");
        assert_eq!((path.metadata().unwrap().uid(), path.metadata().unwrap().gid()), (33, 33));
        let mut value = [0; 32];
        let length = fs::getxattr(&path, "security.capability", &mut value).unwrap();
        assert_eq!(value.get(..length), Some(&capability[..]));
    }

    /// An ACL (`acl_xattr` of Linux): what the owner, user 4000, the group, the mask and others may.
    fn acl(named: u16) -> Vec<u8> {
        let entry = |tag: u16, perm: u16, id: u32| {
            [tag.to_le_bytes().as_slice(), &perm.to_le_bytes(), &id.to_le_bytes()].concat()
        };
        let entries = [
            entry(1, 7, u32::MAX),
            entry(2, named, 4000),
            entry(4, 5, u32::MAX),
            entry(16, 7, u32::MAX),
            entry(32, 5, u32::MAX),
        ];
        [2_u32.to_le_bytes().as_slice(), &entries.concat()].concat()
    }

    #[test]
    fn an_acl_is_taken_over_and_one_of_the_directory_is_not() {
        let scratch = Scratch::new();
        let target = scratch.write("nginx", b"old");
        mode(&target, 0o755);
        let give = |name: &str, file: &Path, acl: &[u8]| fs::setxattr(file, name, acl, XattrFlags::empty());
        if give("system.posix_acl_default", scratch.path(), &acl(7)) == Err(Errno::OPNOTSUPP) {
            return;
        }
        let staged = scratch.path().join(".nginx.changeover-1");
        let mut value = [0; 256];
        stage(&scratch, &scratch.write("source", b"abc"), LIMIT).unwrap();
        let inherited = fs::getxattr(&staged, "system.posix_acl_access", &mut value);
        assert_eq!(inherited, Err(Errno::NODATA), "user 4000 may not write the binary");
        assert_eq!(staged.metadata().unwrap().permissions().mode() & 0o7777, 0o755);
        fs::unlink(&staged).unwrap();
        give("system.posix_acl_access", &target, &acl(5)).unwrap();
        stage(&scratch, &scratch.path().join("source"), LIMIT).unwrap();
        let length = fs::getxattr(&staged, "system.posix_acl_access", &mut value).unwrap();
        assert_eq!(value.get(..length), Some(&*acl(5)));
    }

    #[test]
    fn a_source_that_is_too_large_leaves_nothing() {
        let scratch = Scratch::new();
        scratch.write("nginx", b"old");
        let source = scratch.write("source", &[7; 100]);
        let refused = stage(&scratch, &source, 99).unwrap_err();
        assert_eq!(refused.code(), "host/source-too-large");
        assert_eq!(scratch.names(), ["nginx", "source"]);
    }

    #[test]
    fn each_bad_source_has_its_own_code() {
        let scratch = Scratch::new();
        let target = scratch.write("nginx", b"old");
        let link = scratch.path().join("link");
        symlink(&target, &link).unwrap();
        for (source, code) in [
            (link.as_path(), "host/source-is-symlink"),
            (scratch.path(), "host/source-not-regular"),
            (&scratch.path().join("none"), "host/source-missing"),
        ] {
            assert_eq!(stage(&scratch, source, LIMIT).unwrap_err().code(), code);
        }
        assert_eq!(scratch.names(), ["link", "nginx"]);
    }

    #[test]
    fn a_taken_name_is_refused_and_stays() {
        let scratch = Scratch::new();
        scratch.write("nginx", b"old");
        scratch.write(".nginx.changeover-1", b"of another run");
        let refused = stage(&scratch, &scratch.write("source", b"abc"), LIMIT).unwrap_err();
        assert_eq!(refused.code(), "host/file-not-written");
        assert_eq!(std::fs::read(scratch.path().join(".nginx.changeover-1")).unwrap(), b"of another run");
    }

    #[test]
    fn a_file_without_an_execute_bit_is_told() {
        let scratch = Scratch::new();
        let path = scratch.write("file", b"");
        mode(&path, 0o644);
        assert!(!is_executable(&path, Symlinks::Refuse).unwrap());
        mode(&path, 0o744);
        assert!(is_executable(&path, Symlinks::Refuse).unwrap());
    }
}
