//! The masters' pidfds: the end of one wakes the run at once.

use std::os::fd::OwnedFd;

use tokio::io::unix::AsyncFd;

use crate::{
    host::{pidfd::Pidfd, wakeup},
    protocol::{Generation, Identity, Situation},
};

/// The living masters.
#[derive(Default)]
pub(super) struct Held {
    masters: Vec<(Identity, AsyncFd<OwnedFd>)>,
}

impl Held {
    /// Holds the masters that live now and lets go of those that have exited.
    pub(super) fn hold(&mut self, situation: &Situation) {
        let living = [Generation::Old, Generation::New].map(|which| {
            let state = situation.generation(which);
            state.id.filter(|_| state.master.lives())
        });
        self.masters.retain(|(id, _)| living.contains(&Some(*id)));
        for id in living.into_iter().flatten() {
            if !self.masters.iter().any(|(held, _)| *held == id) {
                // One that cannot be held has exited, which the next look shows.
                self.masters.extend(hold(id).map(|held| (id, held)));
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
        self.masters.retain(|(id, _)| *id != gone);
    }
}

fn hold(id: Identity) -> Option<AsyncFd<OwnedFd>> {
    wakeup::readable(Pidfd::open(id).ok()?.into()).ok()
}

async fn readable((id, held): &(Identity, AsyncFd<OwnedFd>)) -> Identity {
    // An error means that it cannot be waited for any more: the next look tells.
    let _ = held.readable().await;
    *id
}
