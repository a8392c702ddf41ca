//! Waiting for a descriptor to become readable within the runtime.

use std::{io, os::fd::OwnedFd};

use tokio::io::{Interest, unix::AsyncFd};

/// Registers a descriptor with the running tokio runtime.
///
/// # Errors
/// When the kernel cannot wait for this kind of descriptor.
#[expect(
    deprecated,
    reason = "the other way is an unsafe call; an OwnedFd is what it asks for: one fd, open throughout"
)]
pub fn readable(fd: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::with_interest(fd, Interest::READABLE)
}
