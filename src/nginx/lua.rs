//! Where a block of Lua code in an `OpenResty` configuration ends.

/// The length of Lua code up to and with the `}` that closes the block opened before it; `None` if none does. Braces in
/// strings and comments do not count.
pub(super) fn length_of_block(code: &str) -> Option<usize> {
    let bytes = code.as_bytes();
    let mut depth = 1_u32;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        at = match byte {
            b'"' | b'\'' => end_of_string(bytes, at)?,
            b'-' if bytes.get(at + 1) == Some(&b'-') => end_of_comment(code, at + 2)?,
            b'[' => long_bracket(code, at).map_or(Some(at + 1), |bracket| bracket.end(code))?,
            b'{' => {
                depth += 1;
                at + 1
            }
            b'}' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
                at + 1
            }
            _ => at + 1,
        };
    }
    None
}

fn end_of_string(bytes: &[u8], start: usize) -> Option<usize> {
    let quote = bytes.get(start)?;
    let mut at = start + 1;
    loop {
        match bytes.get(at)? {
            b'\\' => at += 2,
            byte if byte == quote => return Some(at + 1),
            _ => at += 1,
        }
    }
}

fn end_of_comment(code: &str, start: usize) -> Option<usize> {
    match long_bracket(code, start) {
        Some(bracket) => bracket.end(code),
        None => code.get(start..)?.find('\n').map(|end| start + end + 1),
    }
}

/// `[[…]]` or `[==[…]==]`: where its text begins, and what closes it.
struct LongBracket {
    text: usize,
    close: String,
}

fn long_bracket(code: &str, start: usize) -> Option<LongBracket> {
    let inner = code.get(start..)?.strip_prefix('[')?;
    let level = inner.bytes().take_while(|b| *b == b'=').count();
    inner
        .get(level..)?
        .starts_with('[')
        .then(|| LongBracket { text: start + level + 2, close: format!("]{}]", "=".repeat(level)) })
}

impl LongBracket {
    fn end(&self, code: &str) -> Option<usize> {
        code.get(self.text..)?.find(&self.close).map(|end| self.text + end + self.close.len())
    }
}

#[cfg(test)]
mod tests {
    use super::length_of_block;

    #[test]
    fn braces_in_strings_and_comments_do_not_count() {
        for code in [
            "}",
            "{ a = {} } }",
            "'}' \"\\\"}\" }",
            "-- }\n}",
            "--[[ } ]] }",
            "[==[ } ]] ]==] }",
            "t[1] = t[t[2]] }",
            "a - b }",
        ] {
            assert_eq!(length_of_block(&format!("{code} rest;")), Some(code.len()), "{code:?}");
        }
    }

    #[test]
    fn a_block_that_never_ends_is_told() {
        for code in ["", "{}", "'}", "\"\\", "[[ }", "-- }", "é'", "--[==[ }"] {
            assert_eq!(length_of_block(code), None, "{code:?}");
        }
    }
}
