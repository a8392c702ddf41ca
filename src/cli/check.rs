//! `changeover check PLAN…`: what is wrong with plans, without a look at any host.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::{Check, Format, inputs, output};
use crate::{
    engine::units,
    plan::{self, Loaded, Problems, Values},
    report::{facts, words},
    verify::{self, Crashes, Finding, Report},
};

/// Exit code 10: a plan is malformed.
const MALFORMED: u8 = 10;
/// Exit code 11: a plan is well formed and unsafe.
pub(super) const UNSAFE: u8 = 11;

/// Checks every plan; the highest of their exit codes.
pub(super) fn main(check: &Check) -> u8 {
    let human = check.output.format == Format::Human;
    let given = match check.inputs.read(&check.plans) {
        Ok(given) => given,
        Err(message) => {
            output::talk(&message);
            if !human {
                output::json(&json!({ "unreadable": message, "problems": [], "findings": [] }));
            }
            return output::USAGE;
        }
    };
    let mut worst = 0;
    let mut reports = Vec::new();
    for path in &check.plans {
        let name = inputs::name(path);
        let (code, report) = match inputs::read(path) {
            Ok(bytes) => look(&name, &bytes, given.values(), check),
            Err(error) => {
                output::talk(&format!("{name}: the plan cannot be read: {error}"));
                (
                    output::USAGE,
                    json!({ "file": name, "unreadable": error.to_string(), "problems": [], "findings": [] }),
                )
            }
        };
        worst = worst.max(code);
        reports.push(report);
    }
    if !human {
        output::json(&whole(reports));
    }
    worst
}

/// One plan: its exit code and what is told to machines. Inputs may be left open; all else is checked.
fn look(name: &str, bytes: &[u8], given: Values<'_>, check: &Check) -> (u8, Json) {
    let human = check.output.format == Format::Human;
    match plan::load(name, bytes, given, plan::Inputs::Open) {
        Ok(loaded) => {
            let report = verify::verify_with(&loaded, check.faults);
            let denied = check.deny_warnings && report.warnings().next().is_some();
            let refused = denied || report.errors().next().is_some();
            if human {
                let told: Vec<&Finding> = report.errors().chain(report.warnings()).collect();
                if !told.is_empty() {
                    output::talk(&drawn(&loaded, &told));
                }
                if !refused {
                    output::talk(&well_formed(name, &loaded, &report));
                }
                if check.facts {
                    for line in facts(output::style(), &report.facts, report.times) {
                        output::data(&line);
                    }
                    let (states, moves) = (units::count(report.states, "state"), moves(&report).len());
                    output::data(&format!("  explored  {states}, {moves} kinds of moves on the ways back"));
                    output::data(&format!("  crashes   {}", crashes(report.crashes)));
                }
            }
            let mut told = verified(name, &loaded, &report);
            if check.facts {
                told["facts"] = json!(report.facts);
                told["times"] = json!(report.times);
                told["moves"] = json!(moves(&report));
                told["crashes"] = json!(report.crashes);
            }
            (if refused { UNSAFE } else { 0 }, told)
        }
        Err(problems) => {
            if human {
                output::talk(&format!("{}\n{problems}", problems.render(output::plan_style())));
            }
            (MALFORMED, malformed(name, &problems))
        }
    }
}

/// Each move of the ways back, in words.
fn moves(report: &Report) -> BTreeSet<String> {
    report.back.iter().map(|what| words::movement(what, None)).collect()
}

/// Where the runner was killed and the host rebooted, in numbers.
fn crashes(crashes: Crashes) -> String {
    let Crashes { killed, rebooted, in_the_window } = crashes;
    let [runner, host] = [killed, rebooted].map(|places| units::count(places, "place"));
    format!("the runner at {runner}, the host at {host}, {in_the_window} of these in an exec window")
}

/// What makes a well-formed plan unsafe, for people.
pub(super) fn drawn(loaded: &Loaded, findings: &[&Finding]) -> String {
    let style = output::plan_style();
    let drawn = findings.iter().map(|finding| finding.render(&loaded.document, style));
    drawn.map(|text| text.trim_end().to_owned()).collect::<Vec<_>>().join("\n\n")
}

/// What JSON says of a well-formed plan.
fn verified(name: &str, loaded: &Loaded, report: &Report) -> Json {
    let findings: Vec<_> = report.findings.iter().map(|finding| finding.report(&loaded.document)).collect();
    let (states, unset) = (report.states, &loaded.unset);
    json!({ "file": name, "problems": [], "findings": findings, "states": states, "unset": unset })
}

/// What JSON says of a malformed plan.
fn malformed(name: &str, problems: &Problems) -> Json {
    json!({ "file": name, "problems": problems.report(), "findings": [] })
}

fn well_formed(name: &str, loaded: &Loaded, report: &Report) -> String {
    let mut counted = format!("{name}: ok, {}", units::count(loaded.plan.steps.len(), "step"));
    match report.warnings().count() {
        0 => {}
        warnings => counted = format!("{counted}, {}", units::count(warnings, "warning")),
    }
    match loaded.unset.as_slice() {
        [] => counted,
        unset => format!("{counted}; still to be given: {}", unset.join(", ")),
    }
}

/// One object: that of the only plan, or all of them under `files`.
fn whole(mut reports: Vec<Json>) -> Json {
    match reports.pop() {
        Some(only) if reports.is_empty() => only,
        last => {
            reports.extend(last);
            json!({ "files": reports })
        }
    }
}
