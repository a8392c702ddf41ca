//! The tables of a plan file as plain types: what a resolved plan says, without spans.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    probe::Probe,
    scalar::duration,
    secrets::Secrets,
    step::Step,
    steps::{Action, Answerer},
};

/// A plan: how one running server is taken over to a new binary.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Plan {
    /// The version of the plan language: 1.
    #[schemars(range(min = 1, max = 1), example = 1)]
    pub format: u8,
    /// What this change is called in output and in the history.
    #[schemars(length(min = 1, max = 200), example = &"nginx 1.26.3")]
    pub name: String,
    /// The values that are given when the plan is used.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 100))]
    pub inputs: BTreeMap<String, Input>,
    /// The one running server that the plan is about.
    pub service: Service,
    /// What holds for every step that does not say otherwise.
    #[serde(default)]
    pub defaults: Defaults,
    /// How the way back behaves.
    #[serde(default)]
    pub rollback: Rollback,
    /// HTTP requests with a verdict, named once and used by steps and watches.
    #[serde(default, rename = "probe", skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 100))]
    pub probes: BTreeMap<String, Probe>,
    /// Probes that go on during the whole run, from preflight to the commit record.
    #[serde(default, rename = "watch", skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub watches: Vec<Watch>,
    /// What is done, in this order. The last one is the only `commit` or `rollback`.
    #[serde(rename = "step")]
    #[schemars(length(min = 1, max = 100))]
    pub steps: Vec<Step>,
    /// What the verifier is told to accept.
    #[serde(default)]
    pub verify: Verify,
    /// The values of its secret inputs, which stand in its probes: whatever is told of them is cleared of these.
    #[serde(skip)]
    pub secrets: Secrets,
}

impl Plan {
    /// The longest that the way forward may take: every step as long as it may, at most the budget until the commit.
    #[must_use]
    pub fn longest(&self) -> Duration {
        let (mut before, mut drain) = (Duration::ZERO, Duration::ZERO);
        for step in &self.steps {
            let longest = step.longest(&self.defaults);
            if matches!(step.action, Action::Commit(_)) {
                drain = longest;
            } else {
                before = before.saturating_add(longest);
            }
        }
        self.defaults.budget.map_or(before, |budget| before.min(budget)).saturating_add(drain)
    }
}

/// The declaration of one input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Input {
    /// The type that every value of the input must have.
    #[serde(rename = "type")]
    pub kind: InputType,
    /// The value when none is given; of the declared type. Without it a value must be given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "serde_json::Value", extend("type" = ["string", "integer", "boolean"]))]
    pub default: Option<Scalar>,
    /// A regular expression that the whole value must match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "regex"), length(max = 1000), example = &r"\d+\.\d+\.\d+")]
    pub pattern: Option<String>,
    /// What the input is for, shown where it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The environment variable that holds the value when neither `--inputs` nor `--set` gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200), regex(pattern = "^[A-Za-z_][A-Za-z0-9_]*$"), example = &"PROBE_TOKEN")]
    pub from_env: Option<String>,
    /// Whether the value is never shown and never written. It can stand only in what a probe sends and expects.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub secret: bool,
}

/// A value that an input may have by default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
#[expect(missing_docs, reason = "each is the value of that type")]
pub enum Scalar {
    Boolean(bool),
    Integer(i64),
    String(String),
}

/// What an input may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum InputType {
    /// Any text.
    String,
    /// A whole number.
    Integer,
    /// A length of time such as `30s` or `1m 30s`.
    Duration,
    /// An absolute path.
    Path,
    /// `true` or `false`.
    Boolean,
}

impl InputType {
    /// The name as a plan spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Integer => "integer",
            Self::Duration => "duration",
            Self::Path => "path",
            Self::Boolean => "boolean",
        }
    }
}

/// The running server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Service {
    /// The protocol that it speaks.
    pub kind: ServiceKind,
    /// The pid file of the running master, as its configuration names it.
    #[schemars(extend("format" = "absolute-path", "pattern" = "^/"), example = &"/run/nginx.pid")]
    pub pid_file: PathBuf,
}

/// The protocol that a server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ServiceKind {
    /// nginx, `OpenResty`, Tengine and freenginx: the same signals, the same pid files.
    Nginx,
}

/// What holds for every step that does not say otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Defaults {
    /// How long a step may take. `soak` and `commit` have their own keys for it.
    #[serde(with = "duration::positive")]
    #[schemars(with = "duration::Positive")]
    pub timeout: Duration,
    /// The longest that the whole way forward may take, from the start of the run to the commit record.
    #[serde(with = "duration::optional", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "duration::Positive")]
    pub budget: Option<Duration>,
}

impl Default for Defaults {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(30), budget: None }
    }
}

/// How the way back behaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Rollback {
    /// Whether a failure starts the way back by itself. With `false` the run stops as it is, for a person.
    pub automatic: bool,
    /// How long the way back waits for a graceful end before it terminates the new generation.
    #[serde(with = "duration::positive")]
    #[schemars(with = "duration::Positive")]
    pub quit_timeout: Duration,
}

impl Default for Rollback {
    fn default() -> Self {
        Self { automatic: true, quit_timeout: Duration::from_secs(10) }
    }
}

/// A probe that goes on during the whole run. It stops when the way back starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Watch {
    /// The name of a `[probe.NAME]`.
    #[schemars(example = &"health")]
    pub probe: String,
    /// The generation whose answers count.
    #[serde(default = "Answerer::any")]
    pub answered_by: Answerer,
    /// The time from one request to the next.
    #[serde(default = "one_second", with = "duration::positive")]
    #[schemars(with = "duration::Positive")]
    pub interval: Duration,
    /// How many failures in a row violate the watch.
    #[serde(default = "three")]
    #[schemars(range(min = 1, max = 10_000))]
    pub fail_after: u32,
}

const fn one_second() -> Duration {
    Duration::from_secs(1)
}

const fn three() -> u32 {
    3
}

/// What the verifier is told to accept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Verify {
    /// Findings that are known and wanted, each with its reason.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub accept: Vec<Accept>,
}

/// One finding that is known and wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Accept {
    /// The code of the finding.
    #[schemars(regex(pattern = "^[a-z]+/[a-z0-9]+(-[a-z0-9]+)*$"), example = &"verify/quit-outside-commit")]
    pub code: String,
    /// Why it is acceptable here.
    #[schemars(length(min = 1))]
    pub reason: String,
}
