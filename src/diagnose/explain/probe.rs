//! `probe/…`: what can come of one HTTP request.

use super::Text;

pub(super) const TEXTS: &[Text] = &[
    Text {
        code: "probe/passed",
        means: "The answer is what the plan expects, from the generation that it asks for.",
        why: "It counts towards `pass-after`.",
        todo: "Nothing.",
    },
    Text {
        code: "probe/not-reached",
        means: "No connection landed on a worker of the wanted generation in about 2 s.",
        why: "The build was not judged, neither good nor bad: while both generations accept, an idle host may give \
              every connection to one of them.",
        todo: "Probe new after the old workers are draining, as plans/nginx.toml does.",
    },
    Text {
        code: "probe/queued",
        means: "The connection was made and no worker accepted it: it waits in the queue of the listening socket.",
        why: "Clients wait there too. Nobody serves this address.",
        todo: "Look at the workers: `changeover status` says who accepts.",
    },
    Text {
        code: "probe/refused",
        means: "Nothing listens at the address of the probe.",
        why: "Clients are refused too, if the address is theirs.",
        todo: "Compare the probe's `url` with the `listen` directives.",
    },
    Text {
        code: "probe/not-connected",
        means: "No connection came about; the message quotes the kernel.",
        why: "A firewall, a missing route, or a limit stands between the probe and the server.",
        todo: "Try the same from this host with `curl -v`.",
    },
    Text {
        code: "probe/unresolved",
        means: "The host in the probe's `url` has no address.",
        why: "Probes are for the server on this host, and a name may lead elsewhere or nowhere.",
        todo: "Write an address instead of the name, such as 127.0.0.1, and the name as a header `Host`.",
    },
    Text {
        code: "probe/certificate-expired",
        means: "The certificate that the server shows is valid no longer.",
        why: "Clients that look at certificates are turned away too, if they ask for the same name.",
        todo: "Renew it and reload nginx; a changeover does not need the old one.",
    },
    Text {
        code: "probe/certificate-not-yet-valid",
        means: "The certificate that the server shows is not valid yet.",
        why: "Clients that look at certificates are turned away too, if they ask for the same name.",
        todo: "Compare its dates with the clock of this host.",
    },
    Text {
        code: "probe/certificate-wrong-name",
        means: "The certificate is for other names than the one that was asked for; the message names them.",
        why: "The server may have chosen another certificate than clients get, since it was asked for another name.",
        todo: "Write the name into the probe's `url`, with the address in `connect-to`, or set `server-name`.",
    },
    Text {
        code: "probe/certificate-unknown-issuer",
        means: "Nobody who is trusted has signed the certificate.",
        why: "Without `ca-file` the authorities of this host are trusted, and they may not be those of its clients.",
        todo: "Name the authority's file in `ca-file`. Where the certificate does not matter, set `insecure = true`.",
    },
    Text {
        code: "probe/certificate-refused",
        means: "The certificate cannot be trusted for another reason, which the message quotes.",
        why: "Clients that look at certificates are turned away too, if they ask for the same name.",
        todo: "Look at it with `openssl s_client -connect ADDRESS -servername NAME`.",
    },
    Text {
        code: "probe/not-tls",
        means: "The `url` is `https`, and what answers there speaks no TLS.",
        why: "The port is one for `http`, or another service listens there.",
        todo: "Compare the probe's `url` with the `listen` directive of that port.",
    },
    Text {
        code: "probe/no-http2",
        means: "The probe wants HTTP/2 over TLS, and the server does not agree to it.",
        why: "Clients fall back to HTTP/1.1 without a word; the plan says that this matters.",
        todo: "Turn HTTP/2 on for that listener, or take `http2` out of the probe.",
    },
    Text {
        code: "probe/tls-failed",
        means: "The server answered, and no TLS handshake came about; the message says why.",
        why: "Server and probe have no version or cipher in common (TLS 1.2 and 1.3 are spoken), or the server refuses the name.",
        todo: "Try the same with `openssl s_client`, and look into nginx's error log.",
    },
    Text {
        code: "probe/handshake-timed-out",
        means: "A worker accepted the connection, and the TLS handshake came to no end within `request-timeout`.",
        why: "The worker hangs before it has even read a request.",
        todo: "Look into nginx's error log, and at what the workers wait for.",
    },
    Text {
        code: "probe/timed-out",
        means: "A worker accepted the connection and did not answer completely within `request-timeout`.",
        why: "The worker hangs, or what it asks (an upstream, a disk) does.",
        todo: "Look into nginx's error log, and at what the location does.",
    },
    Text {
        code: "probe/reset",
        means: "The server ended the connection before its answer was complete.",
        why: "Workers that crash do this, and locations with `return 444`.",
        todo: "Look for `exited on signal` in nginx's error log.",
    },
    Text {
        code: "probe/not-http",
        means: "What came back is no answer in the version of HTTP that the probe speaks.",
        why: "Another protocol is spoken on this port: TLS, HTTP/1.1 where `http2` is set, or a stream server.",
        todo: "Compare the probe's `url` with the `listen` directive of that port.",
    },
    Text {
        code: "probe/wrong-status",
        means: "The answer has another status than `expect.status` lists.",
        why: "The generation serves, but not what it should.",
        todo: "Look into nginx's error log for the reason, or correct `[probe.NAME.expect]`.",
    },
    Text {
        code: "probe/wrong-header",
        means: "A header of the answer is missing or has another value.",
        why: "The generation serves, but not what it should.",
        todo: "Ask for it with `curl -i`, and compare it with `[probe.NAME.expect]`.",
    },
    Text {
        code: "probe/wrong-body",
        means: "The body of the answer lacks the expected text.",
        why: "A status of 200 may also come with an error page.",
        todo: "Ask for it with `curl`, and compare it with `body-contains`.",
    },
    Text {
        code: "probe/too-slow",
        means: "The answer is right and took longer than `max-latency`.",
        why: "Clients will notice, and a queue may build up.",
        todo: "Look at the load of the host, or allow more time.",
    },
    Text {
        code: "probe/attribution-impossible",
        means: "The step wants the answer of one generation, and nobody can tell which one answered.",
        why: "An answer of the old workers would prove nothing about the new ones.",
        todo: "Probe an address that nginx itself listens on in this network namespace, not through a proxy, and run \
               changeover as root; or write `answered-by = \"any\"`.",
    },
    Text {
        code: "probe/not-asked",
        means: "The request could not be made at all; the message says why.",
        why: "Nothing was learned about the server.",
        todo: "Correct the probe as the message says.",
    },
];
