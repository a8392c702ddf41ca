//! The plan of `run` and `preview`: read, loaded and verified, or told what is wrong with it.

use std::slice;

use serde_json::{Value, json};

use super::{OnePlan, RunFormat, check, inputs, output};
use crate::{
    engine::Ending,
    plan::{self, Inputs, Loaded},
    report::{self, json_text, salt_line},
    verify,
};

/// Exit code 10: the plan is malformed.
const MALFORMED: u8 = 10;

/// Reads and loads the plan; on a mistake it is told, and the exit code is given.
pub(super) fn load(one: &OnePlan) -> Result<Loaded, u8> {
    read_and_check(one).map_err(|refused| refused.tell(one.format))
}

fn read_and_check(one: &OnePlan) -> Result<Loaded, Box<Refused>> {
    let name = inputs::name(&one.plan);
    let refuse = |human: String, message: String, report: Value, exit: u8| {
        Box::new(Refused { human, message, report, exit })
    };
    let unreadable = |human: String| {
        let message = report::one_line(slice::from_ref(&human));
        refuse(human, message, json!({}), output::USAGE)
    };
    let given = one.inputs.read(slice::from_ref(&one.plan)).map_err(unreadable)?;
    let bytes =
        inputs::read(&one.plan).map_err(|error| unreadable(format!("{name} cannot be read: {error}")))?;
    let loaded = plan::load(&name, &bytes, given.values(), Inputs::Given).map_err(|problems| {
        let human = problems.render(output::plan_style()).trim_end().to_owned();
        let message = report::refused_plan(&problems.document, &problems.list, problems.left_out);
        refuse(human, message, check::malformed(&name, &problems), MALFORMED)
    })?;
    let findings = verify::findings(&loaded);
    if findings.is_empty() {
        return Ok(loaded);
    }
    let message = report::refused_plan(&loaded.document, &findings, 0);
    let report = check::unsafe_plan(&name, &loaded, &findings);
    Err(refuse(check::drawn(&loaded, &findings), message, report, check::UNSAFE))
}

/// A plan that is not run: what people read, and what programs are told.
struct Refused {
    human: String,
    message: String,
    report: Value,
    exit: u8,
}

impl Refused {
    /// For programs it looks like the verdict of a run that did not begin.
    fn tell(mut self, format: RunFormat) -> u8 {
        match format {
            RunFormat::Human => output::talk(&self.human),
            RunFormat::Salt => output::data(&salt_line(false, &self.message, None)),
            RunFormat::Json => {
                self.report["verdict"] = json!(Ending::Refused);
                self.report["exit"] = json!(self.exit);
                self.report["changed"] = json!(Ending::Refused.changes());
                self.report["message"] = json!(self.message);
                output::data(&json_text(&self.report));
            }
        }
        self.exit
    }
}
