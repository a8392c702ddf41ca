//! A reader of a run's output that can stop reading: the run then halts where it next says something.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read, Write as _};
use std::sync::{Arc, Condvar, Mutex};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::unistd::pipe;

use super::changeover::Running;
use super::host::{Host, Offer};
use super::wait_until;

/// The pipe between a run and whoever reads what it says.
pub(crate) struct Gate {
    door: Arc<Door>,
    /// Both ends, until the run is started and until the gate is open for good.
    read: Cell<Option<File>>,
    write: Cell<Option<File>>,
}

#[derive(Debug, Default)]
struct Door {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Open,
    Closed,
    /// The reader has seen that it is closed.
    Waited,
}

/// The end that is read, as long as the gate is open.
struct Reader(Arc<Door>, File);

impl Gate {
    pub(crate) fn new() -> Self {
        let (read, write) = pipe().expect("a pipe");
        Self {
            door: Arc::default(),
            read: Cell::new(Some(read.into())),
            write: Cell::new(Some(write.into())),
        }
    }

    /// As [`Host::start_changeover`], with its output through the gate.
    pub(crate) fn start_changeover(&self, host: &Host, arguments: &[&str], offer: &Offer) -> Running {
        let (read, write) = (self.read.take().expect("one run"), self.write.take().expect("one run"));
        let mut command = host.changeover_command(arguments, offer);
        command.args(["--output", "json"]).stdout(write.try_clone().expect("the pipe again"));
        self.write.set(Some(write));
        Running::spawn_read(command, &host.sandbox, Reader(Arc::clone(&self.door), read))
    }

    /// Nobody reads from here on, and the pipe is full. The run must not say anything meanwhile.
    pub(crate) fn close(&self) {
        let mut pipe = self.write.take().expect("a run");
        *self.door.state.lock().expect("the gate") = State::Closed;
        // The reader is in the middle of a read: a space ends it, and harms no JSON that follows.
        pipe.write_all(b" ").expect("write to the pipe");
        let state = self.door.state.lock().expect("the gate");
        drop(self.door.changed.wait_while(state, |state| *state != State::Waited).expect("the gate"));
        fcntl(&pipe, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).expect("a pipe that does not block");
        while pipe.write(&[b' '; 4096]).is_ok() || pipe.write(b" ").is_ok() {}
        fcntl(&pipe, FcntlArg::F_SETFL(OFlag::empty())).expect("a pipe that blocks");
        self.write.set(Some(pipe));
    }

    /// Waits until the run cannot say what it wants to say.
    pub(crate) fn wait_until_blocked(run: &Running) {
        // `write` of x86-64 and of 64-bit ARM, to descriptor 1.
        let writes = |call: String| call.starts_with("1 0x1 ") || call.starts_with("64 0x1 ");
        let call = format!("/proc/{}/syscall", run.pid());
        wait_until("the run halts", || std::fs::read_to_string(&call).is_ok_and(writes));
    }

    /// Everything is read again, for good.
    pub(crate) fn open(&self) {
        drop(self.write.take());
        *self.door.state.lock().expect("the gate") = State::Open;
        self.door.changed.notify_all();
    }
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut state = self.0.state.lock().expect("the gate");
        while *state != State::Open {
            *state = State::Waited;
            self.0.changed.notify_all();
            state = self.0.changed.wait(state).expect("the gate");
        }
        drop(state);
        self.1.read(buffer)
    }
}
