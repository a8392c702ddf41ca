//! The kinds of hosts that faults strike.

use std::fmt;

use crate::support::config::Config;
use crate::support::host::Host;

/// A kind of host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Setup {
    /// 2 workers, one TCP listener.
    Plain,
    ManyWorkers,
    Reuseport,
    UnixAndIpv6,
    Tls,
    Cache,
    /// nginx and the run are a user's own, the directory of the pid file too.
    OwnUser,
    /// The path leads through two symlinks.
    Symlink,
    /// argv[0] is relative.
    Relative,
}

impl Setup {
    pub(crate) const ALL: [Self; 9] = [
        Self::Plain,
        Self::ManyWorkers,
        Self::Reuseport,
        Self::UnixAndIpv6,
        Self::Tls,
        Self::Cache,
        Self::OwnUser,
        Self::Symlink,
        Self::Relative,
    ];

    /// Such a host, on which 1.22.1 runs.
    pub(crate) fn host(self) -> Host {
        const OLD: &str = "1.22.1";
        let with = |change: fn(&mut Config)| Host::new().with(change).running(OLD);
        match self {
            Self::Plain => with(|_| {}),
            Self::ManyWorkers => with(|config| config.workers = 32),
            Self::Reuseport => with(|config| (config.workers, config.reuseport) = (4, true)),
            Self::UnixAndIpv6 => with(|config| config.listen(["[::]:81", "unix:{root}/run/www.sock"])),
            Self::Tls => with(|config| config.listen(["443 ssl http2"])),
            Self::Cache => with(|config| config.cache = true),
            Self::OwnUser => Host::new().owned_by(33).running(OLD),
            Self::Symlink => {
                let host = Host::new();
                started_at(&host, "/opt/nginx/1.22/nginx");
                symlink(&host, "/opt/nginx/1.22/nginx", "/etc/alternatives/nginx");
                symlink(&host, "/etc/alternatives/nginx", "/usr/sbin/nginx");
                host.start();
                host
            }
            Self::Relative => {
                let host = Host::new().started_as("./sbin/nginx").started_in("/opt/nginx");
                started_at(&host, "/opt/nginx/sbin/nginx");
                host.start();
                host
            }
        }
    }
}

fn started_at(host: &Host, path: &str) {
    host.install_at("1.22.1", path);
    host.write_config();
}

fn symlink(host: &Host, names: &str, at: &str) {
    let at = host.path(at);
    std::fs::create_dir_all(at.parent().expect("its directory")).expect("make the directory");
    std::os::unix::fs::symlink(names, at).expect("make a symlink");
}

impl fmt::Display for Setup {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Self::Plain => "plain",
            Self::ManyWorkers => "32 workers",
            Self::Reuseport => "reuseport",
            Self::UnixAndIpv6 => "unix, IPv6",
            Self::Tls => "TLS",
            Self::Cache => "proxy_cache",
            Self::OwnUser => "own user",
            Self::Symlink => "symlink",
            Self::Relative => "relative",
        })
    }
}
