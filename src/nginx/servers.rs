//! The `server` blocks of http: where each listens, what it is called, and where it tells about itself.

use super::{dump::Configuration, listen::Listen};

/// No more of them are looked at.
const MOST_SERVERS: usize = 1_000;

/// One `server`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Server {
    /// Its `listen` directives; none stands for the default of nginx.
    pub listens: Vec<Listen>,
    /// Its names that are plain host names: no patterns, no expressions.
    pub names: Vec<String>,
    /// The paths of its locations with `stub_status`.
    pub status_pages: Vec<String>,
}

/// Every `server`, in the order of the files.
#[must_use]
pub fn servers(configuration: &Configuration) -> Vec<Server> {
    let mut servers: Vec<Server> = Vec::new();
    let mut location = "";
    configuration.visit(|around, directive| {
        if around == ["http"] && directive.name == "server" && servers.len() < MOST_SERVERS {
            servers.push(Server::default());
        }
        let (["http", "server", ..], Some(server)) = (around, servers.last_mut()) else { return };
        match directive.name.as_str() {
            "listen" if around.len() == 2 => server.listens.extend(Listen::parse(directive)),
            "server_name" if around.len() == 2 => {
                server.names.extend(directive.args.iter().filter(|name| is_plain(name)).cloned());
            }
            "location" => location = path_of(&directive.args),
            "stub_status" if location.starts_with('/') => server.status_pages.push(location.to_owned()),
            _ => {}
        }
    });
    servers
}

/// The path that a location is for; an expression is for none.
fn path_of(args: &[String]) -> &str {
    match args {
        [path] => path,
        [modifier, path] if modifier == "=" || modifier == "^~" => path,
        _ => "",
    }
}

/// Whether a `server_name` is a host name that a client would ask for.
fn is_plain(name: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() < 64
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() < 254 && name.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::servers;
    use crate::nginx::dump::Configuration;

    #[test]
    fn servers_tell_their_listeners_names_and_status_pages() {
        let dump = "# configuration file /n.conf:\nhttp {\n\
            upstream u { server 127.0.0.1:1; }\n\
            server { listen 80; listen [::]:80; server_name _ *.a.net ~^b$ a.net www.a.net \"\" -c;\n\
              location = /nginx_status { stub_status; allow 127.0.0.1; } location ~ ^/x { stub_status; } }\n\
            server { listen unix:/run/b.sock; location /deep { location /deep/status { stub_status on; } } }\n\
            server { }\n}\nstream { server { listen 9; } }\n";
        let found = servers(&Configuration::parse(dump.as_bytes(), None).unwrap());
        assert_eq!(found.len(), 3);
        assert_eq!(found[0].listens.len(), 2);
        assert_eq!(found[0].names, ["a.net", "www.a.net"]);
        assert_eq!(found[0].status_pages, ["/nginx_status"]);
        assert_eq!(found[1].status_pages, ["/deep/status"]);
        assert_eq!((found[2].listens.len(), found[2].names.len()), (0, 0));
    }
}
