//! The URL of a probe.

use std::{fmt, str::FromStr};

use reqwest::Url;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An absolute `http` or `https` URL with a host and without user, password or fragment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(inline, with = "String", extend("format" = "http-url", "pattern" = "^[Hh][Tt][Tt][Pp][Ss]?://"), example = &"http://127.0.0.1/healthz")]
pub struct HttpUrl(Url);

impl HttpUrl {
    /// Whether TLS is spoken.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The name or address of the server, without the brackets of an IPv6 literal.
    #[must_use]
    pub fn host(&self) -> &str {
        let host = self.0.host_str().unwrap_or_default();
        host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
    }

    /// The URL in parts.
    #[must_use]
    pub const fn url(&self) -> &Url {
        &self.0
    }
}

impl FromStr for HttpUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = Url::parse(text).map_err(|error| error.to_string())?;
        match url.scheme() {
            "http" | "https" => {}
            other => return Err(format!("the scheme is `{other}`, only `http` and `https` can be probed")),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("user and password do not belong into a URL, use `headers`".to_owned());
        }
        if url.fragment().is_some() {
            return Err("a fragment (`#…`) is never sent to a server".to_owned());
        }
        Ok(Self(url))
    }
}

impl fmt::Display for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<String> for HttpUrl {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<HttpUrl> for String {
    fn from(url: HttpUrl) -> Self {
        url.0.into()
    }
}
