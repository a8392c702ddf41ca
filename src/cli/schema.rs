//! `changeover schema`: prints the JSON Schema of plans, for editors.

use crate::plan::schema;

/// The published schema as text, exactly as `schemas/plan.schema.json` holds it.
#[must_use]
pub fn text() -> String {
    // A JSON value has no map with other keys than strings, so it can always be written.
    format!("{:#}\n", schema::published())
}
