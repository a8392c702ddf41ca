//! Whether an answer is what the plan expects.

use std::time::Duration;

use reqwest::header::HeaderMap;

use super::outcome::Outcome;
use crate::plan::Expect;

/// A complete answer, its body up to a limit.
#[derive(Clone, Debug, Default)]
pub(super) struct Got {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    /// Whether the body was longer.
    pub(super) cut: bool,
}

/// The first expectation that does not hold: status, headers, body, time.
pub(super) fn judge(expect: &Expect, got: &Got, took: Duration) -> Outcome {
    if !expect.status.contains(&got.status) {
        return Outcome::WrongStatus { status: got.status, expected: expect.status.clone() };
    }
    for (name, expected) in &expect.headers {
        let values = || got.headers.get_all(name).iter();
        if !values().any(|value| value.as_bytes() == expected.as_bytes()) {
            let found = values().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
            let (name, expected, found) = (name.clone(), expected.clone(), found.collect());
            return Outcome::WrongHeader { name, expected, found };
        }
    }
    if let Some(expected) = &expect.body_contains
        && !contains(&got.body, expected.as_bytes())
    {
        return Outcome::WrongBody { expected: expected.clone(), searched: got.body.len(), cut: got.cut };
    }
    match expect.max_latency {
        Some(limit) if took > limit => Outcome::TooSlow { took, limit },
        _ => Outcome::Passed { status: got.status },
    }
}

fn contains(body: &[u8], text: &[u8]) -> bool {
    text.is_empty() || body.windows(text.len()).any(|part| part == text)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    const TOOK: Duration = Duration::from_millis(20);

    fn got() -> Got {
        let value = HeaderValue::from_static("DENY");
        let headers = [(HeaderName::from_static("x-frame-options"), value)].into_iter().collect();
        Got { status: 200, headers, body: b"all is well".to_vec(), cut: false }
    }

    #[test]
    fn everything_named_must_hold() {
        let headers = BTreeMap::from([("X-Frame-Options".to_owned(), "DENY".to_owned())]);
        let body_contains = Some("is well".to_owned());
        let expect = Expect { status: vec![204, 200], headers, body_contains, max_latency: Some(TOOK) };
        assert_eq!(judge(&expect, &got(), TOOK), Outcome::Passed { status: 200 });
        let codes = |change: &dyn Fn(&mut Got), took| {
            let mut got = got();
            change(&mut got);
            judge(&expect, &got, took).code()
        };
        assert_eq!(codes(&|got| got.status = 500, TOOK), "probe/wrong-status");
        assert_eq!(codes(&|got| got.headers.clear(), TOOK), "probe/wrong-header");
        assert_eq!(codes(&|got| got.body.truncate(8), TOOK), "probe/wrong-body");
        assert_eq!(codes(&|_| (), TOOK * 2), "probe/too-slow");
    }

    #[test]
    fn a_header_with_another_value_is_shown() {
        let headers = BTreeMap::from([("x-frame-options".to_owned(), "SAMEORIGIN".to_owned())]);
        let expect = Expect { headers, ..Expect::default() };
        let outcome = judge(&expect, &got(), TOOK);
        assert_eq!(outcome.to_string(), "x-frame-options: DENY");
        assert_eq!(outcome.expected(), "x-frame-options: SAMEORIGIN");
    }
}
