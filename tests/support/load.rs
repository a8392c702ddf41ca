//! Paced, bounded load on a test host: threads of the test process inside the host's network.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::http::{Connection, Failure};
use super::sandbox::Door;
use super::served::{Outcome, Request, Served};
use super::wait_until;

/// What to send.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    pub(crate) connections: usize,
    pub(crate) keep_alive: bool,
    /// Pause between an answer and the next request of the same connection.
    pub(crate) think: Duration,
    /// No more than so many requests in all.
    pub(crate) at_most: usize,
    /// No longer than this.
    pub(crate) at_longest: Duration,
}

impl Load {
    /// One connection for each request: what must lose nothing.
    pub(crate) fn close() -> Self {
        Self {
            connections: 8,
            keep_alive: false,
            think: Duration::from_millis(5),
            at_most: 200_000,
            at_longest: Duration::from_secs(180),
        }
    }

    /// Connections that are used again: a close of an idle one may race with a request.
    pub(crate) fn keep_alive() -> Self {
        Self { keep_alive: true, ..Self::close() }
    }

    /// Starts sending to `address` and returns once the first request was answered or has failed.
    pub(crate) fn start(&self, address: SocketAddr, door: Door) -> Loading {
        let stop = Arc::new(AtomicBool::new(false));
        let left = Arc::new(AtomicUsize::new(self.at_most));
        let door = Arc::new(door);
        let (first, answered) = mpsc::channel();
        let threads = (0..self.connections)
            .map(|_| {
                let (load, stop, left) = (self.clone(), Arc::clone(&stop), Arc::clone(&left));
                let (door, first) = (Arc::clone(&door), first.clone());
                std::thread::spawn(move || {
                    door.enter_network();
                    load.send(address, &stop, &left, &first)
                })
            })
            .collect();
        let _ = answered.recv();
        Loading { stop, left, at_most: self.at_most, threads }
    }

    fn send(
        &self,
        address: SocketAddr,
        stop: &AtomicBool,
        left: &AtomicUsize,
        first: &mpsc::Sender<()>,
    ) -> Vec<Request> {
        let start = Instant::now();
        let mut requests = Vec::new();
        let mut idle: Option<Connection> = None;
        let take = |left: &AtomicUsize| {
            left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1))
        };
        while !stop.load(Ordering::Relaxed) && start.elapsed() < self.at_longest && take(left).is_ok() {
            let reused = idle.take().filter(|connection| !connection.is_closed());
            let sent = Instant::now();
            let outcome = match reused.map_or_else(|| Connection::open(address), Ok) {
                Err(failure) => Outcome::from(failure),
                Ok(mut connection) => match connection.get("/healthz", self.keep_alive) {
                    Err(failure) => Outcome::from(failure),
                    Ok(answer) => {
                        if self.keep_alive && !answer.closes {
                            idle = Some(connection);
                        }
                        Outcome::Answered { status: answer.status, pid: answer.pid, version: answer.version }
                    }
                },
            };
            requests.push(Request { sent, done: Instant::now(), outcome });
            let _ = first.send(());
            std::thread::sleep(self.think);
        }
        requests
    }
}

impl From<Failure> for Outcome {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused => Self::Refused,
            Failure::Lost => Self::Lost,
            Failure::Raced => Self::Raced,
        }
    }
}

/// Load that is being sent. Dropping it stops it.
#[derive(Debug)]
pub(crate) struct Loading {
    stop: Arc<AtomicBool>,
    left: Arc<AtomicUsize>,
    at_most: usize,
    threads: Vec<JoinHandle<Vec<Request>>>,
}

impl Loading {
    /// How many requests were begun so far.
    fn begun(&self) -> usize {
        self.at_most - self.left.load(Ordering::Relaxed)
    }

    /// Waits until every connection has sent a new request, twice over.
    pub(crate) fn go_on(&self) {
        let begun = self.begun();
        wait_until("the load goes on", || self.begun() > begun + 2 * self.threads.len());
    }

    /// Lets what is under way end, and returns what became of every request.
    pub(crate) fn stop(mut self) -> Served {
        self.stop.store(true, Ordering::Relaxed);
        let threads = std::mem::take(&mut self.threads);
        Served::new(
            threads.into_iter().flat_map(|thread| thread.join().expect("a thread of the load")).collect(),
        )
    }
}

impl Drop for Loading {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}
