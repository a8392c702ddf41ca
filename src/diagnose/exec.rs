//! USR2 and the exec: why old's master did not come to run the new file (nginx-facts 31 and 32).

use super::pattern::{Family, Pattern};

pub(super) const FAMILY: Family = Family {
    explains: starts,
    why: "New's master does not come to run the new file, or does not stay. Old serves all the time.",
    patterns: PATTERNS,
};

/// Faults of a new master that does not start, or does not stay.
pub(super) fn starts(fault: &str) -> bool {
    matches!(
        fault,
        "run/usr2-ignored"
            | "run/exec-failed"
            | "run/new-master-exited"
            | "run/pid-file-not-renamed"
            | "run/signal-not-handled"
            | "run/signal-without-effect"
            | "run/workers-late"
    )
}

const PATTERNS: &[Pattern] = &[
    Pattern {
        code: "diagnose/exec-not-found",
        line: r#"^\[alert\] execve\(\) failed while executing new binary process "(.*)" \(2: "#,
        text: "at USR2 there was no file at ${1}, or the loader that its ELF header names is missing",
        todo: "look at the path from the master's own directory, and at `readelf -l` of the new file",
    },
    Pattern {
        code: "diagnose/exec-not-permitted",
        line: r#"^\[alert\] execve\(\) failed while executing new binary process "(.*)" \(13: "#,
        text: "old's master may not execute ${1}: its mode, a noexec mount or a security policy",
        todo: "give it an execute bit, and the security label of the file before it (`restorecon`)",
    },
    Pattern {
        code: "diagnose/exec-format",
        line: r#"^\[alert\] execve\(\) failed while executing new binary process "(.*)" \(8: "#,
        text: "${1} is not a program for this machine",
        todo: "build it for this architecture; `file` shows what it is",
    },
    Pattern {
        code: "diagnose/exec-failed",
        line: r#"^\[alert\] execve\(\) failed while executing new binary process "(.*)" \((\d+: [^)]*)\)"#,
        text: "the kernel refused to execute ${1} (${2})",
        todo: "look the error up in `man 2 execve`",
    },
    Pattern {
        code: "diagnose/library-missing",
        line: r"^\S+: error while loading shared libraries: ([^:]+): (.*)",
        text: "the new binary needs ${1}: ${2}",
        todo: "install the library, or name its place in the binary: nginx passes no LD_LIBRARY_PATH on at USR2",
    },
    Pattern {
        code: "diagnose/library-version",
        line: r"^\S+: (\S+): version `(.+)' not found",
        text: "${1} on this host has no ${2}, which the new binary needs",
        todo: "build the new binary on this release of the system, or update the library",
    },
    Pattern {
        code: "diagnose/symbol-missing",
        line: r"^\S+: symbol lookup error: .*undefined symbol: (\S+)",
        text: "no library on this host has the symbol ${1}, which the new binary needs",
        todo: "build the new binary against the libraries of this host",
    },
    Pattern {
        code: "diagnose/usr2-ignored",
        line: r"^\[crit\] the changing binary signal is ignored",
        text: "nginx ignores USR2: it was started with `daemon off`, or another generation still lives",
        todo: "end the other generation first; under `daemon off` restart nginx instead",
    },
    Pattern {
        code: "diagnose/pid-file-not-renamed",
        line: r"^\[alert\] rename\(\) (\S+) to \S+ failed before executing new binary process .*\((\d+: [^)]*)\)",
        text: "old's master could not rename its pid file ${1} (${2})",
        todo: "let the master's user write into the directory of the pid file",
    },
    Pattern {
        code: "diagnose/fork-failed",
        line: r#"^\[alert\] fork\(\) failed while spawning "new binary process" \((\d+: [^)]*)\)"#,
        text: "old's master could not fork (${1})",
        todo: "raise the limit on processes: `TasksMax` of the unit, or pids.max of its control group",
    },
    Pattern {
        code: "diagnose/new-killed",
        line: r"^\[alert\] new binary process (\d+) exited on signal 9\b",
        text: "somebody killed new's master ${1} (signal 9), or the system did for want of memory",
        todo: "see who killed it: the kernel tells of its own kills in its log (`journalctl -k`)",
    },
    Pattern {
        code: "diagnose/new-crashed",
        line: r"^\[alert\] new binary process (\d+) exited on signal (\d+)",
        text: "new's master ${1} was ended by signal ${2}",
        todo: "look for its core (`coredumpctl`), or start the new binary by hand with another configuration",
    },
];

#[cfg(test)]
mod tests {
    use super::FAMILY;
    use crate::diagnose::pattern::check;

    const EXEC: &str = "2026/11/23 14:50:02 [alert] 950#950: execve() failed while executing new binary process \"/usr/sbin/nginx\"";

    #[test]
    fn each_line_names_its_cause() {
        let exec = |errno: &str| format!("{EXEC} ({errno})");
        let (missing, denied) = (exec("2: No such file or directory"), exec("13: Permission denied"));
        let (format, other) = (exec("8: Exec format error"), exec("12: Cannot allocate memory"));
        let samples = [
            (missing.as_str(), "diagnose/exec-not-found", "/usr/sbin/nginx"),
            (&denied, "diagnose/exec-not-permitted", "may not execute"),
            (&format, "diagnose/exec-format", "for this machine"),
            (&other, "diagnose/exec-failed", "12: Cannot allocate memory"),
            (
                "/usr/sbin/nginx: error while loading shared libraries: libx.so.1: cannot open shared object file: No such file or directory",
                "diagnose/library-missing",
                "libx.so.1: cannot open",
            ),
            (
                "/usr/sbin/nginx: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.38' not found (required by /usr/sbin/nginx)",
                "diagnose/library-version",
                "GLIBC_2.38",
            ),
            (
                "/usr/sbin/nginx: symbol lookup error: /usr/sbin/nginx: undefined symbol: SSL_get0_group_name",
                "diagnose/symbol-missing",
                "SSL_get0_group_name",
            ),
            (
                "2026/11/23 14:50:02 [crit] 812#812: the changing binary signal is ignored: you should shutdown or terminate before either old or new binary's process",
                "diagnose/usr2-ignored",
                "daemon off",
            ),
            (
                "2026/11/23 14:50:02 [alert] 812#812: rename() /run/nginx.pid to /run/nginx.pid.oldbin failed before executing new binary process \"/usr/sbin/nginx\" (13: Permission denied)",
                "diagnose/pid-file-not-renamed",
                "/run/nginx.pid (13: Permission denied)",
            ),
            (
                "2026/11/23 14:50:02 [alert] 812#812: fork() failed while spawning \"new binary process\" (11: Resource temporarily unavailable)",
                "diagnose/fork-failed",
                "11: Resource",
            ),
            (
                "2026/11/23 14:50:02 [alert] 812#812: new binary process 950 exited on signal 11 (core dumped)",
                "diagnose/new-crashed",
                "950 was ended by signal 11",
            ),
            (
                "2026/11/23 14:50:02 [alert] 812#812: new binary process 950 exited on signal 9",
                "diagnose/new-killed",
                "killed new's master 950",
            ),
        ];
        check(&FAMILY, "run/new-master-exited", &samples);
    }
}
