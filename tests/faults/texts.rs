//! What a person reads when a row has failed: one text each, kept in `tests/faults/texts/` and compared.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::LazyLock;

use changeover::engine::Record;
use changeover::plan::{self, Inputs};
use changeover::report::{Human, PlanView, Style};
use regex::{Captures, Regex};
use serde_json::Value;

use crate::phase::{PLAN_FILE, Phase};
use crate::support::builds::project;
use crate::support::scene::Scene;
use crate::table::Row;

const STYLE: Style = Style { color: false, unicode: true, live: false, width: 80 };

/// Any number of milliseconds, seconds or minutes, as the texts have them.
static TIMES: LazyLock<Regex> = LazyLock::new(|| regex(r"\b\d+(\.\d+)?\s(ms|s|min|m)\b"));
static TIME_OF_DAY: LazyLock<Regex> = LazyLock::new(|| regex(r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d"));
static NUMBERS: LazyLock<Regex> = LazyLock::new(|| regex(r"\b\d+\b"));
/// The processes that a line of nginx's log names.
static LOGGED: LazyLock<Regex> =
    LazyLock::new(|| regex(r"\b(\d+)#\d+:|process (\d+)\b|worker (\d+)\b|from (\d+)\b"));

/// Where a sandbox begins to count its processes.
const PIDS: Range<u64> = 20_000..21_000;

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a pattern")
}

/// What was printed of the failure, with the same pids and times in every run; `None` of a run that did as it should.
pub(crate) fn of(scene: &Scene) -> Option<String> {
    if scene.run.exit() == 0 {
        return None;
    }
    let events: Vec<&Value> = scene.run.lines.iter().map(|line| &line.event).collect();
    let same = Same::of(&events);
    let text = scene.host.read(PLAN_FILE).expect("the plan");
    let values: [(String, String); 0] = [];
    let loaded = plan::load("fault.toml", text.as_bytes(), &values, Inputs::Open);
    let loaded = loaded.unwrap_or_else(|problems| panic!("{:?}", problems.list));
    let mut human = Human::new(STYLE, PlanView::of(&loaded.document, loaded.plan.steps.len()), true);
    let lines = events.into_iter().flat_map(|event| {
        let record: Record = serde_json::from_value(same.event(event)).expect("a record");
        human.event(&record)
    });
    let text: String = lines.flat_map(|line| [line, "\n".to_owned()]).collect();
    Some(text.trim_end().to_owned())
}

/// What differs from run to run, and what stands in its place.
struct Same {
    run: String,
    pids: BTreeMap<u64, u64>,
}

impl Same {
    const OLD: u64 = 812;
    const NEW: u64 = 944;
    const WORKER: u64 = 945;
    const TIME: f64 = 42.0;
    const RUN: &'static str = "01K0000000000";

    fn of(events: &[&Value]) -> Self {
        let mut pids = BTreeMap::new();
        for event in events {
            all_pids(event, &mut |pid| {
                pids.entry(pid).or_insert(Self::WORKER);
            });
        }
        let first = |name: &str, path: &str| {
            let event = events.iter().find(|event| event["event"] == name)?;
            event.pointer(path)?.as_u64()
        };
        pids.extend(first("found", "/old/pid").map(|pid| (pid, Self::OLD)));
        pids.extend(first("new-master", "/pid").map(|pid| (pid, Self::NEW)));
        let run = events.iter().find_map(|event| event["run"].as_str()).unwrap_or("no run").to_owned();
        Self { run, pids }
    }

    /// The same event of a run that all rows have in common.
    fn event(&self, event: &Value) -> Value {
        match event {
            Value::Object(all) => {
                // All of it happens at once, and then it ends.
                let began = all
                    .get("event")
                    .is_some_and(|name| name != "verdict")
                    .then(|| ("ms".to_owned(), 0.0.into()));
                all.iter().map(|(key, value)| (key.clone(), self.value(key, value))).chain(began).collect()
            }
            Value::Array(all) => all.iter().map(|value| self.event(value)).collect(),
            Value::String(text) => self.text(text).into(),
            other => other.clone(),
        }
    }

    fn value(&self, key: &str, value: &Value) -> Value {
        match (key, value) {
            ("pid", Value::Number(pid)) => pid.as_u64().and_then(|pid| self.pids.get(&pid)).copied().into(),
            (_, Value::Number(number)) if number.is_f64() => Self::TIME.into(),
            _ => self.event(value),
        }
    }

    fn text(&self, text: &str) -> String {
        let text = text.replace(&self.run, Self::RUN);
        let text = TIMES.replace_all(&text, "42 ms");
        let text = TIME_OF_DAY.replace_all(&text, "2026/11/26 12:00:00");
        let named = |found: &Captures<'_>| {
            let number: u64 = found[0].parse().unwrap_or_default();
            let unnamed = PIDS.contains(&number).then_some(Self::WORKER);
            let pid = self.pids.get(&number).copied().or(unnamed);
            pid.map_or_else(|| found[0].to_owned(), |pid| pid.to_string())
        };
        NUMBERS.replace_all(&text, named).into_owned()
    }
}

