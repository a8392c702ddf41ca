//! What Salt's `cmd.run` reads where a state is `stateful`: one JSON object, and nothing else on standard output.
//!
//! Salt takes the whole output as JSON, or else the last line as `key=value` words. The words break at every further
//! `=`, so only the object carries any text. `changed` and `comment` are Salt's; the other keys become the state's
//! changes, in Salt's form `{NAME: {old, new}}`.

use serde_json::json;

use super::{json::escaped, words};
use crate::engine::{Event, Record};

/// The versions before and after, as nginx says them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versions {
    /// What runs.
    pub old: String,
    /// What would run, or runs now.
    pub new: String,
}

/// The line of a state.
#[must_use]
pub fn salt_line(changed: bool, comment: &str, versions: Option<&Versions>) -> String {
    let mut line = json!({ "changed": changed, "comment": comment });
    if let Some(Versions { old, new }) = versions.filter(|_| changed) {
        line["nginx"] = json!({ "old": words::version(old), "new": words::version(new) });
    }
    escaped(&line.to_string())
}

/// Listens to a run until its verdict.
#[derive(Debug, Default)]
pub struct Salt {
    versions: Option<Versions>,
}

impl Salt {
    /// The line that a record leads to: the verdict has one, the other events are only remembered.
    pub fn event(&mut self, record: &Record) -> Option<String> {
        match &record.event {
            Event::Found { old, version, .. } => {
                let (old, new) =
                    (old.version.clone(), version.clone().unwrap_or_else(|| old.version.clone()));
                self.versions = Some(Versions { old, new });
                None
            }
            Event::Verdict(verdict) => {
                Some(salt_line(verdict.changed, &verdict.message, self.versions.as_ref()))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Versions, salt_line};

    fn versions() -> Versions {
        Versions { old: "nginx/1.22.1".into(), new: "nginx/1.26.3".into() }
    }

    #[test]
    fn what_changed_is_told_as_salt_tells_changes() {
        assert_eq!(
            salt_line(true, "committed; a=b 'c'", Some(&versions())),
            r#"{"changed":true,"comment":"committed; a=b 'c'","nginx":{"old":"1.22.1","new":"1.26.3"}}"#
        );
        assert_eq!(
            salt_line(false, "nothing to do", Some(&versions())),
            r#"{"changed":false,"comment":"nothing to do"}"#
        );
    }

    #[test]
    fn a_comment_cannot_reach_the_terminal_raw() {
        assert!(salt_line(true, "a\u{202e}\u{9b}2J\nb", None).is_ascii());
    }
}
