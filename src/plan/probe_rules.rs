//! Keys of one probe that make no sense together: each would be ignored, or could not be kept.

use super::{
    problem::Problem,
    tree::{Node, Value},
    words::excerpt,
};

/// Headers that belong to one connection of HTTP/1.1, or that HTTP/2 has another word for (RFC 9113 8.2.2, 8.3.1).
const NOT_IN_HTTP2: [&str; 7] =
    ["connection", "host", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade"];

/// Checks one `[probe.NAME]`.
pub(super) fn check(probe: &Node) -> Vec<Problem> {
    let mut problems = Vec::new();
    problems.extend(tls_without_https(probe));
    problems.extend(two_targets(probe));
    problems.extend(insecure_with_ca(probe));
    headers_without_sense(probe, &mut problems);
    problems
}

/// Whether the key is there and `true`; one that is not known yet is not.
fn is_true(table: &Node, key: &str) -> bool {
    table.get(key).is_some_and(|node| !node.open && matches!(node.value, Value::Boolean(true)))
}

fn tls_without_https(probe: &Node) -> Option<Problem> {
    let tls = probe.entry("tls")?;
    let url = probe.get("url").filter(|url| !url.open)?;
    let plain = url.as_str()?.to_ascii_lowercase().starts_with("http:");
    plain.then(|| {
        Problem::new(
            "plan/tls-without-https",
            "`tls` says how a server proves who it is, and `http` proves nothing",
            tls.key_span,
            "this would be ignored",
        )
        .also(url.span, "no TLS is spoken here")
        .help("write `https://…`, or take `tls` out")
    })
}

fn two_targets(probe: &Node) -> Option<Problem> {
    let (address, path) = (probe.entry("connect-to")?, probe.entry("unix-socket")?);
    let (first, second) =
        if address.key_span.start < path.key_span.start { (address, path) } else { (path, address) };
    Some(
        Problem::new(
            "plan/two-targets",
            "a probe connects to one place, and two are named",
            second.key_span,
            "a second place",
        )
        .also(first.key_span, "the first place")
        .help("keep `connect-to` or `unix-socket`"),
    )
}

fn insecure_with_ca(probe: &Node) -> Option<Problem> {
    let tls = probe.get("tls")?;
    let ca = tls.entry("ca-file")?;
    let insecure = tls.entry("insecure").filter(|_| is_true(tls, "insecure"))?;
    Some(
        Problem::new(
            "plan/insecure-with-ca",
            "with `insecure` any certificate is good, whoever signed it",
            ca.key_span,
            "this would be ignored",
        )
        .also(insecure.key_span, "nothing is checked")
        .help("take `insecure` out"),
    )
}

fn headers_without_sense(probe: &Node, problems: &mut Vec<Problem>) {
    let Some(http2) = probe.entry("http2").filter(|_| is_true(probe, "http2")) else { return };
    for entry in probe.get("headers").map(Node::entries).unwrap_or_default() {
        let name = entry.key.to_ascii_lowercase();
        if !NOT_IN_HTTP2.contains(&name.as_str()) {
            continue;
        }
        let help = if name == "host" {
            "write the host into `url`, and the address into `connect-to` or `unix-socket`"
        } else {
            "take the header out"
        };
        problems.push(
            Problem::new(
                "plan/header-not-in-http2",
                format!("HTTP/2 does not know the header `{}`", excerpt(&entry.key)),
                entry.key_span,
                "a server may refuse the request for it",
            )
            .also(http2.key_span, "HTTP/2 is spoken")
            .help(help),
        );
    }
}
