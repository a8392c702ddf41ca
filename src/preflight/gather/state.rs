//! Where runs are kept, and whether that outlives the host.

use std::path::{Path, PathBuf};

use crate::host::directory::Directory;

/// The state directory, where it is in memory, or would be made there.
pub(super) fn in_memory(state: Option<&Path>) -> Option<PathBuf> {
    let state = state?;
    let directory = state.ancestors().find_map(|path| Directory::open(path).ok())?;
    directory.is_in_memory().unwrap_or(false).then(|| state.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_in_memory_where_what_it_would_be_made_in_is() {
        let shm = Path::new("/dev/shm");
        let there = shm.join("changeover/not/there");
        assert_eq!(in_memory(Some(&there)), Some(there.clone()));
        assert_eq!(in_memory(Some(shm)), Some(shm.to_owned()));
        assert_eq!(in_memory(Some(Path::new("/proc/self"))), None);
        assert_eq!(in_memory(None), None);
    }
}
