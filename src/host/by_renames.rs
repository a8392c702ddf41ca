//! The exchange of two names where the file system has none: a third name, then two renames; each file always has one.

use std::ffi::{OsStr, OsString};

use rustix::{fs, io::Errno};

use super::{
    directory::{Directory, DirectoryError, Doing},
    exchange::ExchangeError,
};
use crate::protocol::FileId;

impl Directory {
    /// `first` becomes what `second` is, in one step, and then `second` what `first` was, which has a third name meanwhile.
    /// Whoever is killed in between leaves it to [`Directory::settle`].
    ///
    /// A file that somebody else puts at `first` in the instant before the rename is lost: only `RENAME_EXCHANGE` would
    /// give it back.
    ///
    /// # Errors
    /// When `first` is another file, or the file system has no hard links; nothing was changed then. When a rename fails.
    pub(super) fn exchange_by_renames(
        &self,
        (first, first_is): (&OsStr, FileId),
        second: &OsStr,
    ) -> Result<(), ExchangeError> {
        let aside = aside(second);
        self.link_aside(first, &aside)?;
        if self.file_id(&aside)? != first_is {
            self.unlink(&aside)?;
            return Err(ExchangeError::Foreign { name: first.to_owned() });
        }
        self.rename(second, first)?;
        self.rename(&aside, second)?;
        Ok(())
    }

    /// Ends an exchange by renames with `second` that was left between two of its steps: what lies aside gets that name where
    /// nothing has it, else it is still where it was too.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub fn settle(&self, second: &OsStr) -> Result<(), DirectoryError> {
        let (aside, is_there) =
            (aside(second), |name: &OsStr| !self.file_id(name).is_err_and(|error| error.is_missing()));
        if !is_there(&aside) {
            return Ok(());
        }
        if is_there(second) { self.unlink(&aside) } else { self.rename(&aside, second) }
    }

    fn link_aside(&self, name: &OsStr, aside: &OsStr) -> Result<(), ExchangeError> {
        match self.hard_link(name, aside) {
            Err(error) if has_no_links(&error) => {
                Err(ExchangeError::Unsupported { directory: self.path().to_owned() })
            }
            linked => Ok(linked?),
        }
    }

    fn rename(&self, from: &OsStr, to: &OsStr) -> Result<(), DirectoryError> {
        fs::renameat(self, from, self, to).map_err(self.failed(Doing::Rename, to))
    }
}

/// What link(2) says where the file system has no hard links.
fn has_no_links(error: &DirectoryError) -> bool {
    let none = [Errno::PERM, Errno::OPNOTSUPP, Errno::NOSYS, Errno::INVAL];
    Errno::from_io_error(&error.source).is_some_and(|error| none.contains(&error))
}

/// What `first` was has this name between the two renames.
pub(super) fn aside(second: &OsStr) -> OsString {
    let mut aside = second.to_owned();
    aside.push(ASIDE);
    aside
}

/// What a name ends with that lies aside.
pub const ASIDE: &str = "-aside";

#[cfg(test)]
mod tests {
    use super::{super::scratch::Scratch, *};

    const PATH: &str = "nginx";
    const STAGED: &str = ".nginx.changeover-1";

    fn text(scratch: &Scratch, name: &str) -> Option<String> {
        std::fs::read_to_string(scratch.path().join(name)).ok()
    }

    fn found() -> (Scratch, Directory, FileId) {
        let scratch = Scratch::new();
        scratch.write(PATH, b"old");
        scratch.write(STAGED, b"new");
        let directory = Directory::open(scratch.path()).unwrap();
        let old = directory.file_id(OsStr::new(PATH)).unwrap();
        (scratch, directory, old)
    }

    #[test]
    fn two_names_change_places_and_nothing_is_left_aside() {
        let (scratch, directory, old) = found();
        directory.exchange_by_renames((OsStr::new(PATH), old), OsStr::new(STAGED)).unwrap();
        assert_eq!([PATH, STAGED].map(|name| text(&scratch, name).unwrap()), ["new", "old"]);
        assert_eq!(scratch.names().len(), 2);
        assert_eq!(directory.file_id(OsStr::new(STAGED)).unwrap(), old);
    }

    #[test]
    fn a_file_of_somebody_else_stays_where_it_is() {
        let (scratch, directory, old) = found();
        directory.write_atomically(OsStr::new(PATH), b"foreign", 0o755, None).unwrap();
        let refused = directory.exchange_by_renames((OsStr::new(PATH), old), OsStr::new(STAGED)).unwrap_err();
        assert_eq!(refused.code(), "host/exchange-foreign");
        assert_eq!([PATH, STAGED].map(|name| text(&scratch, name).unwrap()), ["foreign", "new"]);
        assert_eq!(scratch.names().len(), 2);
    }

    #[test]
    fn a_file_system_without_hard_links_is_told() {
        let directory = Directory::open(std::path::Path::new("/dev/pts")).unwrap();
        let name = OsStr::new("ptmx");
        let there = (name, directory.file_id(name).unwrap());
        let refused = directory.exchange_by_renames(there, OsStr::new("another")).unwrap_err();
        assert_eq!(refused.code(), "host/exchange-unsupported");
    }

    #[test]
    fn whoever_is_killed_between_two_steps_leaves_what_can_be_settled() {
        // How many of the steps were made, and what the two names are once that is settled.
        for (made, settled) in [(1, ["old", "new"]), (2, ["new", "old"]), (3, ["new", "old"])] {
            let (scratch, directory, _) = found();
            let (path, staged) = (OsStr::new(PATH), OsStr::new(STAGED));
            directory.hard_link(path, &aside(staged)).unwrap();
            if made > 1 {
                directory.rename(staged, path).unwrap();
            }
            if made > 2 {
                directory.rename(&aside(staged), staged).unwrap();
            }
            assert!(text(&scratch, PATH).is_some(), "{made}");
            for _ in 0..2 {
                directory.settle(staged).unwrap();
                assert_eq!([PATH, STAGED].map(|name| text(&scratch, name).unwrap()), settled, "{made}");
                assert_eq!(scratch.names().len(), 2);
            }
        }
    }
}
