//! The JSON Schema of what a run writes: one event a line, on standard output and in the run's `events.jsonl`.

use schemars::{JsonSchema, Schema, generate::SchemaSettings, transform::RecursiveTransform};
use serde::Serialize;
use serde_json::Value as Json;

use super::{Record, RefusedPlan, RefusedRun};

/// One line of what a run writes.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum Line {
    Record(Box<Record>),
    RefusedPlan(Box<RefusedPlan>),
    RefusedRun(Box<RefusedRun>),
}

/// The schema of one line. A line with a field that is not in it does not fit.
#[must_use]
pub fn line() -> Json {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let settings = settings.with_transform(RecursiveTransform(in_one_line));
    settings.into_generator().into_root_schema_for::<Line>().to_value()
}

/// The schema as text, as `schema event` prints it and `schemas/event.schema.json` holds it.
#[must_use]
pub fn text() -> String {
    format!("{:#}", line())
}

fn in_one_line(schema: &mut Schema) {
    if let Some(Json::String(text)) = schema.get_mut("description") {
        *text = text.replace('\n', " ");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::every_event;

    #[test]
    fn every_event_fits_and_no_field_is_left_out_of_the_schema() {
        let schema = jsonschema::validator_for(&line()).unwrap();
        for (seq, event) in (1..).zip(every_event()) {
            let record = Record { seq, ms: 1.5, at: "2026-11-23T14:50:02Z".into(), event };
            let mut written = serde_json::to_value(&record).unwrap();
            assert_eq!(schema.validate(&written).map_err(|error| error.to_string()), Ok(()), "{written}");
            written["undocumented"] = Json::Null;
            assert!(!schema.is_valid(&written), "{written}");
        }
    }

    #[test]
    fn every_field_says_what_it_is() {
        let mut silent = Vec::new();
        look(&line(), "", &mut silent);
        assert_eq!(silent, [""; 0]);
    }

    /// Notes each property and each definition without a description; a tag is described by its own event or move.
    fn look(schema: &Json, at: &str, silent: &mut Vec<String>) {
        for (key, value) in schema.as_object().into_iter().flatten() {
            let at = format!("{at}/{key}");
            let described = value.get("description").is_some() || value.get("const").is_some();
            if (at.ends_with(&format!("/properties/{key}")) || at == format!("/$defs/{key}")) && !described {
                silent.push(at.clone());
            }
            look(value, &at, silent);
        }
        for (index, value) in schema.as_array().into_iter().flatten().enumerate() {
            look(value, &format!("{at}/{index}"), silent);
        }
    }
}
