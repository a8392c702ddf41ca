//! Signals to the run: those that ask it to stop, and those that suspend it and let it go on.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::host::ignored::Ignored;

/// What came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Caught {
    /// SIGINT, SIGTERM or SIGHUP.
    Stop(&'static str),
    /// SIGTSTP: Ctrl-Z.
    Suspend,
    /// SIGCONT: it may have been stopped, also by SIGSTOP, which nobody can catch.
    Continued,
}

/// The signals that are caught. One that was ignored when the run began stays ignored.
pub(super) struct Signals {
    int: Option<Signal>,
    term: Option<Signal>,
    hup: Option<Signal>,
    suspend: Option<Signal>,
    continued: Signal,
}

impl Signals {
    /// From now on these signals are wakes and no longer end or stop the process.
    pub(super) fn catch() -> io::Result<Self> {
        let ignored = Ignored::read()?;
        let caught = |kind: SignalKind| {
            if ignored.has(kind.as_raw_value()) { Ok(None) } else { signal(kind).map(Some) }
        };
        Ok(Self {
            int: caught(SignalKind::interrupt())?,
            term: caught(SignalKind::terminate())?,
            hup: caught(SignalKind::hangup())?,
            suspend: caught(SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw()))?,
            continued: signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?,
        })
    }

    /// The next one of all.
    pub(super) async fn next(&mut self) -> Caught {
        let Self { int, term, hup, suspend, continued } = self;
        tokio::select! {
            biased;
            _ = continued.recv() => Caught::Continued,
            stop = next_stop(int, term, hup) => stop,
            () = next_of(suspend) => Caught::Suspend,
        }
    }

    /// The next one but SIGTSTP, which is kept for later: what is in hand is not suspended.
    pub(super) async fn next_in_hand(&mut self) -> Caught {
        let Self { int, term, hup, continued, .. } = self;
        tokio::select! {
            biased;
            _ = continued.recv() => Caught::Continued,
            stop = next_stop(int, term, hup) => stop,
        }
    }
}

async fn next_stop(int: &mut Option<Signal>, term: &mut Option<Signal>, hup: &mut Option<Signal>) -> Caught {
    tokio::select! {
        () = next_of(int) => Caught::Stop("SIGINT"),
        () = next_of(term) => Caught::Stop("SIGTERM"),
        () = next_of(hup) => Caught::Stop("SIGHUP"),
    }
}

/// The next signal of one kind; never where it is ignored.
async fn next_of(signal: &mut Option<Signal>) {
    let came = match signal {
        Some(signal) => signal.recv().await,
        None => None,
    };
    if came.is_none() {
        std::future::pending::<()>().await;
    }
}
