//! `docs/journal.md` says what the code does: its records and events are compared with the types (its moves: `tests/moves.rs`).

use std::collections::BTreeSet;

use super::{Entry, keeps};
use crate::engine::Event;

const PAGE: &str = include_str!("../../docs/journal.md");

/// The rows of the table with this heading, cell by cell.
fn table(heading: &str) -> Vec<Vec<String>> {
    let rows = PAGE.lines().skip_while(|line| !line.starts_with(heading)).skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    rows.map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()).collect()
}

#[test]
fn every_record_has_a_row_that_says_whether_it_is_synced() {
    let rows = table("| record |");
    let names: Vec<String> = rows.iter().map(|row| row[0].trim_matches('`').to_owned()).collect();
    let schema_of =
        |entry: &Entry| serde_json::to_value(entry).unwrap()["record"].as_str().unwrap().to_owned();
    let entries = super::tests::one_of_each();
    assert_eq!(names, entries.iter().map(schema_of).collect::<Vec<_>>());
    for (row, entry) in rows.iter().zip(&entries) {
        assert!(row[2].starts_with("before it goes on") && entry.durable(), "{row:?}");
    }
}

#[test]
fn every_event_that_is_kept_is_named() {
    let text = PAGE.split("Events that are kept:").nth(1).unwrap().split('.').next().unwrap();
    let named: BTreeSet<String> = text.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    let of = |event: &Event| serde_json::to_value(event).unwrap()["event"].as_str().unwrap().to_owned();
    let kept = crate::engine::every_event().into_iter().filter(keeps);
    assert_eq!(named, kept.map(|event| of(&event)).collect());
}
