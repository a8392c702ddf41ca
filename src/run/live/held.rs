//! The masters' pidfds: the end of one wakes the run at once.

use std::io;

use tokio::io::{Interest, unix::AsyncFd};

use crate::{
    host::pidfd::Pidfd,
    protocol::{Generation, Identity, Situation},
};

/// The living masters.
#[derive(Default)]
pub(super) struct Held {
    masters: Vec<AsyncFd<Pidfd>>,
}

impl Held {
    /// Holds the masters that live now and lets go of those that have exited.
    pub(super) fn hold(&mut self, situation: &Situation) {
        let living = [Generation::Old, Generation::New].map(|which| {
            let state = situation.generation(which);
            state.id.filter(|_| state.master.lives())
        });
        self.masters.retain(|held| living.contains(&Some(held.get_ref().id())));
        for id in living.into_iter().flatten() {
            if !self.masters.iter().any(|held| held.get_ref().id() == id) {
                // One that cannot be held has exited, which the next look shows.
                self.masters.extend(hold(id));
            }
        }
    }

    /// Returns when one of them has exited; it is let go then.
    pub(super) async fn exit(&mut self) {
        let gone = match self.masters.as_slice() {
            [one] => readable(one).await,
            [one, two, ..] => tokio::select! {
                gone = readable(one) => gone,
                gone = readable(two) => gone,
            },
            [] => std::future::pending().await,
        };
        self.masters.retain(|held| held.get_ref().id() != gone);
    }
}

fn hold(id: Identity) -> Option<AsyncFd<Pidfd>> {
    let held = Pidfd::open(id).ok()?;
    AsyncFd::with_interest(held, Interest::READABLE).ok()
}

async fn readable(held: &AsyncFd<Pidfd>) -> Identity {
    let _: io::Result<_> = held.readable().await;
    held.get_ref().id()
}
