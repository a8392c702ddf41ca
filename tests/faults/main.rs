//! The fault matrix on real nginx: every fault in every phase, under load. `make faults` runs all of it, `make test` a part.

#![expect(
    clippy::disallowed_methods,
    reason = "tests read the clock, sleep between two looks, and write files"
)]
#![expect(clippy::expect_used, clippy::panic, reason = "a helper that cannot go on fails the test")]
#![expect(clippy::print_stdout, reason = "the table is for people who wait for it")]

#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "what the tests of whole runs stand on; this one needs a part of it")]
mod support;

#[path = "../support/dice.rs"]
mod dice;

mod fault;
mod fuzz;
mod judge;
mod page;
mod phase;
mod setup;
mod strike;
mod table;
mod texts;

use std::time::{Duration, Instant};

use judge::Played;
use table::Row;

/// Plays rows one after the other, prints each, and gives what `judge` has against them.
fn play(rows: &[Row], judge: fn(&Played, &Row) -> Vec<String>) -> Vec<String> {
    println!("{:31}  {:12}  {:11}  exit  serves  path    harmed  seconds", "fault", "phase", "host");
    let mut wrong = Vec::new();
    for row in rows {
        let began = Instant::now();
        let played = Played::of(row);
        let faults = judge(&played, row);
        let mark = if faults.is_empty() { "" } else { "  WRONG" };
        println!("{}{mark}", played.line(row, began.elapsed()));
        for fault in &faults {
            println!("{fault}");
        }
        wrong.extend(faults);
    }
    wrong
}

/// Every tenth row and no more: what `make test` has time for.
#[test]
fn a_selection_ends_as_the_table_says() {
    let rows: Vec<Row> = table::rows().into_iter().step_by(10).collect();
    assert!(rows.len() >= 20, "{}", rows.len());
    let wrong = play(&rows, Played::faults_and_text);
    assert!(wrong.is_empty(), "{} wrong", wrong.len());
}

#[test]
#[ignore = "takes minutes: make faults"]
fn every_row_ends_as_the_table_says() {
    let only = std::env::var("FAULT").unwrap_or_default();
    let all = table::rows();
    let rows: Vec<Row> = all.iter().copied().filter(|row| row.name().contains(&only)).collect();
    assert!(only.is_empty() || !rows.is_empty(), "no row is called {only}");
    let began = Instant::now();
    let wrong = play(&rows, Played::faults_and_text);
    println!("{} rows in {:.0?}, {} wrong", rows.len(), began.elapsed(), wrong.len());
    assert!(wrong.is_empty(), "{} wrong", wrong.len());
    assert!(rows.len() < all.len() || all.len() >= 200, "{} rows", all.len());
    assert!(began.elapsed() < Duration::from_secs(3600), "the load of one row is bounded by an hour");
}

/// Any fault in any phase on any host: `SEED` is the first one, `SEEDS` how many.
#[test]
#[ignore = "takes minutes: make faults"]
fn drawn_rows_leave_nothing_over() {
    let [first, count] = dice::seeds(200);
    let rows: Vec<Row> = (first..first + count).map(table::drawn).collect();
    let wrong = play(&rows, Played::faults);
    println!("{} drawn rows, {} wrong", rows.len(), wrong.len());
    assert!(wrong.is_empty(), "{} wrong", wrong.len());
}

/// 50 stories; `make fuzz-way-back` plays more.
#[test]
fn strangers_in_the_way_back_change_nothing_of_its_end() {
    let wrong = fuzz::play(1, 50);
    assert!(wrong.is_empty(), "{} wrong", wrong.len());
}

/// `SEED` is the first one, `SEEDS` how many: one seed alone is played again with `SEED=17 SEEDS=1`.
#[test]
#[ignore = "takes minutes: make fuzz-way-back"]
fn strangers_in_five_hundred_ways_back() {
    let [first, count] = dice::seeds(500);
    let wrong = fuzz::play(first, count);
    assert!(wrong.is_empty(), "{} wrong", wrong.len());
}

/// A measurement and no judgement: how long clients meet a build that answers wrongly, by the standard plan.
#[test]
#[ignore = "a measurement: make faults"]
fn from_winch_to_the_verdict() {
    for (build, request) in [("faulty/answers-500", 0.0), ("faulty/hangs", 1_000.0)] {
        let took: Vec<[f64; 2]> = (0..9).map(|_| judge::from_winch(build)).collect();
        let median = |which: usize| {
            let mut all: Vec<f64> = took.iter().map(|both| both[which]).collect();
            all.sort_by(f64::total_cmp);
            all[all.len() / 2]
        };
        let (judged, over) = (median(0) - request, median(1));
        println!(
            "{build}: from WINCH {judged:.0} ms beyond the {request} ms of one request until it is judged, {over:.0} ms until \
             old serves alone again; medians of 9"
        );
    }
}
