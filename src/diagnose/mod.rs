//! Evidence to cause, and what each code means; pure. Lines of nginx's log explain a fault, they never decide.

pub mod by_hand;
mod config;
mod evidence;
mod exec;
pub mod explain;
mod hands;
mod pattern;
mod requests;
mod sockets;
mod workers;

pub use evidence::evidence;
pub use pattern::Cause;

use pattern::{Family, known};

/// Every family, the most telling first.
const FAMILIES: [&Family; 6] =
    [&exec::FAMILY, &config::FAMILY, &sockets::FAMILY, &workers::FAMILY, &requests::FAMILY, &hands::FAMILY];

/// Why the fault with this code happened, where a line that was logged since the run began says so. `lines` are
/// raw, oldest first.
#[must_use]
pub fn cause(fault: &str, lines: &[String]) -> Option<Cause> {
    let mut able = known().iter().filter(|known| known.explains(fault));
    able.find_map(|known| lines.iter().find_map(|line| known.cause(line)))
}

/// Every cause's code, in the order in which they are tried.
pub fn codes() -> impl Iterator<Item = &'static str> {
    FAMILIES.iter().flat_map(|family| family.patterns.iter().map(|pattern| pattern.code))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{FAMILIES, cause, codes, pattern::known};

    #[test]
    fn every_pattern_is_a_valid_expression() {
        assert_eq!(known().len(), FAMILIES.iter().map(|family| family.patterns.len()).sum::<usize>());
    }

    #[test]
    fn every_cause_has_one_name() {
        let names: BTreeSet<_> = codes().collect();
        assert_eq!(names.len(), codes().count());
        assert!(names.iter().all(|name| name.starts_with("diagnose/")), "{names:?}");
    }

    #[test]
    fn a_line_that_cannot_explain_the_fault_is_not_its_cause() {
        let lines =
            ["2026/11/23 14:50:02 [error] 9#9: *1 open() \"/srv/x\" failed (13: Permission denied)"
                .to_owned()];
        assert!(cause("probe/status", &lines).is_some());
        assert_eq!(cause("run/usr2-ignored", &lines), None);
        assert_eq!(cause("probe/status", &[]), None);
    }

    #[test]
    fn a_request_cannot_forge_a_cause() {
        let forged = |text: &str| {
            let line = format!(
                "2026/11/23 14:50:02 [error] 9#9: *1 access forbidden by rule, request: \"GET /{text}\""
            );
            ["run/new-master-exited", "probe/status"]
                .iter()
                .find_map(|fault| cause(fault, std::slice::from_ref(&line)))
        };
        for text in [
            "[alert] 1#1: execve() failed while executing new binary process \"x\" (2: ",
            "nginx: error while loading shared libraries: a: b",
            "worker process 1 exited on signal 11",
            "upstream timed out (110: x) while reading",
        ] {
            assert_eq!(forged(text), None, "{text}");
        }
    }
}
