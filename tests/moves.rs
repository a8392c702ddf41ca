//! Every move that a run can make is explored by the verifier with some plan, since one that none leads to is not proven; and
//! `docs/journal.md` says what each is taken for where nobody knows whether it was made.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot read a plan has failed")]

use std::path::{Path, PathBuf};

use changeover::plan::{Inputs, load};
use changeover::protocol::{Generation, Move, Signal};
use changeover::verify::verify_with;
use schemars::schema_for;
use serde_json::{Map, Value, json};

/// Every move that there is, with every signal, master and file: the enum's own schema has them, so a new one is here without
/// a word, and a new kind of field fails.
fn every_move() -> Vec<Move> {
    let schema = schema_for!(Move).to_value();
    let variants = schema["oneOf"].as_array().unwrap().iter();
    let moves = variants.flat_map(|variant| {
        let fields = variant["properties"].as_object().unwrap();
        fields.iter().fold(vec![Map::new()], |partial, (name, field)| {
            let values = values(&schema, field);
            let with = |one: &Map<String, Value>, value: &Value| {
                let mut one = one.clone();
                one.insert(name.clone(), value.clone());
                one
            };
            partial.iter().flat_map(|one| values.iter().map(move |value| with(one, value))).collect()
        })
    });
    moves.map(|one| serde_json::from_value(Value::Object(one)).unwrap()).collect()
}

/// Everything that a field of a move may hold. The unix path is the one that the exploration has.
fn values(schema: &Value, field: &Value) -> Vec<Value> {
    if let Some(name) = field["$ref"].as_str() {
        return values(schema, schema.pointer(name.trim_start_matches('#')).unwrap());
    }
    match field {
        one if one["const"].is_string() => vec![one["const"].clone()],
        some if some["enum"].is_array() => some["enum"].as_array().unwrap().clone(),
        each if each["oneOf"].is_array() => {
            each["oneOf"].as_array().unwrap().iter().flat_map(|one| values(schema, one)).collect()
        }
        path if path["type"] == "string" => vec![json!("/run/unix")],
        other => panic!("what may this hold: {other}"),
    }
}

/// Every plan of the project and of the tests that can be read.
fn plans() -> Vec<PathBuf> {
    let in_directory =
        |at: &Path| -> Vec<PathBuf> { at.read_dir().unwrap().flatten().map(|entry| entry.path()).collect() };
    let directories =
        in_directory(Path::new("tests/fixtures/plans")).into_iter().filter(|path| path.is_dir());
    let all = directories.chain([PathBuf::from("plans")]).flat_map(|at| in_directory(&at));
    all.filter(|path| path.extension().is_some_and(|it| it == "toml")).collect()
}

/// Who makes a move: a step (or recovery behind the commit record), and the way back. A new move is asked for here.
const fn made_by(what: &Move) -> (bool, bool) {
    use Generation::{New, Old};
    use Signal::{Hup, Quit, Term, Usr1, Winch};
    match what {
        // A plan may tell everybody everything; the way back has its rules (`docs/way-back.md`).
        Move::Signal { signal, to: Old } => (true, matches!(signal, Hup | Usr1 | Winch | Term)),
        Move::Signal { signal, to: New } => (true, matches!(signal, Hup | Quit | Term)),
        Move::OpenWindow | Move::Install => (true, false),
        // Before USR2, at commit and behind it; and on the way back.
        Move::WritePidFile { .. } | Move::UnlinkOldbin | Move::QuitStrays => (true, true),
        Move::ExchangeBack
        | Move::LinkUnixPath { .. }
        | Move::StubExec
        | Move::Reverse { .. }
        | Move::FreezeNew
        | Move::KillNewWorkers
        | Move::KillNewMaster
        | Move::KillStrays => (false, true),
    }
}

/// What the plans lead to is all there is: no move is explored by the tests of the model alone
/// (`src/protocol/nginx/ways_back.rs`), so none has to be excused here.
#[test]
fn every_move_of_a_step_and_of_the_way_back_is_explored_with_some_plan() {
    let (mut forward, mut back) = (Vec::new(), Vec::new());
    for plan in plans() {
        let Ok(loaded) = load("plan.toml", &std::fs::read(plan).unwrap(), &[], Inputs::Open) else {
            continue;
        };
        let report = verify_with(&loaded, 2);
        forward.extend(report.forward);
        back.extend(report.back);
    }
    let all = every_move();
    assert!(all.len() >= 27, "{all:?}");
    for what in all {
        assert_eq!((forward.contains(&what), back.contains(&what)), made_by(&what), "{what:?}");
    }
}

/// The rows of the table of moves, cell by cell.
fn rows() -> Vec<Vec<String>> {
    let page = std::fs::read_to_string("docs/journal.md").unwrap();
    let rows = page.lines().skip_while(|line| !line.starts_with("| move |")).skip(2);
    let cells = |row: &str| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
    rows.take_while(|line| line.starts_with('|')).map(cells).collect()
}

/// Whether a row is about this move.
fn is_about(row: &[String], what: &Move) -> bool {
    let Some((named, rest)) = row[0].trim_start_matches('`').split_once('`') else { return false };
    let Move::Signal { signal, to } = what else {
        return serde_json::to_value(what).unwrap()["move"] == named;
    };
    let old_only = rest.ends_with("to old");
    let signals: Vec<&str> = rest.trim_end_matches("to old").split([',', ' ']).collect();
    named == "signal"
        && signals.contains(&signal.to_string().as_str())
        && (!old_only || *to == Generation::Old)
}

#[test]
fn every_move_has_one_row_that_says_whether_it_counts_where_nobody_knows() {
    let rows = rows();
    for what in every_move() {
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
    assert!(rows.iter().all(|row| every_move().iter().any(|what| is_about(row, what))), "{rows:?}");
}
