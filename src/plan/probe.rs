//! `[probe.NAME]`: one HTTP request and what its answer must look like.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::scalar::{HttpUrl, duration};

/// One HTTP request and a verdict about its answer. Redirects are not followed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Probe {
    /// What is asked for: `http` or `https`.
    pub url: HttpUrl,
    /// The request method.
    #[serde(default)]
    pub method: Method,
    /// Headers of the request. `Host` comes from the URL unless it is given here (over HTTP/2 always).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 100))]
    pub headers: BTreeMap<String, String>,
    /// The body of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 65_536))]
    pub body: Option<String>,
    /// How long one request may take, from connecting to the last byte of the answer.
    #[serde(default = "one_second", with = "duration::positive")]
    #[schemars(with = "duration::Positive")]
    pub request_timeout: Duration,
    /// The address and port to connect to, whatever the URL's host resolves to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", extend("format" = "socket-address"), example = &"127.0.0.1:8080")]
    pub connect_to: Option<SocketAddr>,
    /// The listening unix socket to connect to, instead of an address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "absolute-path", "pattern" = "^/"), example = &"/run/nginx.sock")]
    pub unix_socket: Option<PathBuf>,
    /// Whether HTTP/2 is spoken: over `https` it must be agreed on, over `http` the server must know (h2c).
    #[serde(default)]
    pub http2: bool,
    /// Whether a PROXY protocol header (version 1) is sent first: for listeners with `proxy_protocol`.
    #[serde(default)]
    pub proxy_protocol: bool,
    /// How the server of an `https` URL proves who it is.
    #[serde(default, skip_serializing_if = "Tls::is_default")]
    pub tls: Tls,
    /// What a good answer looks like.
    #[serde(default)]
    pub expect: Expect,
}

const fn one_second() -> Duration {
    Duration::from_secs(1)
}

/// How the server of an `https` URL proves who it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Tls {
    /// A PEM file with the authorities that are trusted, instead of those of the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "absolute-path", "pattern" = "^/"), example = &"/etc/ssl/private-ca.pem")]
    pub ca_file: Option<PathBuf>,
    /// The name that is asked for (SNI) and that the certificate must have, instead of the URL's host.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(max = 253),
        regex(pattern = r"^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*$"),
        example = &"shop.example.com"
    )]
    pub server_name: Option<String>,
    /// Whether any certificate is good: for a server whose certificate does not matter.
    pub insecure: bool,
}

impl Tls {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// A request method.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "each is the method of that name")]
pub enum Method {
    #[default]
    Get,
    Head,
    Options,
    Post,
    Put,
}

impl Method {
    /// The method as HTTP spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Options => "OPTIONS",
            Self::Post => "POST",
            Self::Put => "PUT",
        }
    }
}

/// What a good answer looks like; everything named must hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Expect {
    /// The status codes that are good.
    #[schemars(length(min = 1, max = 100), inner(range(min = 100, max = 599)))]
    pub status: Vec<u16>,
    /// Headers that must be there with exactly this value. Names are compared without case.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 100))]
    pub headers: BTreeMap<String, String>,
    /// Text that must occur in the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 65_536))]
    pub body_contains: Option<String>,
    /// The longest that an answer may take to be good, from connecting to its last byte.
    #[serde(with = "duration::optional", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "duration::Positive")]
    pub max_latency: Option<Duration>,
}

impl Default for Expect {
    fn default() -> Self {
        Self { status: vec![200], headers: BTreeMap::new(), body_contains: None, max_latency: None }
    }
}
