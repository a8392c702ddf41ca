//! `docs/journal.md` says what the code does: its tables are compared with the types.

use std::collections::BTreeSet;

use super::{Entry, keeps};
use crate::{
    engine::Event,
    protocol::{Generation, Move, OldFile, Signal},
};

const PAGE: &str = include_str!("../../docs/journal.md");

/// The rows of the table with this heading, cell by cell.
fn table(heading: &str) -> Vec<Vec<String>> {
    let rows = PAGE.lines().skip_while(|line| !line.starts_with(heading)).skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    rows.map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()).collect()
}

/// The name that JSON gives to a move.
fn name(what: &Move) -> String {
    serde_json::to_value(what).unwrap()["move"].as_str().unwrap().to_owned()
}

/// Every move. A new one does not compile until it stands here and on the page.
fn moves() -> Vec<Move> {
    let all = |what: Move| match what {
        Move::OpenWindow
        | Move::Install
        | Move::Signal { .. }
        | Move::ExchangeBack
        | Move::WritePidFile { .. }
        | Move::UnlinkOldbin
        | Move::LinkUnixPath { .. }
        | Move::StubExec
        | Move::Reverse { .. }
        | Move::FreezeNew
        | Move::KillNewWorkers
        | Move::KillNewMaster
        | Move::QuitStrays
        | Move::KillStrays => what,
    };
    let signals = Signal::ALL
        .into_iter()
        .flat_map(|signal| [Generation::Old, Generation::New].map(|to| Move::Signal { signal, to }));
    let others = [
        Move::OpenWindow,
        Move::Install,
        Move::ExchangeBack,
        Move::WritePidFile { names: Generation::Old },
        Move::UnlinkOldbin,
        Move::LinkUnixPath { path: "/run/a.sock".into() },
        Move::StubExec,
        Move::Reverse { file: OldFile::Found },
        Move::FreezeNew,
        Move::KillNewWorkers,
        Move::KillNewMaster,
        Move::QuitStrays,
        Move::KillStrays,
    ];
    others.into_iter().chain(signals).map(all).collect()
}

/// Whether a row of the page is about this move.
fn is_about(row: &[String], what: &Move) -> bool {
    let Some((named, rest)) = row[0].trim_start_matches('`').split_once('`') else { return false };
    let Move::Signal { signal, to } = what else { return named == name(what) };
    let old_only = rest.ends_with("to old");
    let signals: Vec<&str> = rest.trim_end_matches("to old").split([',', ' ']).collect();
    named == "signal"
        && signals.contains(&signal.to_string().as_str())
        && (!old_only || *to == Generation::Old)
}

#[test]
fn every_move_has_one_row_that_says_whether_it_counts_where_nobody_knows() {
    let rows = table("| move |");
    for what in moves() {
        let about: Vec<_> = rows.iter().filter(|row| is_about(row, &what)).collect();
        // What the runner never sends is nobody's: WINCH, HUP and USR2 to new are steps of plans, and are looked at again.
        let of_new = matches!(
            what,
            Move::Signal { signal: Signal::Winch | Signal::Hup | Signal::Usr2, to: Generation::New }
        );
        assert_eq!(about.len(), usize::from(!of_new), "{what:?}: {about:?}");
        if let Some(row) = about.first() {
            assert_eq!(row[2].starts_with("counts as made"), what.counts_when_unknown(), "{what:?}");
        }
    }
    assert!(rows.iter().all(|row| moves().iter().any(|what| is_about(row, what))), "{rows:?}");
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
