//! One line of an error.log: time, level, process and message.

use super::printable;

/// Longer lines are cut (nginx itself writes at most `NGX_MAX_ERROR_STR` bytes, 2,048).
pub const MOST_CHARACTERS: usize = 2048;

/// A level of nginx's log, the gravest first (`src/core/ngx_log.c`, `err_levels`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are nginx's own")]
pub enum Level {
    Emerg,
    Alert,
    Crit,
    Error,
    Warn,
    Notice,
    Info,
    Debug,
}

/// One line, taken apart as far as it is nginx's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// `2026/11/23 14:50:02`, the host's local time; lines written before the log is open have none.
    pub time: Option<String>,
    /// What nginx calls the gravity; raw lines of the dynamic loader have none.
    pub level: Option<Level>,
    /// The process that wrote it.
    pub pid: Option<i32>,
    /// The rest, fit for a terminal.
    pub message: String,
}

/// Reads one line. Any bytes are a line: what is not nginx's form is all message.
#[must_use]
pub fn parse(bytes: &[u8]) -> Line {
    let text = String::from_utf8_lossy(bytes.get(..4 * MOST_CHARACTERS).unwrap_or(bytes));
    let text = text.trim_end_matches(['\r', '\n']);
    let (time, rest) = take_time(text);
    let (level, rest) = take_level(rest.strip_prefix("nginx: ").unwrap_or(rest));
    let (pid, rest) = if level.is_some() { take_pid(rest) } else { (None, rest) };
    Line { time: time.map(str::to_owned), level, pid, message: printable(rest, MOST_CHARACTERS) }
}

fn take_time(text: &str) -> (Option<&str>, &str) {
    const SHAPE: &str = "0000/00/00 00:00:00";
    match text.split_at_checked(SHAPE.len()) {
        Some((time, rest)) if same_shape(time, SHAPE) => (Some(time), rest.trim_start()),
        _ => (None, text),
    }
}

fn same_shape(text: &str, shape: &str) -> bool {
    text.bytes().zip(shape.bytes()).all(|(t, s)| if s == b'0' { t.is_ascii_digit() } else { t == s })
}

fn take_level(text: &str) -> (Option<Level>, &str) {
    let found = text.strip_prefix('[').and_then(|inner| inner.split_once(']'));
    match found.and_then(|(name, rest)| Some((level(name)?, rest))) {
        Some((level, rest)) => (Some(level), rest.trim_start()),
        None => (None, text),
    }
}

fn level(name: &str) -> Option<Level> {
    Some(match name {
        "emerg" => Level::Emerg,
        "alert" => Level::Alert,
        "crit" => Level::Crit,
        "error" => Level::Error,
        "warn" => Level::Warn,
        "notice" => Level::Notice,
        "info" => Level::Info,
        "debug" => Level::Debug,
        _ => return None,
    })
}

fn take_pid(text: &str) -> (Option<i32>, &str) {
    let found = text.split_once(": ").and_then(|(who, rest)| {
        let (pid, thread) = who.split_once('#')?;
        thread.bytes().all(|b| b.is_ascii_digit()).then_some(())?;
        Some((pid.parse().ok()?, rest))
    });
    found.map_or((None, text), |(pid, rest)| (Some(pid), rest))
}

#[cfg(test)]
mod tests {
    use super::{Level, parse};

    #[test]
    fn a_line_of_the_error_log_is_taken_apart() {
        let line = parse(
            b"2026/11/23 14:50:02 [alert] 812#812: worker process 9 exited on signal 11 (core dumped)\n",
        );
        assert_eq!(line.time.as_deref(), Some("2026/11/23 14:50:02"));
        assert_eq!(line.level, Some(Level::Alert));
        assert_eq!(line.pid, Some(812));
        assert_eq!(line.message, "worker process 9 exited on signal 11 (core dumped)");
    }

    #[test]
    fn a_line_without_a_time_keeps_its_level() {
        let line = parse(b"nginx: [emerg] unknown directive \"x\" in /etc/nginx/nginx.conf:3");
        assert_eq!((line.time, line.level, line.pid), (None, Some(Level::Emerg), None));
        assert_eq!(line.message, "unknown directive \"x\" in /etc/nginx/nginx.conf:3");
    }

    #[test]
    fn what_the_dynamic_loader_writes_is_all_message() {
        let line = parse(b"/usr/sbin/nginx: error while loading shared libraries: libx.so: cannot open");
        assert_eq!((line.time, line.level, line.pid), (None, None, None));
        assert!(line.message.contains("libx.so"));
    }

    #[test]
    fn no_bytes_of_a_client_reach_the_terminal_raw() {
        let line = parse(b"2026/11/23 14:50:02 [error] 9#9: *1 \"\x1b]0;owned\x07\" \xff\xfe");
        assert!(line.message.chars().all(|c| !c.is_control()), "{:?}", line.message);
    }

    #[test]
    fn an_endless_line_is_cut() {
        assert!(parse(&vec![b'a'; 1 << 20]).message.len() <= 4 * super::MOST_CHARACTERS);
    }
}
