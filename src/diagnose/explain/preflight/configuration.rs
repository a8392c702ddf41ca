//! The configuration on disk, and the plan beside it.

use crate::diagnose::explain::Text;

pub(in crate::diagnose::explain) const TEXTS: &[Text] = &[
    Text {
        code: "preflight/configuration-rejected",
        means: "The new binary rejects today's configuration; the finding quotes nginx with file and line. \
                The run is refused.",
        why: "It would exit at once.",
        todo: "Correct the configuration, or offer a build that takes it.",
    },
    Text {
        code: "preflight/running-binary-rejects-configuration",
        means: "The running binary rejects today's configuration. The run is refused; where the file at the path is adopted it \
                is a warning.",
        why: "Until the commit the path names that binary: a restart, a reboot or a reload would fail. With an adopted file, \
              only a reload of old after a way back would; mostly the package manager has replaced the modules too.",
        todo: "Correct the configuration so that both take it; use new directives afterwards.",
    },
    Text {
        code: "preflight/configuration-not-understood",
        means: "nginx takes the configuration and changeover cannot read it. A warning: the run goes on.",
        why: "Listeners, worker count and pid path could not be compared.",
        todo: "Give `count` where a step waits for new workers.",
    },
    Text {
        code: "preflight/configuration-newer",
        means: "Files changed after the workers started; the finding names them and says how many seconds \
                later. A warning: the run goes on.",
        why: "The new generation reads the configuration from disk, so these changes go live together with the new \
              binary.",
        todo: "Reload first.",
    },
    Text {
        code: "preflight/fewer-sockets",
        means: "With `reuseport` the old master holds more sockets than the new generation will have: fewer \
                `worker_processes`, or `reuseport` removed. The run is refused.",
        why: "Connections to the others hang until the old master has left.",
        todo: "Keep both as they run, change over, then change them with a reload.",
    },
    Text {
        code: "preflight/listener-removed",
        means: "The master listens where the configuration on disk no longer does. A warning: the run goes \
                on.",
        why: "From WINCH until the old master has left, connections there hang instead of being refused.",
        todo: "Reload first, or accept it.",
    },
    Text {
        code: "preflight/unix-listener-removed",
        means: "The configuration on disk drops a unix socket. The run is refused.",
        why: "The new master removes its path when it starts and the old one cannot make it again: there would be no \
              way back.",
        todo: "Put the `listen` back, change over, then remove it with a reload.",
    },
    Text {
        code: "preflight/quic",
        means: "There is a `listen … quic`. A warning: the run goes on.",
        why: "nginx does not hand QUIC connections over; some break, as with every reload.",
        todo: "Change over when few clients are connected.",
    },
    Text {
        code: "preflight/probe-cannot-reach-new",
        means: "A step probes new before WINCH, the old binary is older than 1.21.6, does not listen with \
                `reuseport` and has no `accept_mutex on`. The run is refused.",
        why: "Its idle workers take every connection, so the step would end as `not-reached` and the way back be taken.",
        todo: "Probe after the old workers are draining, as `plans/nginx.toml` does.",
    },
];
