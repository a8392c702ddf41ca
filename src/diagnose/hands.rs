//! Signals of strangers: nginx logs who sent them, from 1.13.0 on and at level `notice` (`ngx_signal_handler`).

use super::pattern::{Family, Pattern};

pub(super) const FAMILY: Family = Family {
    explains,
    why: "Somebody else manages this nginx while a changeover is under way. Two who send signals to one master undo each \
          other's work.",
    patterns: PATTERNS,
};

/// Faults that a signal of a stranger brings about.
fn explains(fault: &str) -> bool {
    matches!(
        fault,
        "run/old-master-gone"
            | "run/new-master-exited"
            | "run/old-workers-back"
            | "run/workers-gone"
            | "run/foreign-master"
    )
}

const PATTERNS: &[Pattern] = &[Pattern {
    code: "diagnose/foreign-signal",
    line: r"^\[notice\] signal \d+ \((SIGHUP|SIGINT|SIGQUIT|SIGTERM|SIGUSR2|SIGWINCH)\) received from (\d+), ",
    text: "process ${2} sent ${1} to nginx",
    todo: "find out what process ${2} was (`ps -p ${2}`, the journal, cron), and keep it away during a changeover",
}];

#[cfg(test)]
mod tests {
    use super::{super::pattern::check, FAMILY};

    #[test]
    fn the_sender_of_a_strangers_signal_is_named() {
        for (line, word) in [
            (
                "2026/11/23 14:50:02 [notice] 812#812: signal 15 (SIGTERM) received from 4242, exiting",
                "4242 sent SIGTERM",
            ),
            (
                "2026/11/23 14:50:02 [notice] 812#812: signal 1 (SIGHUP) received from 7, reconfiguring",
                "7 sent SIGHUP",
            ),
        ] {
            check(&FAMILY, "run/old-master-gone", &[(line, "diagnose/foreign-signal", word)]);
        }
        let reaped = "2026/11/23 14:50:02 [notice] 812#812: signal 17 (SIGCHLD) received from 944".to_owned();
        assert_eq!(super::super::cause("run/old-master-gone", &[reaped]), None);
    }
}
