//! One event a line, for programs.

use std::fmt::Write;

use crate::{engine::Record, nginx::printable};

/// The record as one JSON line, without the line feed. Characters that a terminal would obey are `\u` escapes:
/// the text means the same and can be shown safely.
#[must_use]
pub fn json_line(record: &Record) -> String {
    serde_json::to_string(record).map_or_else(|error| failure(record.seq, &error), |line| escaped(&line))
}

/// Any other data for programs as one line, with the same escapes.
#[must_use]
pub fn json_text(value: &serde_json::Value) -> String {
    escaped(&value.to_string())
}

/// Cannot happen with the types that a record holds; said rather than lost.
fn failure(seq: u64, error: &serde_json::Error) -> String {
    serde_json::json!({ "seq": seq, "event": "unwritable", "error": error.to_string() }).to_string()
}

/// A JSON text in which no character is left that a terminal would obey.
pub(super) fn escaped(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    for c in line.chars() {
        if matches!(c, ' '..='~') || printable(c.encode_utf8(&mut [0; 4]), 1).starts_with(c) {
            shown.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(shown, "\\u{unit:04x}");
            }
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::json_line;
    use crate::{
        engine::{Event, Record},
        protocol::{Generation, Move, Signal},
    };

    fn record(event: Event) -> Record {
        Record { seq: 3, ms: 1.5, at: "2026-11-23T14:50:02Z".into(), event }
    }

    #[test]
    fn a_move_is_one_flat_object() {
        let move_made = Event::sent(Signal::Term, Generation::New, Some(944), true);
        assert_eq!(
            json_line(&record(move_made)),
            r#"{"seq":3,"ms":1.5,"at":"2026-11-23T14:50:02Z","event":"move-made","move":"signal","signal":"TERM","to":"new","pid":944,"way_back":true}"#
        );
        let window = Event::MoveMade { what: Move::OpenWindow, pid: None, way_back: false };
        assert!(json_line(&record(window)).contains(r#""move":"open-window""#));
    }

    #[test]
    fn text_keeps_its_meaning_and_cannot_reach_the_terminal_raw() {
        let reason = "a\u{202e}b\u{9b}2J\nc".to_owned();
        let line = json_line(&record(Event::NothingToDo { reason: reason.clone() }));
        assert!(line.is_ascii(), "{line}");
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read["reason"], reason);
    }
}
