//! `preview`: every check on the live host and every resolved value, but nothing is written.

use std::path::Path;

use serde_json::{Value as Json, json};

use super::{Preview as Asked, RunFormat, inputs, load::load, output, run, seal, state};
use crate::{
    engine::{NewFile, about},
    host::clock,
    plan::{Action, Loaded, Plan, Step},
    preflight::{self, Report, Seal},
    report::{Count, Finding, Found, Preview, PreviewStep, Value, facts, salt_line},
    run::millis,
};

/// Says what a run would do now; gives the exit code that it would refuse with, or 0.
pub(super) fn main(asked: &Asked) -> u8 {
    let (loaded, verified) = match load(&asked.plan) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let clock = clock::Clock::start();
    let report = match run::runtime() {
        Ok(runtime) => {
            let id = clock::run_id();
            let state = state::directory(None);
            let input =
                preflight::Input { plan: &loaded.plan, run: &id, state: state.as_deref(), stage: false };
            runtime.block_on(preflight::run(&input))
        }
        Err(exit) => return exit,
    };
    let preview = preview(&loaded, &report, millis(clock.elapsed()));
    let unsealed = asked.seal.as_deref().and_then(|file| seal(file, &loaded, &report).err());
    if let Some(why) = &unsealed {
        output::talk(why);
    }
    match asked.plan.format {
        RunFormat::Human => {
            let facts = asked
                .facts
                .then(|| facts(output::style(), &verified.facts, verified.times))
                .into_iter()
                .flatten();
            preview.lines(output::style()).into_iter().chain(facts).for_each(|line| output::data(&line));
        }
        RunFormat::Json => {
            let mut told = json(&loaded, &preview, &report);
            if asked.facts {
                told["facts"] = json!(verified.facts);
                told["times"] = json!(verified.times);
            }
            if let Some(why) = unsealed.as_ref().filter(|_| preview.exit == 0) {
                told["exit"] = json!(output::USAGE);
                told["message"] = json!(why);
            }
            output::json(&told);
        }
        RunFormat::Salt => {
            let versions = preview.found.as_ref().map(Found::versions);
            output::data(&salt_line(preview.changed(), &preview.message(), versions.as_ref()));
        }
    }
    if unsealed.is_none() || preview.exit != 0 { preview.exit } else { output::USAGE }
}

/// Writes the plan and the host down; only what a run would begin with is. The error is in words.
fn seal(file: &Path, loaded: &Loaded, report: &Report) -> Result<(), String> {
    let ready = report.ready.as_ref().filter(|_| !report.refused() && report.nothing_to_do.is_none());
    let written = match ready {
        // A change of it could not be seen.
        Some(ready) if ready.fingerprint.configuration.is_empty() => {
            Err("the configuration was not understood".to_owned())
        }
        Some(ready) => seal::write(file, &Seal::of(loaded.document.text(), &loaded.inputs, ready)),
        None => Err("a run would not begin here".to_owned()),
    };
    written.map_err(|error| format!("no seal is written to {}: {error}", inputs::name(file)))
}

fn preview(loaded: &Loaded, report: &Report, took: f64) -> Preview {
    let plan = &loaded.plan;
    // As `run` judges: what runs already is not refused.
    let refused = report.refused() && report.nothing_to_do.is_none();
    let found = report.ready.as_ref().map(|ready| Found {
        old: ready.master(),
        pid_file: ready.pid_file.display().to_string(),
        binary: ready.binary_path.display().to_string(),
        version: Some(ready.new_version.clone()),
        adopted: ready.new_file == NewFile::Adopted,
        symlink: Some(&ready.place)
            .filter(|place| ready.new_file == NewFile::Staged && place.is_symlink())
            .map(|place| (place.path().display().to_string(), place.leads_to.display().to_string())),
    });
    let mut name = plan.name.clone();
    plan.secrets.hide(&mut name);
    Preview {
        plan: name,
        found,
        inputs: loaded
            .inputs
            .iter()
            .map(|input| Value {
                key: input.name.clone(),
                value: input.value.clone(),
                origin: input.origin.name().to_owned(),
            })
            .collect(),
        nothing_to_do: report.nothing_to_do.clone(),
        count: Count {
            checks: report.checks,
            warnings: report.count(crate::engine::Level::Warn),
            refusals: report.count(crate::engine::Level::Refuse),
            took,
        },
        diagnosis: preflight::fault(&report.findings).filter(|_| refused),
        findings: report.findings.iter().map(finding).collect(),
        steps: plan.steps.iter().map(|step| preview_step(plan, step)).collect(),
        longest: millis(plan.longest()),
        way_back: WAY_BACK.map(str::to_owned).to_vec(),
        drill: plan.steps.iter().any(|step| matches!(step.action, Action::Rollback(_))),
        exit: if refused { 12 } else { 0 },
    }
}

/// The way back from the last point before the commit, when new is well.
const WAY_BACK: [&str; 6] = [
    "HUP to old, where its workers have left: they start again from memory",
    "USR1 to old: what is latched fires while new still serves",
    "QUIT to new, TERM when it is sick or too slow, and at last KILL",
    "the pid file names old, .oldbin and unix paths are as before",
    "old has the number of workers that it had",
    "the probes that passed before the run pass again, answered by old",
];

fn finding(finding: &preflight::Finding) -> Finding {
    Finding {
        code: finding.code.to_owned(),
        level: finding.level,
        seen: finding.seen.clone(),
        why: finding.why.to_owned(),
        todo: finding.todo.clone(),
    }
}

fn preview_step(plan: &Plan, step: &Step) -> PreviewStep {
    let keys = serde_json::to_value(step).unwrap_or_default();
    let values = keys.as_object().into_iter().flatten().filter(|(key, _)| *key != "action");
    PreviewStep {
        action: step.action.kind().to_owned(),
        about: about(&step.action),
        timeout: millis(step.longest(&plan.defaults)),
        values: values
            .map(|(key, value)| Value { key: key.clone(), value: value.to_string(), origin: String::new() })
            .collect(),
    }
}

fn json(loaded: &Loaded, preview: &Preview, report: &Report) -> Json {
    let steps = preview.steps.iter().map(|step| {
        let values = step.values.iter().map(|value| (value.key.clone(), Json::String(value.value.clone())));
        json!({
            "action": step.action,
            "about": step.about,
            "timeout": step.timeout,
            "values": values.collect::<serde_json::Map<_, _>>(),
        })
    });
    json!({
        "plan": preview.plan,
        "symlink": preview.found.as_ref().and_then(|found| Some(&found.symlink.as_ref()?.0)),
        "inputs": loaded.inputs,
        "checks": preview.count.checks,
        "findings": report.findings,
        "nothing_to_do": report.nothing_to_do,
        "steps": steps.collect::<Vec<_>>(),
        "longest": preview.longest,
        "way_back": preview.way_back,
        "verdict": preview.verdict(),
        "exit": preview.exit,
        "changed": preview.changed(),
        "diagnosis": preview.diagnosis,
        "message": preview.message(),
    })
}
