//! Extended attributes: what one file has is given to another.

use std::{
    ffi::{OsStr, OsString},
    fs::File,
    os::unix::ffi::OsStrExt,
};

use rustix::{
    fs::{self, XattrFlags},
    io::Errno,
};

/// The kernel's own bound on a list of names and on a value (`XATTR_LIST_MAX`, `XATTR_SIZE_MAX`).
const MOST: usize = 65_536;

/// Attributes that describe the bytes of the file, not the file's rights: wrong on other bytes.
const OF_THE_BYTES: [&str; 2] = ["security.ima", "security.evm"];

/// What a new file gets from its directory (`acl(5)`, default entries), and another in the same place need not have.
const FROM_THE_DIRECTORY: [&str; 1] = ["system.posix_acl_access"];

/// Gives `to` all extended attributes of `from` that this process can see (`security.capability`, labels, ACLs,
/// `user.*`), and takes away the rights that only its directory has given it.
///
/// The error names the attribute.
pub(super) fn copy(from: &File, to: &File) -> Result<(), (OsString, Errno)> {
    let wanted = list(from)?;
    for name in list(to)?.iter().filter(|name| FROM_THE_DIRECTORY.iter().any(|given| *name == given)) {
        if !wanted.contains(name) {
            fs::fremovexattr(to, &**name).map_err(|error| (name.clone(), error))?;
        }
    }
    let (mut value, mut there) = (vec![0_u8; MOST], vec![0_u8; MOST]);
    for name in wanted.into_iter().filter(|name| !OF_THE_BYTES.iter().any(|other| name == other)) {
        let failed = |error| (name.clone(), error);
        let length = fs::fgetxattr(from, &*name, value.as_mut_slice()).map_err(failed)?;
        let value = value.get(..length).unwrap_or_default();
        // A label that it has already may be one that this process could not give.
        let length = fs::fgetxattr(to, &*name, there.as_mut_slice()).ok();
        if length.and_then(|length| there.get(..length)) != Some(value) {
            fs::fsetxattr(to, &*name, value, XattrFlags::empty()).map_err(failed)?;
        }
    }
    Ok(())
}

/// The names of all attributes; none where the file system has none.
fn list(file: &File) -> Result<Vec<OsString>, (OsString, Errno)> {
    let mut names = vec![0_u8; MOST];
    let length = match fs::flistxattr(file, names.as_mut_slice()) {
        Err(Errno::OPNOTSUPP) => 0,
        listed => listed.map_err(|error| (OsString::from("the list of attributes"), error))?,
    };
    let names = names.get(..length).unwrap_or_default().split(|byte| *byte == 0);
    Ok(names.filter(|name| !name.is_empty()).map(|name| OsStr::from_bytes(name).to_owned()).collect())
}