/// Tells every pid of an event: those under that name, and those in lines of nginx's log.
fn all_pids(event: &Value, tell: &mut dyn FnMut(u64)) {
    match event {
        Value::Object(all) => {
            for (key, value) in all {
                if let (true, Some(pid)) = (key == "pid", value.as_u64()) {
                    tell(pid);
                }
                all_pids(value, tell);
            }
        }
        Value::Array(all) => all.iter().for_each(|value| all_pids(value, tell)),
        Value::String(text) => {
            let pids = LOGGED
                .captures_iter(text)
                .filter_map(|found| found.iter().skip(1).flatten().next()?.as_str().parse().ok());
            pids.for_each(tell);
        }
        _ => {}
    }
}

/// What is not as the kept text of a row has it. With `CHANGEOVER_BLESS` it becomes the kept one.
pub(crate) fn differs(row: &Row, scene: &Scene) -> Option<String> {
    let text = of(scene)?;
    let mut kept = Kept::of(row);
    let name = section(row, scene.run.verdict()["diagnosis"]["code"].as_str().unwrap_or_default());
    let same = |was: &String| canonical(was, row) == canonical(&text, row);
    match kept.texts.get(&name) {
        Some(was) if same(was) => return None,
        // Of several permitted ends not each is met here.
        None if row.ends.code.contains('|') && std::env::var_os("CHANGEOVER_BLESS").is_none() => return None,
        _ => {}
    }
    if std::env::var_os("CHANGEOVER_BLESS").is_some() {
        kept.texts.insert(name, text);
        kept.write();
        return None;
    }
    let was = kept.texts.get(&name).map_or("nothing", String::as_str);
    Some(format!(
        "its text is\n{text}\nand was\n{was}\n(CHANGEOVER_BLESS=1 FAULT={:?} make faults)",
        row.name()
    ))
}

/// A text without what differs from run to run: the moves of the way back, as old may reap new before a look or after it;
/// whether a master that goes is seen to leave or to be gone; and in the milliseconds of the exec window, and where a row may
/// end in several ways, which step is in hand and whether new was seen to accept.
fn canonical(text: &str, row: &Row) -> String {
    static GOES: LazyLock<Regex> = LazyLock::new(|| regex(r"(exited|is leaving|is gone)\b"));
    static STEP: LazyLock<Regex> = LazyLock::new(|| regex(r"step \d+ `[a-z-]+`: "));
    static DONE: LazyLock<Regex> = LazyLock::new(|| regex(r" done .*? now "));
    static HARMED: LazyLock<Regex> =
        LazyLock::new(|| regex(r" harmed requests may have met new for at most 42 ms"));
    static TIMES: LazyLock<Regex> = LazyLock::new(|| regex(r"\(\d+ times\)"));
    let loose = row.phase == Phase::ExecWindow || row.ends.code.contains('|');
    // The plan stays, what is written below it is an observation.
    let observed = |line: &str| line.contains('·') || line.contains("╭─[") || line.starts_with("  observed");
    let drawn = |line: &str| loose && line.contains(['│', '╰']);
    let lines: Vec<&str> = text.lines().filter(|line| !observed(line) && !drawn(line)).collect();
    let words: Vec<&str> = lines.iter().flat_map(|line| line.split_whitespace()).collect();
    let text = words.join(" ");
    let text = GOES.replace_all(&text, "goes");
    let text = TIMES.replace_all(&text, "");
    let text = DONE.replace_all(&text, " done … now ");
    if !loose {
        return text.into_owned();
    }
    HARMED.replace_all(&STEP.replace_all(&text, ""), "").into_owned()
}

