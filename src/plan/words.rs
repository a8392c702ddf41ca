//! Words for messages: the closest spelling, lists, and short safe excerpts of what a file says.

/// The candidate that was probably meant, if one is close.
#[must_use]
pub fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > 64 {
        return None;
    }
    let plain = |text: &str| text.to_lowercase().replace('_', "-");
    let word = plain(word);
    let likeness = |candidate: &str| {
        let candidate = plain(candidate);
        if word.strip_prefix("sig") == Some(candidate.as_str()) {
            return 1.0;
        }
        strsim::normalized_damerau_levenshtein(&word, &candidate)
    };
    candidates
        .into_iter()
        .map(|candidate| (likeness(candidate), candidate))
        .filter(|(likeness, _)| *likeness >= 0.6)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// `` did you mean `x`? `` or else what is possible.
pub(super) fn suggestion(word: &str, what: &str, candidates: &[&str]) -> String {
    match closest(word, candidates.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None if candidates.is_empty() => format!("there are no {what}"),
        None => format!("{what}: {}", list(candidates)),
    }
}

/// `` `a`, `b`, `c` ``
pub(super) fn list(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{}`", excerpt(word))).collect::<Vec<_>>().join(", ")
}

/// The text without anything that a terminal would act on, cut where it is long.
pub(super) fn excerpt(text: &str) -> String {
    const MOST: usize = 60;
    let mut shown: String = text.chars().take(MOST).flat_map(visible).collect();
    if text.chars().nth(MOST).is_some() {
        shown.push('…');
    }
    shown
}

fn visible(c: char) -> Vec<char> {
    if acts_on_terminals(c) { c.escape_default().collect() } else { vec![c] }
}

/// Control characters, and those that turn the direction of text.
pub(super) fn acts_on_terminals(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::{closest, excerpt};

    #[test]
    fn the_closest_word_forgives_case_underscores_and_a_sig_prefix() {
        let words = ["USR2", "WINCH", "pid-file", "wait-for-workers"];
        assert_eq!(closest("SIGUSR2", words), Some("USR2"));
        assert_eq!(closest("winch", words), Some("WINCH"));
        assert_eq!(closest("pid_file", words), Some("pid-file"));
        assert_eq!(closest("wait-workers", words), Some("wait-for-workers"));
        assert_eq!(closest("banana", words), None);
    }

    #[test]
    fn an_excerpt_shows_escapes_instead_of_sending_them() {
        assert_eq!(excerpt("a\u{1b}[2Jb"), "a\\u{1b}[2Jb");
        assert_eq!(excerpt(&"x".repeat(100)).chars().count(), 61);
    }
}
