//! Workers that do not start or do not stay (nginx-facts 32 and 9; `src/os/unix/ngx_process_cycle.c`).

use super::pattern::{Family, Pattern};

pub(super) const FAMILY: Family = Family {
    explains,
    why: "New's master lives, and its workers do not: new accepts nobody, or loses what it has accepted.",
    patterns: PATTERNS,
};

fn explains(fault: &str) -> bool {
    let workers = matches!(
        fault,
        "run/workers-gone"
            | "run/workers-fatal"
            | "run/workers-late"
            | "run/crash-loop"
            | "run/not-ready-to-commit"
    );
    workers || answers(fault)
}

/// Faults of a generation that answers wrongly or not at all.
pub(super) fn answers(fault: &str) -> bool {
    fault.starts_with("probe/") || fault == "run/probes-late"
}

const PATTERNS: &[Pattern] = &[
    Pattern {
        code: "diagnose/worker-directory",
        line: r#"^\[alert\] chdir\("([^"]+)"\) failed \((\d+: [^)]*)\)"#,
        text: "the workers cannot enter ${1}, the `working_directory` (${2})",
        todo: "make ${1} a directory that the workers' user may enter",
    },
    Pattern {
        code: "diagnose/worker-user",
        line: r"^\[emerg\] (setuid|setgid|initgroups)\(([^)]*)\) failed \((\d+: [^)]*)\)",
        text: "the workers cannot become the configured user: ${1}(${2}) failed (${3})",
        todo: "start nginx as root, or set `user` to a user of this host",
    },
    Pattern {
        code: "diagnose/worker-files",
        line: r"^\[alert\] setrlimit\(RLIMIT_NOFILE, (\d+)\) failed",
        text: "the workers may not have ${1} open files, as worker_rlimit_nofile wants",
        todo: "raise LimitNOFILE of the unit and restart, or lower worker_rlimit_nofile",
    },
    Pattern {
        code: "diagnose/worker-killed",
        line: r"^\[alert\] worker process (\d+) exited on signal 9\b",
        text: "somebody killed worker ${1} (signal 9), or the system did for want of memory",
        todo: "see who killed it: the kernel tells of its own kills in its log (`journalctl -k`)",
    },
    Pattern {
        code: "diagnose/worker-crashed",
        line: r"^\[alert\] worker process (\d+) exited on signal (\d+)",
        text: "worker ${1} was ended by signal ${2}",
        todo: "look for its core (`coredumpctl`): the new build, one of its modules or a library is at fault",
    },
    Pattern {
        code: "diagnose/worker-fatal",
        line: r"^\[alert\] worker process (\d+) exited with fatal code (\d+) and cannot be respawned",
        text: "worker ${1} gave up while it started (code ${2}), and nginx does not start it again",
        todo: "look at the lines that it wrote to the error log before",
    },
    Pattern {
        code: "diagnose/worker-not-forked",
        line: r"^\[alert\] (?:could not respawn worker process|fork\(\) failed while spawning)",
        text: "the master could not fork a worker",
        todo: "raise the limit on processes: `TasksMax` of the unit, or pids.max of its control group",
    },
];

#[cfg(test)]
mod tests {
    use super::FAMILY;
    use crate::diagnose::pattern::check;

    #[test]
    fn each_line_names_its_cause() {
        let samples = [
            (
                "2026/11/23 14:50:02 [alert] 951#951: chdir(\"/srv/cores\") failed (2: No such file or directory)",
                "diagnose/worker-directory",
                "/srv/cores",
            ),
            (
                "2026/11/23 14:50:02 [emerg] 951#951: setuid(33) failed (1: Operation not permitted)",
                "diagnose/worker-user",
                "setuid(33) failed",
            ),
            (
                "2026/11/23 14:50:02 [alert] 951#951: setrlimit(RLIMIT_NOFILE, 1000000) failed (1: Operation not permitted)",
                "diagnose/worker-files",
                "1000000 open files",
            ),
            (
                "2026/11/23 14:50:02 [alert] 944#944: worker process 951 exited on signal 11 (core dumped)",
                "diagnose/worker-crashed",
                "951 was ended by signal 11",
            ),
            (
                "2026/11/23 14:50:02 [alert] 944#944: worker process 951 exited on signal 9",
                "diagnose/worker-killed",
                "killed worker 951",
            ),
            (
                "2026/11/23 14:50:02 [alert] 944#944: worker process 951 exited with fatal code 2 and cannot be respawned",
                "diagnose/worker-fatal",
                "code 2",
            ),
            (
                "2026/11/23 14:50:02 [alert] 944#944: could not respawn worker process",
                "diagnose/worker-not-forked",
                "could not fork",
            ),
        ];
        check(&FAMILY, "run/crash-loop", &samples);
    }
}
