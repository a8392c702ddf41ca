//! TOML to [`Plan`]: the model, loading, inputs, problems with exact spans; pure.

mod model;
mod probe;
mod scalar;
mod step;
pub mod steps;

pub use model::{Accept, Defaults, Input, InputType, Plan, Rollback, Service, ServiceKind, Verify, Watch};
pub use probe::{Expect, Method, Probe};
pub use scalar::{HttpUrl, Sha256};
pub use step::{Common, OnFailure, Step};
pub use steps::Action;
