//! The kinds of hosts that faults strike.

use std::fmt;
use std::path::Path;

use crate::support::config::Config;
use crate::support::host::{BINARY, Host};

/// What runs on all of them.
const OLD: &str = "1.22.1";

/// One way in which a host is not plain: 2 workers, one TCP listener, root's, an absolute path without symlinks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Trait {
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
    /// The error log has signals and who sent them.
    LogsNotices,
}

/// A kind of host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Setup {
    Plain,
    With(Trait),
    /// One of [`MIXED`].
    Mixed(usize),
}

const TRAITS: [Trait; 9] = [
    Trait::ManyWorkers,
    Trait::Reuseport,
    Trait::UnixAndIpv6,
    Trait::Tls,
    Trait::Cache,
    Trait::OwnUser,
    Trait::Symlink,
    Trait::Relative,
    Trait::LogsNotices,
];

/// Hosts with several traits at once: of any two traits one host has both, one only the first and one only the second.
const MIXED: [&[Trait]; 5] = {
    use Trait::{Cache, LogsNotices, ManyWorkers, OwnUser, Relative, Reuseport, Symlink, Tls, UnixAndIpv6};
    [
        &[ManyWorkers, Reuseport, UnixAndIpv6, Tls, Cache, OwnUser],
        &[ManyWorkers, Reuseport, UnixAndIpv6, Symlink, Relative, LogsNotices],
        &[ManyWorkers, Tls, Cache, Symlink, Relative],
        &[Reuseport, Tls, OwnUser, Symlink, LogsNotices],
        &[UnixAndIpv6, Cache, OwnUser, Relative, LogsNotices],
    ]
};

impl Setup {
    /// Every kind.
    pub(crate) fn all() -> Vec<Self> {
        let mixed = (0..MIXED.len()).map(Self::Mixed);
        [Self::Plain].into_iter().chain(TRAITS.map(Self::With)).chain(mixed).collect()
    }

    /// The traits of each mixed host, a line each.
    pub(crate) fn mixed() -> Vec<String> {
        let line = |number: usize| {
            let traits: Vec<String> = MIXED[number].iter().map(|it| Self::With(*it).to_string()).collect();
            format!("* {}: {}\n", Self::Mixed(number), traits.join("; "))
        };
        (0..MIXED.len()).map(line).collect()
    }

    fn has(self, what: Trait) -> bool {
        match self {
            Self::Plain => false,
            Self::With(only) => only == what,
            Self::Mixed(number) => MIXED[number].contains(&what),
        }
    }

    /// Such a host, on which 1.22.1 runs.
    pub(crate) fn host(self) -> Host {
        let mut host = Host::new().with(|config| self.configure(config));
        if self.has(Trait::OwnUser) {
            host = host.owned_by(33);
        }
        let mut path = BINARY;
        if self.has(Trait::Relative) {
            path = "/opt/nginx/sbin/nginx";
            host = host.started_as("./sbin/nginx").started_in("/opt/nginx");
        }
        if self.has(Trait::Symlink) {
            host.install_at(OLD, "/opt/1.22/nginx");
            symlink(&host, "/opt/1.22/nginx", "/etc/alternatives/nginx");
            symlink(&host, "/etc/alternatives/nginx", path);
        } else {
            host.install_at(OLD, path);
            let directory = Path::new(path).parent().expect("its directory");
            host.user.inspect(|user| host.give(&directory.to_string_lossy(), *user));
        }
        host.write_config();
        host.start();
        host
    }

    fn configure(self, config: &mut Config) {
        if self.has(Trait::ManyWorkers) {
            config.workers = 32;
        }
        if self.has(Trait::Reuseport) {
            config.reuseport = true;
        }
        if self.has(Trait::UnixAndIpv6) {
            config.listen(["[::]:8081", "unix:{root}/run/www.sock"]);
        }
        if self.has(Trait::Tls) {
            config.listen(["8443 ssl http2"]);
        }
        config.cache = self.has(Trait::Cache);
        if self.has(Trait::LogsNotices) {
            config.log_level = "notice";
        }
    }
}

fn symlink(host: &Host, names: &str, at: &str) {
    let directory = Path::new(at).parent().expect("its directory");
    std::fs::create_dir_all(host.path(&directory.to_string_lossy())).expect("make the directory");
    std::os::unix::fs::symlink(names, host.path(at)).expect("make a symlink");
    host.user.inspect(|user| host.give(&directory.to_string_lossy(), *user));
}

impl fmt::Display for Setup {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Self::Plain => "plain",
            Self::With(Trait::ManyWorkers) => "32 workers",
            Self::With(Trait::Reuseport) => "reuseport",
            Self::With(Trait::UnixAndIpv6) => "unix, IPv6",
            Self::With(Trait::Tls) => "TLS",
            Self::With(Trait::Cache) => "proxy_cache",
            Self::With(Trait::OwnUser) => "own user",
            Self::With(Trait::Symlink) => "symlink",
            Self::With(Trait::Relative) => "relative",
            Self::With(Trait::LogsNotices) => "notices",
            Self::Mixed(number) => ["mixed 1", "mixed 2", "mixed 3", "mixed 4", "mixed 5"][*number],
        })
    }
}

#[test]
fn of_any_two_traits_some_host_has_both_and_some_only_one_of_them() {
    let pairs = TRAITS.iter().flat_map(|one| TRAITS.iter().map(move |other| (*one, *other)));
    for (one, other) in pairs.filter(|(one, other)| one != other) {
        let is_there =
            |wanted| MIXED.iter().any(|host| (host.contains(&one), host.contains(&other)) == wanted);
        assert!(is_there((true, true)) && is_there((true, false)), "{one:?} and {other:?}");
    }
}
