//! The one name that decides which file a path leads to: that of the file, or the last symlink on the way to it.

use std::{
    ffi::{OsStr, OsString},
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

use rustix::{
    fs::{self, FileType},
    io::Errno,
};
use serde::{Deserialize, Serialize};

use super::files::id_of;
use crate::protocol::FileId;

/// As many symlinks as the kernel follows (`MAXSYMLINKS`).
const MOST_LINKS: usize = 40;

/// Where the file that a path leads to can be exchanged for another.
///
/// Only the last part of the path is followed here. A directory on the way may be a symlink too: the kernel follows it,
/// and the name that is exchanged lies in the real directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The directory of the name.
    pub directory: PathBuf,
    /// The name that is exchanged.
    #[serde(with = "super::name")]
    pub name: OsString,
    /// What this name is: the file itself, or the symlink.
    pub entry: FileId,
    /// The file that it leads to.
    pub file: FileId,
    /// The path of that file; another than that of the name where this is a symlink.
    pub leads_to: PathBuf,
}

/// Why a path leads to no file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// There is nothing.
    #[error("there is no {path}", path = path.display())]
    Missing {
        /// The path.
        path: PathBuf,
    },
    /// A symlink on the way names nothing.
    #[error("the symlink {link} names {names}, which is not there", link = link.display(), names = names.display())]
    Dangling {
        /// The last symlink.
        link: PathBuf,
        /// What it names.
        names: PathBuf,
    },
    /// Symlinks that lead to each other, or very many.
    #[error("the symlink {link} leads through more than 40 others", link = link.display())]
    Loop {
        /// The first symlink.
        link: PathBuf,
    },
    /// It leads to a directory, a device or a pipe.
    #[error("{path} is not a regular file", path = path.display())]
    NotRegular {
        /// Where it leads.
        path: PathBuf,
    },
    /// The kernel does not tell.
    #[error("{path} cannot be looked at: {}", std::io::Error::from(*.errno))]
    Unknown {
        /// Where it was asked.
        path: PathBuf,
        /// What it said.
        errno: Errno,
    },
}

impl Place {
    /// Follows the last part of a path from symlink to symlink.
    ///
    /// # Errors
    /// When it leads to no regular file.
    pub fn of(path: &Path) -> Result<Self, PlaceError> {
        let mut link: Option<(PathBuf, FileId)> = None;
        let mut at = path.to_owned();
        for _ in 0..=MOST_LINKS {
            let stat = fs::lstat(&at).map_err(|errno| not_there(errno, path, &at, link.as_ref()))?;
            let id = id_of(&stat);
            match FileType::from_raw_mode(stat.st_mode) {
                FileType::RegularFile => {
                    let (named, entry) = link.unwrap_or_else(|| (at.clone(), id));
                    let (Some(directory), Some(name)) = (named.parent(), named.file_name()) else { break };
                    let (directory, name) = (directory.to_owned(), name.to_owned());
                    return Ok(Self { directory, name, entry, file: id, leads_to: at });
                }
                FileType::Symlink => {
                    let names = fs::readlink(&at, Vec::new())
                        .map_err(|errno| PlaceError::Unknown { path: at.clone(), errno })?;
                    let names = PathBuf::from(OsStr::from_bytes(names.as_bytes()));
                    // A relative one starts where the symlink lies; `..` in it is left to the kernel.
                    let next = at.parent().unwrap_or(&at).join(names);
                    link = Some((std::mem::replace(&mut at, next), id));
                }
                _ => return Err(PlaceError::NotRegular { path: at }),
            }
        }
        Err(PlaceError::Loop { link: path.to_owned() })
    }

    /// Whether the name is a symlink.
    #[must_use]
    pub fn is_symlink(&self) -> bool {
        self.entry != self.file
    }

    /// The path of the name that is exchanged.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.directory.join(&self.name)
    }
}

fn not_there(errno: Errno, first: &Path, at: &Path, link: Option<&(PathBuf, FileId)>) -> PlaceError {
    match (errno, link) {
        (Errno::NOENT | Errno::NOTDIR, None) => PlaceError::Missing { path: at.to_owned() },
        (Errno::NOENT | Errno::NOTDIR, Some((link, _))) => {
            PlaceError::Dangling { link: link.clone(), names: at.to_owned() }
        }
        (Errno::LOOP, _) => PlaceError::Loop { link: first.to_owned() },
        (errno, _) => PlaceError::Unknown { path: at.to_owned(), errno },
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::{super::scratch::Scratch, *};

    /// `sbin/nginx` → `alternatives/nginx` → `opt/nginx`.
    fn chain() -> Scratch {
        let scratch = Scratch::new();
        for directory in ["sbin", "alternatives", "opt"] {
            scratch.directory(directory);
        }
        scratch.write("opt/nginx", b"old");
        symlink("../opt/nginx", scratch.path().join("alternatives/nginx")).unwrap();
        symlink(scratch.path().join("alternatives/nginx"), scratch.path().join("sbin/nginx")).unwrap();
        scratch
    }

    #[test]
    fn the_last_symlink_is_the_name_that_decides() {
        let scratch = chain();
        let place = Place::of(&scratch.path().join("sbin/nginx")).unwrap();
        assert_eq!(place.path(), scratch.path().join("alternatives/nginx"));
        assert!(place.is_symlink());
        let file = fs::stat(scratch.path().join("opt/nginx")).unwrap();
        assert_eq!(place.file, id_of(&file));
        assert_eq!(place.leads_to, scratch.path().join("alternatives/../opt/nginx"));
    }

    #[test]
    fn a_file_is_its_own_name_also_below_a_directory_that_is_a_symlink() {
        let scratch = chain();
        symlink("opt", scratch.path().join("current")).unwrap();
        let path = scratch.path().join("current/nginx");
        let place = Place::of(&path).unwrap();
        assert_eq!((place.path(), place.leads_to.clone()), (path.clone(), path));
        assert!(!place.is_symlink());
    }

    #[test]
    fn what_leads_to_no_file_says_where_it_ends() {
        let scratch = chain();
        let at = |name: &str| scratch.path().join(name);
        symlink("b", at("a")).unwrap();
        symlink("a", at("b")).unwrap();
        symlink("a", at("to-a")).unwrap();
        symlink("opt", at("to-opt")).unwrap();
        fs::unlink(at("opt/nginx")).unwrap();
        let of = |name: &str| Place::of(&at(name)).unwrap_err();
        assert_eq!(of("none"), PlaceError::Missing { path: at("none") });
        let names = at("alternatives/../opt/nginx");
        assert_eq!(of("sbin/nginx"), PlaceError::Dangling { link: at("alternatives/nginx"), names });
        assert_eq!(of("to-a"), PlaceError::Loop { link: at("to-a") });
        assert_eq!(of("to-opt"), PlaceError::NotRegular { path: at("opt") });
    }
}
