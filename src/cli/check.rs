//! `changeover check PLAN…`: what is wrong with plans, without a look at the host.

use std::{
    fs::File,
    io::{self, Read, Write},
    path::PathBuf,
};

use serde_json::{Value as Json, json};

use crate::plan::{self, Inputs, LARGEST, Loaded, Problems, Style};

/// What `check` is asked to do.
#[derive(Clone, Debug)]
pub struct Check {
    /// The plans.
    pub plans: Vec<PathBuf>,
    /// The names and values of `--set`.
    pub sets: Vec<(String, String)>,
    /// Whether the result is JSON.
    pub json: bool,
    /// How problems are drawn for people.
    pub style: Style,
}

/// Checks all plans; gives the highest of their exit codes: 0, 10 (malformed), 2 (cannot be read).
///
/// # Errors
///
/// When the result cannot be written.
pub fn check(asked: &Check, out: &mut impl Write, err: &mut impl Write) -> io::Result<u8> {
    let mut worst = 0;
    let mut reports = Vec::new();
    for path in &asked.plans {
        let name = path.display().to_string();
        let (code, report) = match read_plan(path) {
            Err(error) => {
                writeln!(err, "{name}: the plan cannot be read: {error}")?;
                (2, json!({ "file": name, "unreadable": error.to_string(), "problems": [], "findings": [] }))
            }
            Ok(bytes) => match plan::load(&name, &bytes, &asked.sets, Inputs::Open) {
                Ok(loaded) => {
                    if !asked.json {
                        writeln!(err, "{}", well_formed(&name, &loaded))?;
                    }
                    (0, report(&name, &loaded.unset, json!([])))
                }
                Err(problems) => {
                    if !asked.json {
                        tell(&problems, asked.style, err)?;
                    }
                    (10, report(&name, &[], json!(problems.report())))
                }
            },
        };
        worst = worst_of(worst, code);
        reports.push(report);
    }
    if asked.json {
        let whole = match reports.as_slice() {
            [one] => one.clone(),
            several => json!({ "files": several }),
        };
        writeln!(out, "{whole}")?;
    }
    Ok(worst)
}

/// Reads a plan, but no more of it than is needed to see that it is too large.
///
/// # Errors
///
/// When the file cannot be opened or read.
pub fn read_plan(path: &std::path::Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Writes all problems for people, and how many there are.
///
/// # Errors
///
/// When they cannot be written.
pub fn tell(problems: &Problems, style: Style, err: &mut impl Write) -> io::Result<()> {
    writeln!(err, "{}\n{problems}", problems.render(style))
}

fn well_formed(name: &str, loaded: &Loaded) -> String {
    let steps = loaded.plan.steps.len();
    let counted = format!("{name}: ok, {steps} {}", if steps == 1 { "step" } else { "steps" });
    match loaded.unset.as_slice() {
        [] => counted,
        unset => format!("{counted}; to be given with --set: {}", unset.join(", ")),
    }
}

fn report(name: &str, unset: &[String], problems: Json) -> Json {
    json!({ "file": name, "problems": problems, "findings": [], "unset": unset })
}

const fn worst_of(a: u8, b: u8) -> u8 {
    if a > b { a } else { b }
}
