//! The network namespace that this process looks from.

use std::{fs, io};

use nix::sched::{CloneFlags, setns};

/// Whose network this process is in, once it has looked at another process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entered {
    /// The other one was in the same network.
    Same,
    /// The other one was in another network; this thread, and what it starts, is there now.
    Other,
}

/// Enters the network of a process, where it is another one: sockets, their owners and what listens are looked up in
/// the network of the thread that asks. Meant for the only thread of a program, before it opens sockets.
///
/// # Errors
/// When the process is gone, or its network may not be entered (`setns(2)`: that takes `CAP_SYS_ADMIN`).
pub fn enter(pid: i32) -> io::Result<Entered> {
    let theirs = format!("/proc/{pid}/ns/net");
    if fs::read_link(&theirs)? == fs::read_link("/proc/thread-self/ns/net")? {
        return Ok(Entered::Same);
    }
    setns(fs::File::open(theirs)?, CloneFlags::CLONE_NEWNET)?;
    Ok(Entered::Other)
}

#[cfg(test)]
mod tests {
    use nix::sched::unshare;

    use super::*;

    #[test]
    fn the_network_of_another_process_is_entered_once() {
        let me = i32::try_from(std::process::id()).unwrap();
        let thread = std::thread::spawn(move || {
            // Networks of one's own take the same right as entering one.
            unshare(CloneFlags::CLONE_NEWNET).is_err()
                || (enter(me).unwrap(), enter(me).unwrap()) == (Entered::Other, Entered::Same)
        });
        assert!(thread.join().unwrap());
        assert!(enter(i32::MAX).is_err());
    }
}
