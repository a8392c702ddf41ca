//! What a code means, for people: one with all its text, or all of them with their first sentences.

use super::{
    layout::{field, indented},
    style::Style,
};
use crate::diagnose::explain::{Explanation, Room};

/// One code.
#[must_use]
pub fn explained(style: Style, text: &Explanation) -> Vec<String> {
    let mut lines = vec![style.strong(text.code), String::new()];
    for (name, part) in [("means", &text.means), ("why", &text.why), ("do", &text.todo)] {
        lines.extend(field(style, name, part));
    }
    lines
}

/// All codes by room, each with its first sentence.
#[must_use]
pub fn listed(style: Style, rooms: &[Room]) -> Vec<String> {
    let mut lines = Vec::new();
    for room in rooms {
        lines.push(style.strong(room.name));
        lines.extend(indented(style, 0, 0, "", room.about));
        for text in &room.codes {
            let first = text.means.split_inclusive(". ").next().unwrap_or_default().trim_end();
            lines.push(format!("  {}", text.code));
            lines.extend(indented(style, 6, 0, "", first));
        }
        lines.push(String::new());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{explained, listed};
    use crate::{diagnose::explain, report::Style};

    const PLAIN: Style = Style { color: false, unicode: true, live: false, width: 80 };

    #[test]
    fn one_code_says_what_it_means_why_it_matters_and_what_to_do() {
        let text = explain::find("preflight/daemon-off").unwrap();
        insta::assert_snapshot!(explained(PLAIN, &text).join("\n"), @r"
        preflight/daemon-off

          means     Descriptors 0 and 1 of the master are not the `/dev/null` that
                    nginx opens when it becomes a daemon. The run is refused.
          why       With `daemon off` nginx takes itself for a new binary whose old one
                    still lives, and ignores USR2 and WINCH.
          do        Start it with `daemon on`, under systemd with `Type=forking` and a
                    `PIDFile`.
        ");
    }

    #[test]
    fn the_list_names_every_code_whole_also_on_a_narrow_terminal() {
        for width in [20, 80] {
            let lines = listed(Style { width, ..PLAIN }, &explain::rooms());
            for text in explain::all() {
                let found = lines.iter().any(|line| line.split_whitespace().next() == Some(text.code));
                assert!(found, "{} at {width}", text.code);
            }
        }
    }
}
