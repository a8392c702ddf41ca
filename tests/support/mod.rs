//! What the tests on real nginx stand on: hosts of their own, load, and the runner under observation.
//!
//! ```ignore
//! let host = Host::new().workers(2).running("1.22.1");
//! let offer = host.offer("1.26.3");
//! let load = host.start_load(&Load::close());
//! let run = host.changeover(&["run", "plans/nginx.toml"], &offer);
//! let served = load.stop();
//! assert_eq!((run.exit(), served.lost()), (0, 0), "{run}");
//! assert_eq!(host.binary_on_disk(), "1.26.3");
//! ```

pub(crate) mod asking;
pub(crate) mod binary;
pub(crate) mod builds;
pub(crate) mod certificates;
pub(crate) mod changeover;
pub(crate) mod config;
pub(crate) mod disk;
pub(crate) mod events;
pub(crate) mod gate;
pub(crate) mod hex;
pub(crate) mod host;
pub(crate) mod http;
pub(crate) mod left;
pub(crate) mod load;
pub(crate) mod meeting;
pub(crate) mod points;
pub(crate) mod process;
pub(crate) mod python;
pub(crate) mod sandbox;
pub(crate) mod scene;
pub(crate) mod served;
pub(crate) mod silent;
pub(crate) mod tls;

use std::time::{Duration, Instant};

/// How long a condition may take to come true before the test fails. Generous: the machine may be busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until `condition` holds, asked every millisecond; `false` when `limit` has passed.
pub(crate) fn holds_within(limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    loop {
        if condition() {
            return true;
        }
        if start.elapsed() > limit {
            return false;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Waits until `condition` holds, and fails the test with `what` when it does not come true.
#[track_caller]
pub(crate) fn wait_until(what: &str, condition: impl FnMut() -> bool) {
    assert!(holds_within(PATIENCE, condition), "did not come true in {PATIENCE:?}: {what}");
}
