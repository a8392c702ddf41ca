//! TOML to [`Plan`]: the model, loading, inputs, problems with exact spans; pure.
//!
//! [`load`] reads in passes: `syntax` (text to tree), `inputs` (references replaced), `walk` (the tree against
//! the schema of the types), `rules` (what a schema cannot say), serde. All problems come out at once.

mod document;
mod edit;
mod inputs;
mod load;
mod model;
mod path;
mod probe;
mod probe_rules;
mod problem;
mod render;
mod reversed;
mod rules;
mod scalar;
pub mod schema;
mod secrets;
mod shape;
mod step;
pub mod steps;
mod syntax;
mod tree;
mod walk;
mod words;

pub use document::{Document, Position, Span};
pub use edit::quoted;
pub use inputs::{InputsFile, Origin, ResolvedInput, Values};
pub use load::{Inputs, LARGEST, Loaded, load};
pub use model::{
    Accept, Defaults, Input, InputType, Plan, Rollback, Scalar, Service, ServiceKind, Verify, Watch,
};
pub use path::{PlanPath, Segment};
pub use probe::{Expect, Method, Probe, Tls};
pub use problem::{Elsewhere, Label, Problem, ProblemReport, Problems, SpanReport};
pub use render::{Style, drawing, safe};
pub use reversed::{Brings, Reversed, reversed};
pub use scalar::{HttpUrl, Sha256};
pub use secrets::Secrets;
pub use step::{Common, OnFailure, Step};
pub use steps::{Action, Answerer};
pub use words::closest;
