//! What a failed `-t` or `-T` says: the line that matters, and the file and line it points at.

use super::{log, printable};

/// Why a configuration test failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestFailure {
    /// nginx's own words, fit for a terminal, without `in FILE:LINE`.
    pub message: String,
    /// The configuration file and line that nginx names.
    pub place: Option<(String, u32)>,
}

/// Finds the reason in what a failed run wrote to standard error. The gravest nginx line counts; a build that did
/// not get that far (a missing library, a wrong option) has only a last line.
#[must_use]
pub fn parse(stderr: &[u8]) -> Option<TestFailure> {
    let lines: Vec<&[u8]> =
        stderr.split(|b| *b == b'\n').filter(|line| !line.trim_ascii().is_empty()).take(1000).collect();
    let reason = lines
        .iter()
        .map(|line| log::parse(line))
        .filter(|line| line.level.is_some_and(|level| level <= log::Level::Error))
        .min_by_key(|line| line.level)
        .map(|line| line.message)
        .or_else(|| lines.last().map(|line| log::parse(line).message))?;
    Some(split_place(&reason))
}

fn split_place(message: &str) -> TestFailure {
    let found = message.rsplit_once(" in ").and_then(|(words, place)| {
        let (file, line) = place.rsplit_once(':')?;
        Some((words, file, line.parse().ok()?))
    });
    match found {
        Some((words, file, line)) => {
            TestFailure { message: words.to_owned(), place: Some((printable(file, 4096), line)) }
        }
        None => TestFailure { message: message.to_owned(), place: None },
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn the_emerg_line_and_its_place_are_found() {
        let stderr = b"nginx: [warn] the \"user\" directive makes sense only in /etc/n.conf:1\n\
            nginx: [emerg] unknown directive \"http2\" in /etc/nginx/sites enabled/a.conf:12\n\
            nginx: configuration file /etc/nginx/nginx.conf test failed\n";
        let failure = parse(stderr).unwrap();
        assert_eq!(failure.message, "unknown directive \"http2\"");
        assert_eq!(failure.place, Some(("/etc/nginx/sites enabled/a.conf".to_owned(), 12)));
    }

    #[test]
    fn a_reason_without_a_place_is_kept_whole() {
        let failure = parse(b"nginx: invalid option: \"e\"\n").unwrap();
        assert_eq!((failure.message.as_str(), failure.place), ("invalid option: \"e\"", None));
    }

    #[test]
    fn silence_has_no_reason() {
        assert_eq!(parse(b" \n"), None);
    }
}
