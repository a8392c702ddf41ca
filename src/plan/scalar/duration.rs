//! Lengths of time as text, such as `30s` or `1m 30s`; use as `#[serde(with = "duration")]`.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serializer, de::Error};

/// The longest that any wait of a plan may take.
pub(crate) const LONGEST: Duration = Duration::from_secs(30 * 24 * 3600);

/// The schema of a length of time that may be zero.
#[derive(JsonSchema)]
#[schemars(inline, transparent, extend("format" = "humantime-duration"), example = &"30s")]
pub(crate) struct Any(#[expect(dead_code, reason = "only its schema is used")] String);

/// The schema of a length of time above zero.
#[derive(JsonSchema)]
#[schemars(inline, transparent, extend("format" = "positive-humantime-duration"), example = &"30s")]
pub(crate) struct Positive(#[expect(dead_code, reason = "only its schema is used")] String);

/// Reads a length of time; the error says what is wrong with the text.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let length = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if length > LONGEST {
        return Err(format!("longer than {}", show(LONGEST)));
    }
    Ok(length)
}

/// As [`parse`], but zero is an error.
pub(crate) fn parse_positive(text: &str) -> Result<Duration, String> {
    match parse(text)? {
        Duration::ZERO => Err("must be longer than zero".to_owned()),
        length => Ok(length),
    }
}

/// The text that [`parse`] reads back as the same length.
#[must_use]
pub(crate) fn show(length: Duration) -> String {
    humantime::format_duration(length).to_string()
}

/// Reads a length of time that may be zero.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
}

/// Writes a length of time as text.
pub(crate) fn serialize<S: Serializer>(length: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&show(*length))
}

/// Lengths of time above zero: `#[serde(with = "duration::positive")]`.
pub(crate) mod positive {
    pub(crate) use super::serialize;
    use super::{Deserialize, Deserializer, Duration, Error, parse_positive};

    /// Reads a length of time above zero.
    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        parse_positive(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// Lengths of time above zero that may be missing: `#[serde(with = "duration::optional")]`.
pub(crate) mod optional {
    use super::{Deserializer, Duration, Serializer, positive, show};

    /// Reads a length of time above zero.
    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        positive::deserialize(deserializer).map(Some)
    }

    /// Writes a length of time as text.
    #[expect(clippy::ref_option, reason = "serde passes the field by reference")]
    pub(crate) fn serialize<S: Serializer>(
        length: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match length {
            Some(length) => serializer.serialize_str(&show(*length)),
            None => serializer.serialize_none(),
        }
    }
}
