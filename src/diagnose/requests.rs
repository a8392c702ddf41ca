//! Requests that workers could not serve. Only lines that a healthy service does not write: a missing file is an
//! everyday 404 and explains nothing.

use super::{
    pattern::{Family, Pattern},
    workers::answers,
};

pub(super) const FAMILY: Family = Family {
    explains: answers,
    why: "New accepts and cannot serve as old did: a probe or a watch fails, and the way back is taken.",
    patterns: PATTERNS,
};

const PATTERNS: &[Pattern] = &[
    Pattern {
        code: "diagnose/permission-denied",
        line: r#"^\[\w+\] (?:\*\d+ )?(?:open|stat|lstat|opendir)\(\) "([^"]+)" failed \(13: "#,
        text: "a worker may not read ${1}",
        todo: "compare the `user` of both builds (`nginx -V`, --user=) with the owner of the file",
    },
    Pattern {
        code: "diagnose/upstream-refused",
        line: r"^\[\w+\] (?:\*\d+ )?connect\(\) (?:to \S+ )?failed \((\d+: [^)]*)\) while connecting to upstream",
        text: "a worker could not reach its upstream (${1})",
        todo: "ask the upstream from this host; the new build may lack a permission that the old one had",
    },
    Pattern {
        code: "diagnose/upstream-slow",
        line: r"^\[\w+\] (?:\*\d+ )?upstream timed out \(\d+: [^)]*\) while ([a-z ]+)",
        text: "an upstream did not answer in time, while ${1}",
        todo: "look at the upstream: every new worker starts without open connections to it",
    },
    Pattern {
        code: "diagnose/no-live-upstreams",
        line: r"^\[\w+\] (?:\*\d+ )?no live upstreams while connecting to upstream",
        text: "every server of an upstream is marked as failed",
        todo: "look at the upstream servers",
    },
    Pattern {
        code: "diagnose/connections-used-up",
        line: r"^\[\w+\] (?:\*\d+ )?(\d+) worker_connections are not enough",
        text: "a worker has used up its ${1} worker_connections",
        todo: "raise worker_connections: during a changeover both generations hold connections",
    },
    Pattern {
        code: "diagnose/files-used-up",
        line: r"^\[\w+\] (?:\*\d+ )?\w+\(\) failed \(2[34]: Too many open files",
        text: "a worker has used up its open files",
        todo: "raise worker_rlimit_nofile, or LimitNOFILE of the unit",
    },
];

#[cfg(test)]
mod tests {
    use super::FAMILY;
    use crate::diagnose::{cause, pattern::check};

    const TAIL: &str =
        ", client: 127.0.0.1, server: localhost, request: \"GET /healthz HTTP/1.1\", host: \"localhost\"";

    #[test]
    fn each_line_names_its_cause() {
        let line = |rest: &str| format!("2026/11/23 14:50:02 [error] 945#945: *17 {rest}{TAIL}");
        let denied = line("open() \"/srv/app/index.html\" failed (13: Permission denied)");
        let refused = line("connect() failed (111: Connection refused) while connecting to upstream");
        let slow = line(
            "upstream timed out (110: Connection timed out) while reading response header from upstream",
        );
        let none = line("no live upstreams while connecting to upstream");
        let samples = [
            (denied.as_str(), "diagnose/permission-denied", "/srv/app/index.html"),
            (&refused, "diagnose/upstream-refused", "111: Connection refused"),
            (&slow, "diagnose/upstream-slow", "while reading response header from upstream"),
            (&none, "diagnose/no-live-upstreams", "upstream"),
            (
                "2026/11/23 14:50:02 [alert] 945#945: 512 worker_connections are not enough",
                "diagnose/connections-used-up",
                "512",
            ),
            (
                "2026/11/23 14:50:02 [crit] 945#945: accept4() failed (24: Too many open files)",
                "diagnose/files-used-up",
                "open files",
            ),
        ];
        check(&FAMILY, "probe/status", &samples);
    }

    #[test]
    fn an_everyday_404_explains_nothing() {
        let missing = format!(
            "2026/11/23 14:50:02 [error] 9#9: *1 open() \"/x\" failed (2: No such file or directory){TAIL}"
        );
        assert_eq!(cause("probe/status", &[missing]), None);
    }
}
