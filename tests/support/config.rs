//! The nginx configuration of a test host.

use std::fmt::Write as _;
use std::path::Path;

/// What a test may turn on a host's nginx.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) port: u16,
    pub(crate) workers: usize,
    pub(crate) reuseport: bool,
    pub(crate) ipv6: bool,
    pub(crate) daemon: bool,
    /// Extra directives of the main block.
    pub(crate) main: String,
    /// Extra directives of `http`.
    pub(crate) http: String,
    /// Extra directives of the one `server`.
    pub(crate) server: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            port: 80,
            workers: 2,
            reuseport: false,
            ipv6: false,
            daemon: true,
            main: String::new(),
            http: String::new(),
            server: String::new(),
        }
    }
}

impl Config {
    /// The text of `nginx.conf` for a host whose root is `root` (`/` in a sandbox). `/healthz` says who answered.
    pub(crate) fn text(&self, root: &Path) -> String {
        let root = root.display().to_string();
        let root = root.trim_end_matches('/');
        let options = if self.reuseport { " reuseport" } else { "" };
        let mut listen = format!("listen {}{options};", self.port);
        if self.ipv6 {
            let _ = write!(listen, " listen [::]:{}{options};", self.port);
        }
        let daemon = if self.daemon { "" } else { "daemon off;" };
        let temp = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|name| format!("{name}_temp_path {root}/var/lib/nginx/{name};"))
            .join("\n    ");
        let Self { workers, main, http, server, .. } = self;
        format!(
            r#"user www-data;
worker_processes {workers};
pid {root}/run/nginx.pid;
error_log {root}/var/log/nginx/error.log;
{daemon}
{main}
events {{ worker_connections 1024; }}
http {{
    access_log off;
    {temp}
    {http}
    server {{
        {listen}
        {server}
        location = /healthz {{
            add_header X-Pid $pid always;
            add_header X-Version $nginx_version always;
            return 200 "ok\n";
        }}
    }}
}}
"#
        )
    }
}