/// The text of a row that may end in several ways is one of several.
fn section(row: &Row, code: &str) -> String {
    let which = if row.ends.code.contains('|') { format!(", {code}") } else { String::new() };
    format!("{}, {}{which}", row.phase, row.setup)
}

/// The texts of one fault, by row.
struct Kept {
    file: PathBuf,
    texts: BTreeMap<String, String>,
}

impl Kept {
    const MARK: &'static str = "==== ";

    fn of(row: &Row) -> Self {
        let dashed = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
        let name: String = row.fault.to_string().chars().map(dashed).collect();
        let file = project().join("tests/faults/texts").join(format!("{name}.txt"));
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        let texts = text.split(Self::MARK).skip(1).filter_map(|part| part.split_once("\n\n"));
        let texts = texts.map(|(name, text)| (name.to_owned(), text.trim_end().to_owned())).collect();
        Self { file, texts }
    }

    fn write(&self) {
        let texts = self.texts.iter().map(|(name, text)| format!("{}{name}\n\n{text}\n\n", Self::MARK));
        let text: String = texts.collect();
        std::fs::write(&self.file, text.trim_end().to_owned() + "\n").expect("write the texts");
    }
}

/// Nothing is kept of rows that are not there, and each that fails has its text.
#[test]
fn every_row_that_fails_has_a_text_and_no_text_is_left_over() {
    let mut expected: BTreeMap<PathBuf, BTreeSet<String>> = BTreeMap::new();
    let rows = crate::table::rows();
    for row in rows.iter().filter(|row| row.ends.exit != 0) {
        let kept = Kept::of(row);
        let sections: BTreeSet<String> = row.ends.code.split('|').map(|code| section(row, code)).collect();
        let has = sections.iter().any(|name| kept.texts.contains_key(name));
        assert!(has, "{} has no text: CHANGEOVER_BLESS=1 make faults", row.name());
        expected.entry(kept.file).or_default().extend(sections);
    }
    for entry in project().join("tests/faults/texts").read_dir().expect("the texts").flatten() {
        let sections = expected.get(&entry.path());
        let row = rows.iter().find(|row| Kept::of(row).file == entry.path());
        let kept = row.map(|row| Kept::of(row).texts).unwrap_or_default();
        let over: Vec<&String> =
            kept.keys().filter(|name| sections.is_none_or(|all| !all.contains(*name))).collect();
        assert!(sections.is_some() && over.is_empty(), "{}: {over:?}", entry.path().display());
    }
}

/// Each text says what was expected, why or where that is explained, what is now and what to do.
#[test]
fn every_text_names_what_is_now_and_the_next_step() {
    let rows = crate::table::rows();
    let texts = rows
        .iter()
        .flat_map(|row| Kept::of(row).texts.into_iter().map(|(name, text)| (row.fault, name, text)));
    let mut seen = 0;
    for (fault, name, text) in texts {
        seen += 1;
        // A refusal names the finding, why it matters and what to do; nothing was touched.
        let refused = text.contains("nothing live was touched") && text.contains("× preflight/");
        let fields = if refused { ["  why  ", "  do  "] } else { ["  now  ", "  next  "] };
        for field in fields {
            assert!(text.contains(field), "{fault}, {name} has no{field}\n{text}");
        }
        // A person who asked it to stop needs no explanation.
        let asked = text.starts_with("run/interrupted");
        let why = ["  cause  ", "changeover explain "].iter().any(|why| text.contains(why));
        assert!(refused || asked || (text.contains("  expected  ") && why), "{fault}, {name}: why?\n{text}");
        let bare = |line: &str| line.trim_start_matches([' ', '×']).eq_ignore_ascii_case("timeout");
        assert!(!text.lines().any(bare), "{fault}, {name} is only a time-out\n{text}");
    }
    assert!(seen > 0);
}
