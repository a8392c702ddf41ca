//! The text of a pid file, read by nginx's own rules.

/// nginx reads no more than this of a pid file (`NGX_INT64_LEN + 2`, `ngx_signal_process`).
pub const MOST_BYTES: usize = 22;

/// Why a pid file names nobody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PidFileError {
    /// There is nothing in it: `nginx -t` creates such a file where there was none.
    #[error("the pid file is empty")]
    Empty,
    /// There is something else than one decimal number.
    #[error("the pid file holds {0:?} instead of a process number")]
    NoNumber(String),
}

/// The process that a pid file names (`src/core/ngx_cycle.c`, `ngx_signal_process`: digits only, any line ends
/// after them).
///
/// # Errors
/// When nginx itself would say `invalid PID number`, or the number is no process number.
pub fn parse(bytes: &[u8]) -> Result<i32, PidFileError> {
    let read = bytes.get(..MOST_BYTES).unwrap_or(bytes);
    let digits = read.trim_ascii_end();
    if digits.is_empty() {
        return Err(PidFileError::Empty);
    }
    let only_line_ends = read.iter().skip(digits.len()).all(|b| matches!(b, b'\r' | b'\n'));
    std::str::from_utf8(digits)
        .ok()
        .filter(|text| only_line_ends && text.bytes().all(|b| b.is_ascii_digit()))
        .and_then(|text| text.parse().ok())
        .filter(|pid| *pid > 0)
        .ok_or_else(|| PidFileError::NoNumber(super::printable(&String::from_utf8_lossy(read), MOST_BYTES)))
}

#[cfg(test)]
mod tests {
    use super::{PidFileError, parse};

    #[test]
    fn a_number_and_line_ends_name_a_process() {
        assert_eq!(parse(b"812\n"), Ok(812));
        assert_eq!(parse(b"812"), Ok(812));
        assert_eq!(parse(b"812\r\n\n"), Ok(812));
    }

    #[test]
    fn an_empty_file_is_told_apart_from_garbage() {
        assert_eq!(parse(b""), Err(PidFileError::Empty));
        assert_eq!(parse(b"\n"), Err(PidFileError::Empty));
        for garbage in [
            &b"x"[..],
            b" 812\n",
            b"812 \n",
            b"-1\n",
            b"0\n",
            b"99999999999999999999",
            b"8\x1b2",
            b"\xff\xfe",
        ] {
            assert!(matches!(parse(garbage), Err(PidFileError::NoNumber(_))), "{garbage:?}");
        }
    }
}
