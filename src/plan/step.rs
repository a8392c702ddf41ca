//! One `[[step]]`: the keys that all actions share, and the action itself.

use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{model::Defaults, scalar::duration, steps::Action};

/// One step of a plan.
///
/// In TOML the shared keys and those of the action stand in one table; serde's `flatten` would lose the
/// check for unknown keys, so the two are put together and taken apart here.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub struct Step {
    /// The keys that all actions share.
    pub common: Common,
    /// What the step does.
    pub action: Action,
}

/// The keys that all actions share.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Common {
    /// What the step is called in output, beside its number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 100))]
    pub name: Option<String>,
    /// How long the step may take; otherwise `[defaults] timeout`.
    #[serde(with = "duration::optional", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "duration::Positive")]
    pub timeout: Option<Duration>,
    /// What happens when the step fails, or a watch is violated while it runs.
    pub on_failure: OnFailure,
}

/// What happens when a step fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnFailure {
    /// The old binary is brought back.
    #[default]
    Rollback,
    /// Everything stays as it is, for a person; the verdict is recorded.
    Stop,
}

impl Step {
    /// The longest that the step takes, whatever happens.
    #[must_use]
    pub fn longest(&self, defaults: &Defaults) -> Duration {
        match &self.action {
            Action::Soak(soak) => soak.length,
            Action::Commit(commit) => commit.drain_timeout,
            _ => self.timeout(defaults).unwrap_or(defaults.timeout),
        }
    }

    /// How long the step may take; `None` where the action has an end of its own (`soak`, `commit`, `rollback`).
    #[must_use]
    pub fn timeout(&self, defaults: &Defaults) -> Option<Duration> {
        shared_keys(self.action.kind())
            .contains(&"timeout")
            .then(|| self.common.timeout.unwrap_or(defaults.timeout))
    }
}

/// The shared keys that make sense for an action: what ends by itself has no time-out, and a drill's last
/// step is the way back itself, which has no failure to choose for.
fn shared_keys(kind: &str) -> &'static [&'static str] {
    match kind {
        "rollback" => &["name"],
        "soak" | "commit" => &["name", "on-failure"],
        _ => &["name", "timeout", "on-failure"],
    }
}

impl TryFrom<Map<String, Value>> for Step {
    type Error = serde_json::Error;

    fn try_from(mut table: Map<String, Value>) -> Result<Self, Self::Error> {
        let shared = shared_keys(table.get("action").and_then(Value::as_str).unwrap_or_default());
        let common: Map<_, _> = shared
            .iter()
            .filter_map(|key| table.remove(*key).map(|value| ((*key).to_owned(), value)))
            .collect();
        Ok(Self {
            common: Common::deserialize(Value::Object(common))?,
            action: Action::deserialize(Value::Object(table))?,
        })
    }
}

impl Serialize for Step {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let shared = shared_keys(self.action.kind());
        let mut table = table_of(&self.action).map_err(serde::ser::Error::custom)?;
        let common = table_of(&self.common).map_err(serde::ser::Error::custom)?;
        table.extend(common.into_iter().filter(|(key, _)| shared.contains(&key.as_str())));
        table.serialize(serializer)
    }
}

fn table_of(value: &impl Serialize) -> Result<Map<String, Value>, serde_json::Error> {
    Map::deserialize(serde_json::to_value(value)?)
}

impl JsonSchema for Step {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Step".into()
    }

    /// The schema of [`Action`], with the shared keys put into each of its branches.
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let common = Common::json_schema(generator);
        let mut schema = Action::json_schema(generator);
        let shared = common.get("properties").and_then(Value::as_object);
        let branches = schema.get_mut("oneOf").and_then(Value::as_array_mut);
        for branch in branches.into_iter().flatten() {
            let kind = branch.pointer("/properties/action/const").and_then(Value::as_str).unwrap_or_default();
            let keys = shared_keys(kind);
            if let Some(properties) = branch.get_mut("properties").and_then(Value::as_object_mut) {
                let wanted = shared.into_iter().flatten().filter(|(key, _)| keys.contains(&key.as_str()));
                properties.extend(wanted.map(|(key, value)| (key.clone(), value.clone())));
            }
        }
        schema.insert("description".to_owned(), "One step; `action` says which kind it is.".into());
        schema
    }
}
