//! The clock: the only place that reads one.
#![expect(clippy::disallowed_methods, reason = "this is the room's clock")]

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use rustix::time::{ClockId, clock_gettime};

/// A monotonic clock that was started once.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Duration,
}

impl Clock {
    /// Starts it now.
    #[must_use]
    pub fn start() -> Self {
        Self::started(monotonic())
    }

    /// One that was started at this time of [`monotonic`], by another process of this boot.
    #[must_use]
    pub const fn started(start: Duration) -> Self {
        Self { start }
    }

    /// When it was started, as [`monotonic`] tells time.
    #[must_use]
    pub const fn start_time(&self) -> Duration {
        self.start
    }

    /// How long ago it was started; it never runs backwards.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        monotonic().saturating_sub(self.start)
    }

    /// How much of `bound` is left, zero when it is over.
    #[must_use]
    pub fn left(&self, bound: Duration) -> Duration {
        bound.saturating_sub(self.elapsed())
    }
}

/// The kernel's `CLOCK_MONOTONIC`: the same for all processes of a boot.
#[must_use]
pub fn monotonic() -> Duration {
    let now = clock_gettime(ClockId::Monotonic);
    Duration::try_from(now).unwrap_or_default()
}

/// The kernel's `CLOCK_BOOTTIME`: it goes on while the host sleeps.
#[must_use]
pub fn since_boot() -> Duration {
    Duration::try_from(clock_gettime(ClockId::Boottime)).unwrap_or_default()
}

/// The wall time as RFC 3339 in UTC with milliseconds, for people and files; nothing is decided by it.
#[must_use]
pub fn wall_time() -> String {
    format!("{:.3}", Timestamp::now())
}

/// The wall time so long after another one that [`wall_time`] has told, to the second; `None` where there is no such time.
#[must_use]
pub fn wall_time_after(earlier: &str, by: Duration) -> Option<String> {
    let earlier: Timestamp = earlier.parse().ok()?;
    Some(format!("{:.0}", earlier.checked_add(by).ok()?))
}

/// A name for a run: the moment in UTC and this process, so that names sort by time. Letters, digits and `-` only.
#[must_use]
pub fn run_id() -> String {
    format!("{}-{}", Timestamp::now().strftime("%Y%m%dT%H%M%S"), std::process::id())
}

/// When a process with this start time (clock ticks after boot) was started, by the wall clock as it is now; to about
/// 20 ms, and `None` where the kernel does not say how long it runs.
#[must_use]
pub fn started_at(ticks: u64) -> Option<SystemTime> {
    let uptime = std::fs::read_to_string("/proc/uptime").ok()?;
    let uptime: f64 = uptime.split_whitespace().next()?.parse().ok()?;
    let age = Duration::try_from_secs_f64(uptime).ok()?.saturating_sub(Duration::from_millis(
        ticks.saturating_mul(1000) / procfs::ticks_per_second().max(1),
    ));
    SystemTime::now().checked_sub(age)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wall_time_is_rfc_3339_with_milliseconds_in_utc() {
        let text = wall_time();
        assert_eq!(text.len(), "2026-01-02T03:04:05.678Z".len(), "{text}");
        assert!(text.ends_with('Z') && text.parse::<Timestamp>().is_ok(), "{text}");
    }

    #[test]
    fn a_later_wall_time_is_told_to_the_second() {
        let after = |earlier, seconds| wall_time_after(earlier, Duration::from_secs(seconds));
        assert_eq!(after("2026-12-31T23:59:58.900Z", 3).as_deref(), Some("2027-01-01T00:00:01Z"));
        assert_eq!((after("yesterday", 3), after("2026-12-31T23:59:58.900Z", u64::MAX)), (None, None));
    }

    #[test]
    fn this_process_was_started_a_moment_ago() {
        let me = procfs::process::Process::myself().unwrap().stat().unwrap();
        let age = SystemTime::now().duration_since(started_at(me.starttime).unwrap()).unwrap_or_default();
        assert!(age < Duration::from_secs(600), "{age:?}");
        assert_eq!(started_at(u64::MAX).map(|_| ()), Some(()));
    }

    #[test]
    fn nothing_is_left_of_a_bound_that_is_over() {
        let clock = Clock::start();
        assert_eq!(clock.left(Duration::ZERO), Duration::ZERO);
        assert!(clock.left(Duration::from_secs(60)) > Duration::from_secs(50));
    }
}
