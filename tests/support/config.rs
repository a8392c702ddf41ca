//! The nginx configuration of a test host.

use std::fmt::Write as _;
use std::path::Path;

use super::certificates::Certificate;

/// What a test may turn on a host's nginx.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each turns on one thing")]
pub(crate) struct Config {
    /// The instance: in the names of its pid file and its configuration file.
    pub(crate) name: &'static str,
    pub(crate) port: u16,
    pub(crate) workers: usize,
    pub(crate) reuseport: bool,
    pub(crate) ipv6: bool,
    pub(crate) daemon: bool,
    /// Whether `/cached` is answered from a `proxy_cache`: a cache manager and a loader run too.
    pub(crate) cache: bool,
    /// From which level on the error log has lines.
    pub(crate) log_level: &'static str,
    /// More listeners, each in a `server` of its own.
    pub(crate) listeners: Vec<Listener>,
    /// Extra directives of the main block.
    pub(crate) main: String,
    /// Extra directives of `http`.
    pub(crate) http: String,
    /// Extra directives of the first `server`.
    pub(crate) server: String,
}

/// A `listen` directive beside the first one; its `server` has `/healthz` too.
#[derive(Debug, Clone)]
pub(crate) struct Listener {
    /// What follows `listen`, such as `443 ssl http2` or `unix:{root}/run/web.sock`.
    pub(crate) listen: String,
    /// What it shows where it speaks TLS.
    pub(crate) certificate: Certificate,
}

impl Listener {
    /// With the good certificate. `{root}` stands for the host's root. All builds understand:
    /// `443 ssl http2`, `81 http2` (h2c), `82 deferred`, `83 proxy_protocol`, `84 reuseport`, `[::]:80`, `unix:PATH`.
    pub(crate) fn new(listen: &str) -> Self {
        Self { listen: listen.to_owned(), certificate: Certificate::Good }
    }

    fn is_tls(&self) -> bool {
        self.listen.split(' ').any(|option| option == "ssl")
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            name: "nginx",
            port: 80,
            workers: 2,
            reuseport: false,
            ipv6: false,
            daemon: true,
            cache: false,
            log_level: "error",
            listeners: Vec::new(),
            main: String::new(),
            http: String::new(),
            server: String::new(),
        }
    }
}

/// Says who answered, and whom it answered.
const HEALTH: &str = r#"location = /healthz {
            add_header X-Pid $pid always;
            add_header X-Version $nginx_version always;
            add_header X-Address $remote_addr always;
            return 200 "ok\n";
        }"#;

impl Config {
    /// Adds listeners, as [`Listener::new`] takes them.
    pub(crate) fn listen<const N: usize>(&mut self, listeners: [&str; N]) {
        self.listeners.extend(listeners.map(Listener::new));
    }

    /// Whether any listener needs certificates.
    pub(crate) fn speaks_tls(&self) -> bool {
        self.listeners.iter().any(Listener::is_tls)
    }

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
        let (cache, cached) = if self.cache { self.cache_directives(root) } else { Default::default() };
        let servers: String = self.listeners.iter().map(|listener| listener.server(root)).collect();
        let Self { name, workers, log_level, main, http, server, .. } = self;
        format!(
            r"user www-data;
worker_processes {workers};
pid {root}/run/{name}.pid;
error_log {root}/var/log/nginx/error.log {log_level};
{daemon}
{main}
events {{ worker_connections 1024; }}
http {{
    access_log off;
    {temp}
    {cache}
    {http}
    server {{
        {listen}
        {server}
        {cached}
        {HEALTH}
    }}
    {servers}
}}
"
        )
    }

    /// For `http` and for the first `server`.
    fn cache_directives(&self, root: &str) -> (String, String) {
        let zone = format!("proxy_cache_path {root}/var/lib/nginx/cache keys_zone=cached:1m;");
        let upstream = format!("proxy_cache cached; proxy_pass http://127.0.0.1:{}/healthz;", self.port);
        // Who answers from the cache says so, not who answered when it was filled.
        let own = "proxy_hide_header X-Pid; add_header X-Pid $pid; \
                   proxy_hide_header X-Version; add_header X-Version $nginx_version;";
        (zone, format!("location = /cached {{ {upstream} {own} proxy_cache_valid 200 1m; }}"))
    }
}

impl Listener {
    fn server(&self, root: &str) -> String {
        let listen = self.listen.replace("{root}", root);
        let [certificate, key] = self.certificate.paths();
        let tls = if self.is_tls() {
            format!("ssl_certificate {root}{certificate}; ssl_certificate_key {root}{key};")
        } else {
            String::new()
        };
        let real = if self.listen.contains("proxy_protocol") {
            "real_ip_header proxy_protocol; set_real_ip_from 127.0.0.0/8; set_real_ip_from ::1; set_real_ip_from unix:;"
        } else {
            ""
        };
        // For probes that get no answer, where a test lets nobody answer there (`silent`).
        let silent = "location = /silent { proxy_pass http://127.0.0.1:8081; }";
        format!(
            "server {{\n        listen {listen};\n        {tls}\n        {real}\n        {silent}\n        {HEALTH}\n    }}\n    "
        )
    }
}
