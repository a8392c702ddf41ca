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

/// Copies all extended attributes that this process can see (`security.capability`, labels, ACLs, `user.*`).
///
/// The error names the attribute.
pub(super) fn copy(from: &File, to: &File) -> Result<(), (OsString, Errno)> {
    let mut list = vec![0_u8; MOST];
    let length = match fs::flistxattr(from, list.as_mut_slice()) {
        // The file system has none.
        Err(Errno::OPNOTSUPP) => return Ok(()),
        Err(error) => return Err((OsString::from("the list of attributes"), error)),
        Ok(length) => length,
    };
    let mut value = vec![0_u8; MOST];
    for name in list.get(..length).unwrap_or_default().split(|byte| *byte == 0) {
        let name = OsStr::from_bytes(name);
        if name.is_empty() || OF_THE_BYTES.iter().any(|other| name == *other) {
            continue;
        }
        let failed = |error| (name.to_owned(), error);
        let length = fs::fgetxattr(from, name, value.as_mut_slice()).map_err(failed)?;
        let value = value.get(..length).unwrap_or_default();
        fs::fsetxattr(to, name, value, XattrFlags::empty()).map_err(failed)?;
    }
    Ok(())
}
