//! Paced, bounded load on a test host: threads of the test process inside the host's network.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::http::{Answer, Connection, Failure, Over};
use super::sandbox::Door;
use super::served::{Outcome, Request, Served};
use super::{tls, wait_until};

/// What to send.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    /// How the host is reached; without one by its first address.
    pub(crate) over: Option<Over>,
    pub(crate) path: &'static str,
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
            over: None,
            path: "/healthz",
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

    /// The same over another listener.
    pub(crate) fn over(over: Over) -> Self {
        Self { over: Some(over), connections: 4, ..Self::close() }
    }

    /// Starts sending, to `address` where nothing else is said, and returns once the first request was answered or has failed.
    pub(crate) fn start(&self, address: SocketAddr, door: Door) -> Loading {
        let stop = Arc::new(AtomicBool::new(false));
        let left = Arc::new(AtomicUsize::new(self.at_most));
        let door = Arc::new(door);
        let (first, answered) = mpsc::channel();
        let over = self.over.clone().unwrap_or(Over::Tcp(address));
        let threads = (0..self.connections)
            .map(|_| {
                let (load, stop, left) = (self.clone(), Arc::clone(&stop), Arc::clone(&left));
                let (door, first, over) = (Arc::clone(&door), first.clone(), over.clone());
                std::thread::spawn(move || {
                    door.enter_network();
                    load.send(&over, &stop, &left, &first)
                })
            })
            .collect();
        let _ = answered.recv();
        Loading { stop, left, at_most: self.at_most, threads }
    }

    fn send(
        &self,
        over: &Over,
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
            let sent = Instant::now();
            let outcome = match self.ask(over, &mut idle) {
                Err(failure) => Outcome::from(failure),
                Ok(answer) => {
                    Outcome::Answered { status: answer.status, pid: answer.pid, version: answer.version }
                }
            };
            requests.push(Request { sent, done: Instant::now(), outcome });
            let _ = first.send(());
            std::thread::sleep(self.think);
        }
        requests
    }

    /// One request, on a connection of its own or on the one that is idle.
    fn ask(&self, over: &Over, idle: &mut Option<Connection>) -> Result<Answer, Failure> {
        if let Over::Http2(address) = over {
            return tls::get_http2(*address, self.path);
        }
        let reused = idle.take().filter(|connection| !connection.is_closed());
        let mut connection = reused.map_or_else(|| Connection::over(over), Ok)?;
        let answer = connection.get(self.path, self.keep_alive)?;
        *idle = (self.keep_alive && !answer.closes).then_some(connection);
        Ok(answer)
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
