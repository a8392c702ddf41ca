//! Untrusted bytes made fit for a terminal, a log line and JSON.

use std::fmt::Write;

/// `text` on one line: control characters, line separators and characters that turn the writing direction become
/// `\u{…}`, anything after `most` characters is cut and marked with `…`.
#[must_use]
pub fn printable(text: &str, most: usize) -> String {
    let mut shown = String::with_capacity(text.len().min(most));
    for (count, c) in text.chars().enumerate() {
        if count == most {
            shown.push('…');
            break;
        }
        if c == '\t' {
            shown.push(' ');
        } else if c.is_control() || turns_or_hides(c) {
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    shown
}

fn turns_or_hides(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn an_escape_sequence_does_not_reach_the_terminal() {
        assert_eq!(printable("a\x1b[31mred\nb", 40), "a\\u{1b}[31mred\\u{a}b");
        assert_eq!(printable("abc\u{202e}def", 40), "abc\\u{202e}def");
    }

    #[test]
    fn long_text_is_cut_and_marked() {
        assert_eq!(printable("abcdef", 3), "abc…");
        assert_eq!(printable("abc", 3), "abc");
    }
}
