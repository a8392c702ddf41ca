//! The plan of `run`, `preview` and `rollback`: read, loaded and verified, or told what is wrong with it.

use std::slice;

use super::{
    OnePlan, RunFormat,
    check::{UNSAFE, drawn},
    inputs, output,
};
use crate::{
    engine::{Ending, RefusedPlan},
    plan::{self, Inputs, Loaded, Problem, ProblemReport, Values},
    report::{self, salt_line},
    verify::{self, Finding, Report},
};

/// Exit code 10: the plan is malformed.
const MALFORMED: u8 = 10;

/// Reads and loads the plan, and what the verifier says of it; on a mistake it is told, and the exit code is given.
pub(super) fn load(one: &OnePlan) -> Result<(Loaded, Report), u8> {
    read_and_check(one).map_err(|refused| refused.tell(one.format))
}

/// The same of a plan that is no file, with this name.
pub(super) fn load_text(
    name: &str,
    text: &str,
    values: Values<'_>,
    format: RunFormat,
) -> Result<(Loaded, Report), u8> {
    check(name, text.as_bytes(), values).map_err(|refused| refused.tell(format))
}

fn read_and_check(one: &OnePlan) -> Result<(Loaded, Report), Box<Refused>> {
    let name = inputs::name(&one.plan);
    let unreadable = |human: String| Box::new(Refused::unusable(one, human));
    let given = one.inputs.read(slice::from_ref(&one.plan)).map_err(unreadable)?;
    let bytes =
        inputs::read(&one.plan).map_err(|error| unreadable(format!("{name} cannot be read: {error}")))?;
    check(&name, &bytes, given.values())
}

fn check(name: &str, bytes: &[u8], values: Values<'_>) -> Result<(Loaded, Report), Box<Refused>> {
    let loaded = plan::load(name, bytes, values, Inputs::Given).map_err(|problems| {
        let human = problems.render(output::plan_style()).trim_end().to_owned();
        let message = report::refused_plan(&problems.document, &problems.list, problems.left_out);
        Box::new(Refused { human, plan: refused(name, MALFORMED, message, problems.report()) })
    })?;
    let verified = verify::verify(&loaded);
    let errors: Vec<&Finding> = verified.errors().collect();
    if errors.is_empty() {
        return Ok((loaded, verified));
    }
    let problems: Vec<Problem> = errors.iter().map(|finding| finding.problem.clone()).collect();
    let message = report::refused_plan(&loaded.document, &problems, 0);
    let findings = errors.iter().map(|finding| finding.report(&loaded.document)).collect();
    let human = drawn(&loaded, &errors);
    let plan = RefusedPlan { findings, ..refused(name, UNSAFE, message, vec![]) };
    Err(Box::new(Refused { human, plan }))
}

/// Tells that the arguments cannot be used, and gives the exit code.
pub(super) fn unusable(one: &OnePlan, human: String) -> u8 {
    Refused::unusable(one, human).tell(one.format)
}

fn refused(name: &str, exit: u8, message: String, problems: Vec<ProblemReport>) -> RefusedPlan {
    let (verdict, file, findings) = (Ending::Refused, name.to_owned(), Vec::new());
    RefusedPlan { verdict, exit, changed: verdict.changes(), message, file, problems, findings }
}

/// A plan that is not run: what people read, and what programs are told.
struct Refused {
    human: String,
    plan: RefusedPlan,
}

impl Refused {
    fn unusable(one: &OnePlan, human: String) -> Self {
        let message = report::one_line(slice::from_ref(&human));
        Self { human, plan: refused(&inputs::name(&one.plan), output::USAGE, message, vec![]) }
    }

    /// For programs it looks like the verdict of a run that did not begin.
    fn tell(self, format: RunFormat) -> u8 {
        match format {
            RunFormat::Human => output::talk(&self.human),
            RunFormat::Salt => output::data(&salt_line(false, &self.plan.message, None)),
            RunFormat::Json => output::json(&serde_json::json!(self.plan)),
        }
        self.plan.exit
    }
}
