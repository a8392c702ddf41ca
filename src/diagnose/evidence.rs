//! Which of the lines that were logged since the run began belong to a fault.

use std::collections::BTreeSet;

use super::pattern::known;
use crate::nginx::{
    log::{self, Level, Line},
    printable,
};

/// More lines than these are not shown.
const MOST_LINES: usize = 5;

/// Longer lines are cut.
const MOST_CHARACTERS: usize = 300;

/// At most five of `lines` (raw, oldest first), fit for a terminal: those that name a cause before those that are
/// only grave, in the order of the log, each once with the number of times it was written.
#[must_use]
pub fn evidence(lines: &[String]) -> Vec<String> {
    let mut kept: Vec<Kept> = Vec::new();
    for line in lines.iter().map(|line| log::parse(line.as_bytes())) {
        let telling = known().iter().any(|known| known.matches(&line));
        if !telling && line.level.is_none_or(|level| level > Level::Error) {
            continue;
        }
        let shape = shape(&line.message);
        match kept.iter_mut().find(|kept| kept.shape == shape) {
            Some(kept) => kept.times += 1,
            None => kept.push(Kept { line, shape, telling, times: 1 }),
        }
    }
    let mut places: Vec<usize> = (0..kept.len()).collect();
    places.sort_by_key(|&place| kept.get(place).map(|kept| !kept.telling));
    let shown: BTreeSet<usize> = places.into_iter().take(MOST_LINES).collect();
    shown.into_iter().filter_map(|place| kept.get(place)).map(Kept::text).collect()
}

struct Kept {
    line: Line,
    /// The message with every number alike: pids and connections differ between repetitions.
    shape: String,
    telling: bool,
    times: usize,
}

impl Kept {
    /// `error.log: [error] 945: *17 open() "…" failed (13: Permission denied) (3 times)`.
    fn text(&self) -> String {
        let level = self.line.level.map_or_else(String::new, |level| format!("[{level:?}] ").to_lowercase());
        let pid = self.line.pid.map_or_else(String::new, |pid| format!("{pid}: "));
        let message = printable(&self.line.message, MOST_CHARACTERS);
        let times = if self.times > 1 { format!(" ({} times)", self.times) } else { String::new() };
        format!("error.log: {level}{pid}{message}{times}")
    }
}

fn shape(message: &str) -> String {
    let mut shape = String::with_capacity(message.len());
    for c in message.chars() {
        match c {
            '0'..='9' if shape.ends_with('0') => {}
            '0'..='9' => shape.push('0'),
            c => shape.push(c),
        }
    }
    shape
}

#[cfg(test)]
mod tests {
    use super::evidence;

    fn shown(lines: &[&str]) -> Vec<String> {
        evidence(&lines.iter().map(|&line| line.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn grave_lines_and_lines_that_name_a_cause_are_kept_in_order() {
        let lines = [
            "2026/11/23 14:50:01 [notice] 812#812: signal 17 (SIGCHLD) received from 950",
            "/usr/sbin/nginx: error while loading shared libraries: libx.so: cannot open shared object file",
            "2026/11/23 14:50:02 [warn] 950#950: conflicting server name",
            "2026/11/23 14:50:02 [crit] 950#950: something else",
        ];
        assert_eq!(
            shown(&lines),
            [
                "error.log: /usr/sbin/nginx: error while loading shared libraries: libx.so: cannot open shared object file",
                "error.log: [crit] 950: something else",
            ]
        );
    }

    #[test]
    fn repetitions_are_counted_not_shown() {
        let bind =
            "2026/11/23 14:50:02 [emerg] 950#950: bind() to 0.0.0.0:80 failed (98: Address already in use)";
        assert_eq!(
            shown(&[bind; 5]),
            ["error.log: [emerg] 950: bind() to 0.0.0.0:80 failed (98: Address already in use) (5 times)"]
        );
        let crash =
            |pid: &str| format!("2026/11/23 14:50:02 [alert] 9#9: worker process {pid} exited on signal 11");
        assert_eq!(shown(&[&crash("951"), &crash("1002")]).len(), 1);
    }

    #[test]
    fn a_line_that_names_a_cause_is_not_pushed_out_by_grave_noise() {
        let noise: Vec<String> =
            ('a'..='j').map(|c| format!("2026/11/23 14:50:02 [error] 9#9: client trouble {c}")).collect();
        let mut lines: Vec<&str> = noise.iter().map(String::as_str).collect();
        lines.push("2026/11/23 14:50:02 [alert] 9#9: worker process 10 exited on signal 11");
        let shown = shown(&lines);
        assert_eq!(shown.len(), 5);
        assert!(shown.iter().any(|line| line.contains("signal 11")), "{shown:?}");
    }

    #[test]
    fn a_client_cannot_write_to_the_terminal_through_the_log() {
        let lines = shown(&["2026/11/23 14:50:02 [error] 9#9: *1 \"\x1b]0;owned\x07\u{202e}\""]);
        assert!(
            lines.iter().all(|line| line.chars().all(|c| !c.is_control() && c != '\u{202e}')),
            "{lines:?}"
        );
    }
}
