//! Listening sockets, the pid file and the logs: what new's master opens before it has workers (nginx-facts 32).

use super::{
    exec::starts,
    pattern::{Family, Pattern},
};

pub(super) const FAMILY: Family = Family {
    explains: starts,
    why: "New's master opens its sockets and files before it has workers, and exits where it cannot. Old serves all the time.",
    patterns: PATTERNS,
};

const PATTERNS: &[Pattern] = &[
    Pattern {
        code: "diagnose/address-in-use",
        line: r"^\[emerg\] bind\(\) to (\S+) failed \(98: ",
        text: "another process already listens on ${1}, and old's master does not pass that socket on",
        todo: "find it with `ss -lntup` (or `ss -lxp`), or take the `listen` out",
    },
    Pattern {
        code: "diagnose/address-not-permitted",
        line: r"^\[emerg\] bind\(\) to (\S+) failed \(13: ",
        text: "the new binary may not listen on ${1}: a new file has lost the capability to use low ports",
        todo: "`setcap cap_net_bind_service=+ep` on the new file, or start nginx as root",
    },
    Pattern {
        code: "diagnose/address-not-here",
        line: r"^\[emerg\] bind\(\) to (\S+) failed \(99: ",
        text: "this host has no such address as ${1}",
        todo: "check the address with `ip addr`, and the `listen` that names it",
    },
    Pattern {
        code: "diagnose/address-not-bound",
        line: r"^\[emerg\] bind\(\) to (\S+) failed \((\d+: [^)]*)\)",
        text: "the new binary could not listen on ${1} (${2})",
        todo: "look the error up in `man 2 bind`",
    },
    Pattern {
        code: "diagnose/file-not-opened",
        line: r#"^\[(?:emerg|alert)\] open\(\) "([^"]+)" failed \((\d+: [^)]*)\)"#,
        text: "the new binary could not open ${1} (${2})",
        todo: "check the path: the new binary may have other built-in paths (`nginx -V`)",
    },
    Pattern {
        code: "diagnose/quic-limits",
        line: r"^\[emerg\] ngx_quic_bpf_module failed to initialize",
        text: "the new binary could not load its QUIC program into the kernel",
        todo: "raise the memory-lock limit of the service, or set `quic_bpf off`",
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
                "2026/11/23 14:50:02 [emerg] 950#950: bind() to 0.0.0.0:8081 failed (98: Address already in use)",
                "diagnose/address-in-use",
                "0.0.0.0:8081",
            ),
            (
                "2026/11/23 14:50:02 [emerg] 950#950: bind() to 0.0.0.0:443 failed (13: Permission denied)",
                "diagnose/address-not-permitted",
                "0.0.0.0:443",
            ),
            (
                "2026/11/23 14:50:02 [emerg] 950#950: bind() to 10.9.9.9:80 failed (99: Cannot assign requested address)",
                "diagnose/address-not-here",
                "10.9.9.9:80",
            ),
            (
                "2026/11/23 14:50:02 [emerg] 950#950: bind() to unix:/run/x/y.sock failed (2: No such file or directory)",
                "diagnose/address-not-bound",
                "2: No such file",
            ),
            (
                "2026/11/23 14:50:02 [emerg] 950#950: open() \"/run/nginx/nginx.pid\" failed (2: No such file or directory)",
                "diagnose/file-not-opened",
                "/run/nginx/nginx.pid (2: ",
            ),
            (
                "2026/11/23 14:50:02 [emerg] 950#950: ngx_quic_bpf_module failed to initialize, check limits",
                "diagnose/quic-limits",
                "QUIC",
            ),
        ];
        check(&FAMILY, "run/new-master-exited", &samples);
    }
}
