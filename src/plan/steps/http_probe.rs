//! `http-probe`: requests to one generation, each attributed to the worker that answers it.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::plan::scalar::duration;

/// Sends a named probe until enough answers of one generation were good, or too many were not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct HttpProbe {
    /// The name of a `[probe.NAME]`.
    #[schemars(example = &"health")]
    pub probe: String,
    /// The generation that must answer. A connection that the other one accepts is dropped and opened anew.
    #[serde(default)]
    pub answered_by: Answerer,
    /// How many good answers in a row pass the step.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 10_000))]
    pub pass_after: u32,
    /// How many bad answers in a row fail the step.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 10_000))]
    pub fail_after: u32,
    /// The time from one request to the next; `0s`: at once.
    #[serde(default = "ten_milliseconds", with = "duration")]
    #[schemars(with = "duration::Any")]
    pub interval: Duration,
}

impl HttpProbe {
    /// The action's name in a plan.
    pub const KIND: &str = "http-probe";
}

const fn one() -> u32 {
    1
}

const fn ten_milliseconds() -> Duration {
    Duration::from_millis(10)
}

/// The generation whose answers count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Answerer {
    /// Workers of the new generation.
    #[default]
    New,
    /// Workers of the old generation.
    Old,
    /// Whoever answers.
    Any,
}

impl Answerer {
    /// The word as a plan spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Old => "old",
            Self::Any => "any",
        }
    }

    pub(in crate::plan) const fn any() -> Self {
        Self::Any
    }
}
