//! Every move that a run can make is explored by the verifier with some plan: a move that none leads to is not proven.

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
