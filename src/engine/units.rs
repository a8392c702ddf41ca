//! Numbers with their units, as people say them; the same in every sentence and on every line.

use std::time::Duration;

/// A time of `ms` milliseconds: `0.4 ms`, `41 ms`, `1.01 s`, `2 m 4 s`, `1 h 5 m`.
#[must_use]
pub fn time(ms: f64) -> String {
    let ms = if ms.is_finite() { ms.max(0.0) } else { 0.0 };
    let tenths = (ms * 10.0).round();
    if tenths < 10.0 {
        return format!("{:.1} ms", tenths / 10.0);
    }
    if ms.round() < 1_000.0 {
        return format!("{:.0} ms", ms.round());
    }
    if (ms / 100.0).round() < 600.0 {
        let digits = if ms < 9_995.0 { 2 } else { 1 };
        return format!("{:.digits$} s", ms / 1_000.0);
    }
    let seconds = (ms / 1_000.0).round();
    let (all, names) =
        if seconds < 3_600.0 { (seconds, ("m", "s")) } else { ((seconds / 60.0).round(), ("h", "m")) };
    let (whole, rest) = ((all / 60.0).floor(), all % 60.0);
    if rest < 0.5 {
        format!("{whole:.0} {}", names.0)
    } else {
        format!("{whole:.0} {} {rest:.0} {}", names.0, names.1)
    }
}

/// The same of a duration.
#[must_use]
pub fn length(duration: Duration) -> String {
    time(duration.as_secs_f64() * 1_000.0)
}

/// A bound that a plan gives, without needless digits: `30 s`, `1.5 s`, `10 m`.
#[must_use]
pub fn bound(ms: f64) -> String {
    let shown = time(ms);
    match shown.split_once(' ') {
        Some((number, unit)) if number.contains('.') => {
            format!("{} {unit}", number.trim_end_matches('0').trim_end_matches('.'))
        }
        _ => shown,
    }
}

/// `1 worker`, `2 workers`.
#[must_use]
pub fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

#[cfg(test)]
mod tests {
    use super::{bound, count, time};

    #[test]
    fn times_have_three_digits_and_a_unit() {
        let table = [
            (0.0, "0.0 ms"),
            (0.42, "0.4 ms"),
            (0.96, "1 ms"),
            (41.2, "41 ms"),
            (999.7, "1.00 s"),
            (1_010.0, "1.01 s"),
            (12_340.0, "12.3 s"),
            (59_960.0, "1 m"),
            (124_000.0, "2 m 4 s"),
            (600_000.0, "10 m"),
            (3_900_000.0, "1 h 5 m"),
            (f64::NAN, "0.0 ms"),
        ];
        for (ms, expected) in table {
            assert_eq!(time(ms), expected, "{ms}");
        }
    }

    #[test]
    fn bounds_have_no_needless_digits() {
        assert_eq!(bound(30_000.0), "30 s");
        assert_eq!(bound(1_500.0), "1.5 s");
        assert_eq!(bound(600_000.0), "10 m");
    }

    #[test]
    fn one_worker_is_not_workers() {
        assert_eq!((count(1, "worker"), count(0, "worker")), ("1 worker".into(), "0 workers".into()));
    }
}
