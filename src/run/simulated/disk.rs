//! A disk that loses what was not synced and tears what was being written.

use std::{cell::RefCell, io, rc::Rc};

use crate::journal::Medium;

/// What is written of a journal.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) bytes: Vec<u8>,
    /// How many of them are on the disk whatever happens.
    pub(super) synced: usize,
    /// So many writes and syncs succeed; the next one fails, and all after it.
    pub(super) full_after: Option<usize>,
    /// After each write and each sync: how long the file was, and how much of it was synced.
    pub(super) states: Vec<(usize, usize)>,
}

/// The medium of a journal on it.
#[derive(Clone, Debug, Default)]
pub(super) struct Disk(pub(super) Rc<RefCell<Written>>);

impl Disk {
    /// One that holds these bytes, all of them synced.
    pub(super) fn holding(bytes: &[u8], full_after: Option<usize>) -> Self {
        let written = Written { bytes: bytes.to_vec(), synced: bytes.len(), full_after, states: Vec::new() };
        Self(Rc::new(RefCell::new(written)))
    }
}

impl Written {
    /// Whether a power cut would lose what was written; of a disk that is full nobody expects anything.
    pub(super) fn loses_something(&self) -> bool {
        self.synced < self.bytes.len() && self.full_after != Some(0)
    }

    fn works(&mut self) -> io::Result<()> {
        match &mut self.full_after {
            Some(0) => Err(io::ErrorKind::StorageFull.into()),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

impl Medium for Disk {
    fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut written = self.0.borrow_mut();
        written.works()?;
        written.bytes.extend_from_slice(bytes);
        let state = (written.bytes.len(), written.synced);
        written.states.push(state);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut written = self.0.borrow_mut();
        written.works()?;
        written.synced = written.bytes.len();
        let state = (written.bytes.len(), written.synced);
        written.states.push(state);
        Ok(())
    }
}
