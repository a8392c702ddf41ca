//! The values of secret inputs: whatever is shown or written is cleared of them.

use std::{collections::BTreeSet, fmt};

use percent_encoding::percent_decode_str;
use reqwest::Url;

use crate::nginx::printable;

/// How much of a value at the end of a cut text is taken for its beginning.
const BEGINNING: usize = 4;

/// The values of the secret inputs of a plan.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets {
    /// What must not be seen, the longest first, and what stands there instead.
    forms: Vec<(String, String)>,
}

impl Secrets {
    /// Of these names and values.
    pub(super) fn new<'a>(inputs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let of_one = |(name, value): (&str, &str)| {
            let shown = format!("${{{name}}}");
            forms(value).into_iter().map(move |form| (form, shown.clone()))
        };
        let mut forms: Vec<_> = inputs.into_iter().flat_map(of_one).collect();
        forms.sort_by_key(|(form, _)| std::cmp::Reverse(form.len()));
        Self { forms }
    }

    /// Puts `${name}` in the place of every value, and of the beginning of one where the text was cut.
    pub fn hide(&self, text: &mut String) {
        for (form, shown) in &self.forms {
            if text.contains(form) {
                *text = text.replace(form, shown);
            }
        }
        let uncut = text.trim_end_matches('…');
        let begun = |form: &str| {
            let beginnings = (BEGINNING..form.len()).rev().filter_map(|length| form.get(..length));
            beginnings.into_iter().find(|begun| uncut.ends_with(begun)).map(str::len)
        };
        if let Some((length, shown)) = self.forms.iter().find_map(|(form, shown)| Some((begun(form)?, shown)))
        {
            let end = uncut.len();
            text.replace_range(end - length..end, shown);
        }
    }

    /// The same text without them.
    #[must_use]
    pub fn hidden(&self, text: &str) -> String {
        let mut text = text.to_owned();
        self.hide(&mut text);
        text
    }
}

/// The value as it is, as output escapes it, as it stands in the path and in the query of a URL, and as a server that
/// decodes it would log it.
fn forms(value: &str) -> BTreeSet<String> {
    const BASE: &str = "http://h/";
    let in_url = |before: &str| {
        let url = Url::parse(&format!("{BASE}{before}{value}")).ok()?;
        url.as_str().strip_prefix(BASE)?.strip_prefix(before).map(str::to_owned)
    };
    let decoded = percent_decode_str(value).decode_utf8_lossy();
    let escaped = [value, &*decoded].map(|it| [it.escape_debug().to_string(), printable(it, usize::MAX)]);
    let all =
        [value.to_owned(), decoded.clone().into_owned()].into_iter().chain(escaped.into_iter().flatten());
    let all = all.chain(in_url("")).chain(in_url("?"));
    all.filter(|form| !form.is_empty()).collect()
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::Secrets;

    fn hidden(value: &str, text: &str) -> String {
        Secrets::new([("token", value)]).hidden(text)
    }

    #[test]
    fn a_value_is_hidden_wherever_it_stands_and_however_it_is_escaped() {
        assert_eq!(hidden("abc", "abc and xabcx"), "${token} and x${token}x");
        assert_eq!(
            hidden("a \"b\"", "a \\\"b\\\" /?t=a%20%22b%22 /a%20%22b%22"),
            "${token} /?t=${token} /${token}"
        );
        assert_eq!(hidden("a\u{1b}b", "a\\u{1b}b"), "${token}");
        assert_eq!(
            hidden("a%2Fb", "open() /srv/a/b failed, GET /a%2Fb"),
            "open() /srv/${token} failed, GET /${token}"
        );
        assert_eq!(hidden("", "nothing to hide"), "nothing to hide");
    }

    #[test]
    fn the_beginning_of_a_value_is_hidden_where_the_text_was_cut() {
        assert_eq!(hidden("correct horse", "x: correct ho…"), "x: ${token}…");
        assert_eq!(hidden("correct horse", "x: corr"), "x: ${token}");
        assert_eq!(hidden("correct horse", "not corr yet"), "not corr yet");
    }

    #[test]
    fn of_two_values_the_longer_one_is_hidden_first() {
        let secrets = Secrets::new([("short", "abcd"), ("long", "abcdefgh")]);
        assert_eq!(secrets.hidden("abcdefgh abcd"), "${long} ${short}");
    }

    #[test]
    fn secrets_do_not_show_themselves() {
        assert!(!format!("{:?}", Secrets::new([("token", "abcd")])).contains("abcd"));
    }
}
