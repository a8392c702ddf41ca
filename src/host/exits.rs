//! The ends of many processes as one event: their pidfds behind one epoll descriptor.

use std::{collections::BTreeMap, io, os::fd::OwnedFd};

use rustix::{
    buffer::spare_capacity,
    event::{Timespec, epoll},
};
use tokio::io::unix::AsyncFd;

use super::{descriptors, pidfd::Pidfd, wakeup};
use crate::protocol::Identity;

/// How many ends are taken at once; more come at the next turn.
const AT_ONCE: usize = 64;

/// Held processes. Dropping it lets all of them go.
#[derive(Debug)]
pub struct Exits {
    epoll: AsyncFd<OwnedFd>,
    held: BTreeMap<Identity, Pidfd>,
}

impl Exits {
    /// Holds nobody yet. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// When the kernel gives no more descriptors.
    pub fn new() -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        Ok(Self { epoll: wakeup::readable(epoll)?, held: BTreeMap::new() })
    }

    /// Holds exactly these from now on, the first ones where there are too many: at most half of the descriptors that
    /// this process may have. One that is not held is found by the next look at it.
    pub fn hold(&mut self, processes: impl IntoIterator<Item = Identity>) {
        let mut before = std::mem::take(&mut self.held);
        for id in processes.into_iter().take(descriptors::limit() / 2) {
            let held = before.remove(&id).or_else(|| self.add(id));
            self.held.extend(held.map(|held| (id, held)));
        }
    }

    fn add(&self, id: Identity) -> Option<Pidfd> {
        let held = Pidfd::open(id).ok()?;
        let data = epoll::EventData::new_u64(u64::try_from(id.pid).ok()?);
        epoll::add(self.epoll.get_ref(), &held, data, epoll::EventFlags::IN).ok()?;
        Some(held)
    }

    /// Returns when one of them has exited; it is let go then. Dropping the future loses nothing.
    pub async fn next(&mut self) {
        loop {
            // An error means that it cannot be waited for any more: the callers look from time to time anyway.
            let Ok(mut ready) = self.epoll.readable().await else { return };
            let mut events = Vec::with_capacity(AT_ONCE);
            let now = Timespec { tv_sec: 0, tv_nsec: 0 };
            match epoll::wait(self.epoll.get_ref(), spare_capacity(&mut events), Some(&now)) {
                Ok(0) => ready.clear_ready(),
                Ok(_) => break,
                Err(_) => return,
            }
        }
        // A closed descriptor leaves the epoll set by itself.
        self.held.retain(|_, held| !held.exited());
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command};

    use super::*;
    use crate::host::process::Process;

    fn sleeper() -> (Child, Identity) {
        let child = Command::new("sleep").arg("60").spawn().unwrap();
        let id = Process::read(i32::try_from(child.id()).unwrap()).unwrap().id;
        (child, id)
    }

    #[test]
    fn each_end_is_told_once_and_those_that_live_are_held_on() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let ((mut one, first), (mut two, second)) = (sleeper(), sleeper());
            let mut exits = Exits::new().unwrap();
            exits.hold([first, second]);
            one.kill().unwrap();
            exits.next().await;
            assert_eq!(exits.held.keys().copied().collect::<Vec<_>>(), [second]);
            assert!(tokio::time::timeout(std::time::Duration::from_millis(1), exits.next()).await.is_err());
            two.kill().unwrap();
            exits.next().await;
            assert!(exits.held.is_empty());
            one.wait().unwrap();
            two.wait().unwrap();
            exits.hold([first]);
            assert!(exits.held.is_empty(), "one that has exited is not held");
        });
    }
}
