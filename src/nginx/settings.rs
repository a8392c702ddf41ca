//! The main directives that decide how a changeover goes, as a configuration sets them.

use super::dump::Configuration;

/// `worker_processes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkerProcesses {
    /// So many.
    Number(usize),
    /// As many as processors are online.
    Auto,
}

/// One `error_log` outside every block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorLog {
    /// A path (relative to the prefix), `stderr`, `syslog:…` or `memory:…`.
    pub target: String,
    /// The least grave level that is written; nginx's default is `error`.
    pub level: String,
}

/// The directives that make a cache manager run.
const CACHE_PATHS: [&str; 4] =
    ["proxy_cache_path", "fastcgi_cache_path", "uwsgi_cache_path", "scgi_cache_path"];

impl Configuration {
    /// How many workers a master starts; nginx's default is one.
    #[must_use]
    pub fn worker_processes(&self) -> WorkerProcesses {
        match self.value("worker_processes") {
            Some("auto") => WorkerProcesses::Auto,
            number => WorkerProcesses::Number(number.and_then(|text| text.parse().ok()).unwrap_or(1)),
        }
    }

    /// `user` and its group, if set.
    #[must_use]
    pub fn user(&self) -> Option<(&str, Option<&str>)> {
        let args = &self.main("user").last()?.args;
        Some((args.first()?, args.get(1).map(String::as_str)))
    }

    /// `pid`, if set.
    #[must_use]
    pub fn pid(&self) -> Option<&str> {
        self.value("pid")
    }

    /// `daemon`; nginx's default is on.
    #[must_use]
    pub fn daemon(&self) -> bool {
        self.value("daemon") != Some("off")
    }

    /// `master_process`; nginx's default is on.
    #[must_use]
    pub fn master_process(&self) -> bool {
        self.value("master_process") != Some("off")
    }

    /// `worker_shutdown_timeout`, if set: how long draining workers may take.
    #[must_use]
    pub fn worker_shutdown_timeout(&self) -> Option<&str> {
        self.value("worker_shutdown_timeout")
    }

    /// Every main `error_log`.
    #[must_use]
    pub fn error_logs(&self) -> Vec<ErrorLog> {
        let read = |args: &[String]| {
            let level = args.get(1).map_or("error", String::as_str);
            Some(ErrorLog { target: args.first()?.clone(), level: level.to_owned() })
        };
        self.main("error_log").iter().filter_map(|directive| read(&directive.args)).collect()
    }

    /// The words of every `env`: `NAME` is handed on, `NAME=VALUE` is set.
    #[must_use]
    pub fn env(&self) -> Vec<&str> {
        self.main("env")
            .into_iter()
            .filter_map(|directive| directive.args.first())
            .map(String::as_str)
            .collect()
    }

    /// `accept_mutex`: the workers take turns at accepting; nginx's default is off since 1.11.3.
    #[must_use]
    pub fn accept_mutex(&self) -> bool {
        let mut on = false;
        self.visit(|around, directive| {
            if around == ["events"] && directive.name == "accept_mutex" {
                on = directive.args.first().is_some_and(|word| word == "on");
            }
        });
        on
    }

    /// Whether a cache manager runs beside the workers.
    #[must_use]
    pub fn has_cache(&self) -> bool {
        let mut has = false;
        self.visit(|_, directive| has |= CACHE_PATHS.contains(&directive.name.as_str()));
        has
    }

    /// The first argument of a main directive. nginx refuses a second one ("is duplicate").
    fn value(&self, name: &str) -> Option<&str> {
        self.main(name).first().and_then(|directive| directive.args.first()).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::WorkerProcesses;
    use crate::nginx::dump::Configuration;

    fn read(text: &str, in_front: Option<&str>) -> Configuration {
        Configuration::parse(format!("# configuration file /n:\n{text}\n").as_bytes(), in_front).unwrap()
    }

    #[test]
    fn what_is_set_is_found() {
        let set = read(
            "user www-data adm; pid /run/n.pid; worker_processes auto; env A; env B=2; error_log /e info; error_log stderr;\
             worker_shutdown_timeout 5s; http { error_log /other; proxy_cache_path /c keys_zone=z:1m; }",
            Some("daemon off; master_process off;"),
        );
        assert_eq!(set.user(), Some(("www-data", Some("adm"))));
        assert_eq!(set.pid(), Some("/run/n.pid"));
        assert_eq!(set.worker_processes(), WorkerProcesses::Auto);
        assert_eq!(set.env(), ["A", "B=2"]);
        let logs: Vec<_> =
            set.error_logs().into_iter().map(|log| format!("{} {}", log.target, log.level)).collect();
        assert_eq!(logs, ["/e info", "stderr error"]);
        assert_eq!(set.worker_shutdown_timeout(), Some("5s"));
        assert!(set.has_cache() && !set.daemon() && !set.master_process());
        assert!(read("events { accept_mutex on; }", None).accept_mutex());
        assert!(!read("events { accept_mutex off; }", None).accept_mutex() && !set.accept_mutex());
    }

    #[test]
    fn what_is_not_set_is_nginx_s_default() {
        let plain = read("events {}", None);
        assert_eq!(plain.worker_processes(), WorkerProcesses::Number(1));
        assert!(plain.daemon() && plain.master_process() && !plain.has_cache());
        assert!(plain.user().is_none() && plain.pid().is_none() && plain.error_logs().is_empty());
    }
}
