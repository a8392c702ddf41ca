//! The configuration as the new binary reads it (nginx-facts 32, `src/core/ngx_conf_file.c`, `ngx_module.c`).

use super::{
    exec::starts,
    pattern::{Family, Pattern},
};

pub(super) const FAMILY: Family = Family {
    explains: |fault| starts(fault) || fault.starts_with("preflight/"),
    why: "The new binary reads the configuration from disk when it starts. Preflight finds most of this; later new's master exits, and old serves all the time.",
    patterns: PATTERNS,
};

const PATTERNS: &[Pattern] = &[
    Pattern {
        code: "diagnose/unknown-directive",
        line: r#"^\[emerg\] unknown directive "([^"]+)" in (\S+:\d+)"#,
        text: "the new binary does not know the directive `${1}` (${2})",
        todo: "build it with the module that has `${1}`, load that module, or take the line out",
    },
    Pattern {
        code: "diagnose/module-version",
        line: r#"^\[emerg\] module "([^"]+)" version (\d+) instead of (\d+)"#,
        text: "the module ${1} was built for nginx ${2}, the new binary is ${3}",
        todo: "install the module that was built with the new binary",
    },
    Pattern {
        code: "diagnose/module-not-compatible",
        line: r#"^\[emerg\] module "([^"]+)" is not binary compatible"#,
        text: "the module ${1} was built with other options than the new binary",
        todo: "build the module with the configure arguments that `nginx -V` of the new binary shows",
    },
    Pattern {
        code: "diagnose/module-not-loaded",
        line: r#"^\[emerg\] dlopen\(\) "([^"]+)" failed \((.*)\)"#,
        text: "the new binary cannot load the module ${1}: ${2}",
        todo: "install the module where the new binary looks for it (`--modules-path` in `nginx -V`)",
    },
    Pattern {
        code: "diagnose/no-such-user",
        line: r#"^\[emerg\] get(?:pw|gr)nam\("([^"]+)"\) failed"#,
        text: "the new binary wants to run its workers as `${1}`, which this host does not know",
        todo: "set `user` in the configuration: the new binary's built-in default is another one",
    },
    Pattern {
        code: "diagnose/invalid-option",
        line: r#"^invalid option: "([^"]+)""#,
        text: "the new binary does not know the option `${1}` that the running master was started with",
        todo: "start nginx without `${1}` before the changeover",
    },
    Pattern {
        code: "diagnose/name-not-resolved",
        line: r#"^\[emerg\] host not found in (?:upstream |resolver )?"([^"]+)""#,
        text: "the new binary could not resolve `${1}`, which the configuration names",
        todo: "make the name resolvable from this host, or use an address",
    },
    Pattern {
        code: "diagnose/certificate-not-loaded",
        line: r#"^\[emerg\] cannot load certificate(?: key)? "([^"]+)": (.*)"#,
        text: "the new binary cannot load ${1}: ${2}",
        todo: "check the file with `openssl`, and that the master's user may read it",
    },
    Pattern {
        code: "diagnose/configuration",
        line: r"^\[emerg\] (.+) in (/\S+:\d+)$",
        text: "the new binary does not accept the configuration: ${1} (${2})",
        todo: "look at ${2}",
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
                "nginx: [emerg] unknown directive \"brotli\" in /etc/nginx/nginx.conf:12",
                "diagnose/unknown-directive",
                "`brotli` (/etc/nginx/nginx.conf:12)",
            ),
            (
                "2026/11/23 14:50:02 [emerg] 950#950: module \"/usr/lib/nginx/modules/ngx_http_geoip_module.so\" version 1022001 instead of 1026003 in /etc/nginx/modules-enabled/50.conf:1",
                "diagnose/module-version",
                "built for nginx 1022001",
            ),
            (
                "nginx: [emerg] module \"/m/x.so\" is not binary compatible in /etc/nginx/nginx.conf:1",
                "diagnose/module-not-compatible",
                "other options",
            ),
            (
                "nginx: [emerg] dlopen() \"/usr/share/nginx/modules/x.so\" failed (/usr/share/nginx/modules/x.so: cannot open shared object file: No such file or directory) in /etc/nginx/nginx.conf:1",
                "diagnose/module-not-loaded",
                "x.so: cannot open",
            ),
            (
                "nginx: [emerg] getpwnam(\"nginx\") failed in /etc/nginx/nginx.conf:1",
                "diagnose/no-such-user",
                "`nginx`",
            ),
            ("nginx: invalid option: \"e\"", "diagnose/invalid-option", "`e`"),
            (
                "nginx: [emerg] host not found in upstream \"app.internal\" in /etc/nginx/nginx.conf:40",
                "diagnose/name-not-resolved",
                "`app.internal`",
            ),
            (
                "nginx: [emerg] cannot load certificate key \"/etc/ssl/k.pem\": BIO_new_file() failed (SSL: error:8000000D:system library::Permission denied)",
                "diagnose/certificate-not-loaded",
                "/etc/ssl/k.pem: BIO_new_file() failed",
            ),
            (
                "nginx: [emerg] invalid number of arguments in \"listen\" directive in /etc/nginx/nginx.conf:7",
                "diagnose/configuration",
                "invalid number of arguments in \"listen\" directive (/etc/nginx/nginx.conf:7)",
            ),
        ];
        check(&FAMILY, "run/new-master-exited", &samples);
    }
}
