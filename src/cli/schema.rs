//! `changeover schema`: prints the JSON Schema of plans, for editors.

use super::output;
use crate::plan::schema;

/// Prints the schema exactly as `schemas/plan.schema.json` holds it.
pub(super) fn main() -> u8 {
    output::data(&schema::text());
    0
}
