//! Scalars with a form of their own: durations, digests, URLs.

pub(crate) mod duration;
mod http_url;
mod sha256;

pub use http_url::HttpUrl;
pub use sha256::Sha256;
