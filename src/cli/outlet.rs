//! Standard output of a run: a thread of its own writes it, so that a reader who does not read holds nothing up.

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, Write as _},
    os::fd::AsFd,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use nix::sys::signal::{SigSet, Signal};
use rustix::event::{PollFd, PollFlags, poll};

/// How many lines may wait for a reader.
const MOST: usize = 1_000;
/// Moves to the beginning of a terminal's last line and erases it.
const ERASE: &str = "\r\x1b[K";

/// Takes lines and never waits for their reader. What cannot be written is dropped: it changes no outcome.
pub(super) struct Outlet(Arc<Shared>);

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    lines: VecDeque<String>,
    /// The live line as it should stand below the lines, where it is to change.
    live: Option<String>,
    /// The thread writes what it has taken.
    writing: bool,
    /// Nobody will ever read: the pipe or the terminal is closed.
    closed: bool,
}

impl Queue {
    fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.live.is_none() && !self.writing
    }
}

impl Outlet {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system gives no descriptor or no thread.
    pub(super) fn of(stream: impl AsFd) -> io::Result<Self> {
        let file = File::from(stream.as_fd().try_clone_to_owned()?);
        let shared = Arc::new(Shared::default());
        let work = Arc::clone(&shared);
        std::thread::Builder::new().name("output".to_owned()).spawn(move || write_all(&file, &work))?;
        Ok(Self(shared))
    }

    /// Whether a line may be added: the reader is not far behind.
    pub(super) fn has_room(&self) -> bool {
        self.0.lock().lines.len() < MOST
    }

    /// Whether the thread has taken something and not written all of it yet.
    #[cfg(test)]
    pub(super) fn is_writing(&self) -> bool {
        self.0.lock().writing
    }

    /// Adds a line, whether there is room or not. A live line gives way to it, also one that is not drawn yet.
    pub(super) fn line(&self, line: String) {
        self.0.change(|queue| {
            queue.lines.push_back(line);
            queue.live = None;
        });
    }

    /// Puts `line` below all lines, in the place of the one before; an empty one erases it.
    pub(super) fn live(&self, line: String) {
        self.0.change(|queue| queue.live = Some(line));
    }

    /// Waits until all is written, or nobody will read it; at most this long.
    pub(super) fn wait(&self, bound: Duration) {
        let waiting = |queue: &mut Queue| !queue.closed && !queue.is_empty();
        drop(self.0.changed.wait_timeout_while(self.0.lock(), bound, waiting));
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Queue)) {
        let mut queue = self.lock();
        if !queue.closed {
            change(&mut queue);
            self.changed.notify_all();
        }
    }

    /// Waits for something to write and takes it. `drawn`: whether a live line stands on the terminal.
    fn take(&self, drawn: &mut bool) -> String {
        let queue = self.lock();
        let queue = self.changed.wait_while(queue, |queue| queue.lines.is_empty() && queue.live.is_none());
        let mut queue = queue.unwrap_or_else(PoisonError::into_inner);
        let mut text = String::new();
        if !queue.lines.is_empty() && std::mem::take(drawn) {
            text.push_str(ERASE);
        }
        for line in queue.lines.drain(..) {
            text.push_str(&line);
            text.push('\n');
        }
        if let Some(live) = queue.live.take() {
            *drawn = !live.is_empty();
            text.push_str(ERASE);
            text.push_str(&live);
        }
        queue.writing = true;
        text
    }
}

/// The thread: writes until nobody can read any more.
fn write_all(file: &File, shared: &Shared) {
    // With `stty tostop` a job in the background is stopped when it writes: here that would be in any place of a run.
    let mut stops = SigSet::empty();
    stops.add(Signal::SIGTTOU);
    let _ = stops.thread_block();
    let mut drawn = false;
    loop {
        let text = shared.take(&mut drawn);
        let written = whole(file, text.as_bytes());
        let mut queue = shared.lock();
        queue.writing = false;
        if written.is_err() {
            *queue = Queue { closed: true, ..Queue::default() };
        }
        shared.changed.notify_all();
        if queue.closed {
            return;
        }
    }
}

/// Writes all of it. Another program may have made the shared descriptor one that does not wait.
fn whole(mut file: &File, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.write(bytes) {
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                poll(&mut [PollFd::new(file, PollFlags::OUT)], None)?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::{PipeReader, Read as _, pipe};

    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    fn read(mut reader: PipeReader, outlet: &Outlet) -> String {
        let mut text = String::new();
        let reading = std::thread::spawn(move || {
            let mut bytes = vec![0; 1 << 20];
            let mut text = Vec::new();
            while !text.ends_with(b"the end\n") {
                let count = reader.read(&mut bytes).unwrap();
                text.extend_from_slice(&bytes[..count]);
            }
            String::from_utf8(text).unwrap()
        });
        outlet.wait(LONG);
        text.push_str(&reading.join().unwrap());
        text
    }

    #[test]
    fn a_reader_that_does_not_read_holds_nobody_up_and_reads_everything_later() {
        let (reader, writer) = pipe().unwrap();
        let outlet = Outlet::of(&writer).unwrap();
        let line = "x".repeat(100);
        let mut lines = 0;
        // More than a pipe holds, and then as much as may wait.
        while outlet.has_room() {
            outlet.line(line.clone());
            lines += 1;
        }
        outlet.wait(Duration::from_millis(1));
        outlet.line("the end".to_owned());
        let text = read(reader, &outlet);
        // The other thread may have taken some of them meanwhile, or none.
        assert!(lines >= MOST, "{lines}");
        assert_eq!(text, format!("{line}\n").repeat(lines) + "the end\n");
    }

    #[test]
    fn a_closed_pipe_is_as_good_as_written() {
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        let outlet = Outlet::of(&writer).unwrap();
        outlet.line("lost".to_owned());
        outlet.wait(LONG);
        assert!(outlet.has_room() && outlet.0.lock().is_empty());
    }

    #[test]
    fn a_descriptor_that_another_program_has_made_nonblocking_loses_nothing() {
        let (reader, writer) = pipe().unwrap();
        rustix::io::ioctl_fionbio(&writer, true).unwrap();
        let outlet = Outlet::of(&writer).unwrap();
        let big = "y".repeat(1 << 20);
        outlet.line(big.clone());
        outlet.line("the end".to_owned());
        assert_eq!(read(reader, &outlet), format!("{big}\nthe end\n"));
    }

    #[test]
    fn a_live_line_that_was_not_drawn_yet_gives_way_to_the_lines_after_it() {
        let outlet = Outlet(Arc::default());
        outlet.live("waits".to_owned());
        outlet.line("the end".to_owned());
        let mut drawn = true;
        assert_eq!((outlet.0.take(&mut drawn), drawn), (format!("{ERASE}the end\n"), false));
        outlet.line("a prompt".to_owned());
        assert_eq!(outlet.0.take(&mut drawn), "a prompt\n");
        outlet.line("a line".to_owned());
        outlet.live("waits".to_owned());
        assert_eq!((outlet.0.take(&mut drawn), drawn), (format!("a line\n{ERASE}waits"), true));
    }

    #[test]
    fn a_live_line_is_erased_before_the_next_line() {
        let (reader, writer) = pipe().unwrap();
        let outlet = Outlet::of(&writer).unwrap();
        outlet.live("waits".to_owned());
        outlet.wait(LONG);
        outlet.line("the end".to_owned());
        assert_eq!(read(reader, &outlet), format!("{ERASE}waits{ERASE}the end\n"));
    }
}
