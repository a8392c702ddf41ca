//! Short times, exactly: tokio's own timers count whole milliseconds, and a changeover consists of such waits.

use std::{future::Future, io, os::fd::OwnedFd, time::Duration};

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use tokio::io::unix::AsyncFd;

use super::wakeup;

/// Waits this long, to a few microseconds.
pub async fn after(time: Duration) {
    match armed(time) {
        // An error of the wait itself ends it early: every caller looks again at what it waits for.
        Ok(timer) => drop(timer.readable().await),
        Err(_) => coarse(time).await,
    }
}

/// What `future` gives, or nothing when it takes longer than `bound`.
pub async fn within<T>(bound: Duration, future: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        output = future => Some(output),
        () = after(bound) => None,
    }
}

/// Where the kernel gives no more descriptors.
#[expect(clippy::disallowed_methods, reason = "this is the room's timer")]
async fn coarse(time: Duration) {
    tokio::time::sleep(time).await;
}

fn armed(time: Duration) -> io::Result<AsyncFd<OwnedFd>> {
    let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
    let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
    let zero = Timespec { tv_sec: 0, tv_nsec: 0 };
    // A time of zero would disarm it.
    let time = time.max(Duration::from_nanos(1));
    let it_value = Timespec {
        tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(time.subsec_nanos()),
    };
    timerfd_settime(&timer, TimerfdTimerFlags::empty(), &Itimerspec { it_interval: zero, it_value })?;
    wakeup::readable(timer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::clock::Clock;

    fn run<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
    }

    #[test]
    fn a_time_is_waited_for_and_not_less() {
        let clock = Clock::start();
        run(after(Duration::from_micros(300)));
        assert!(clock.elapsed() >= Duration::from_micros(300));
        run(after(Duration::ZERO));
    }

    #[test]
    fn what_is_ready_comes_first_and_what_never_is_is_given_up() {
        assert_eq!(run(within(Duration::from_secs(60), async { 7 })), Some(7));
        assert_eq!(run(within(Duration::from_micros(100), std::future::pending::<()>())), None);
    }
}
