//! Where something stands in a plan, as keys and indices: `step[3].timeout`.

use std::fmt;

use serde::Serialize;

/// The way from the top of a plan to one of its keys or values, in the words of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct PlanPath(Vec<Segment>);

/// One part of a [`PlanPath`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(untagged)]
pub enum Segment {
    /// A key of a table.
    Key(String),
    /// A place in an array, from 0.
    Index(usize),
}

impl PlanPath {
    /// The whole plan.
    #[must_use]
    pub const fn root() -> Self {
        Self(Vec::new())
    }

    /// The step with this index, from 0.
    #[must_use]
    pub fn step(index: usize) -> Self {
        Self::root().key("step").index(index)
    }

    /// The watch with this index, from 0.
    #[must_use]
    pub fn watch(index: usize) -> Self {
        Self::root().key("watch").index(index)
    }

    /// The value of a key of what stands here.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.0.push(Segment::Key(key.into()));
        self
    }

    /// An element of what stands here, from 0.
    #[must_use]
    pub fn index(mut self, index: usize) -> Self {
        self.0.push(Segment::Index(index));
        self
    }

    /// What this stands in; `None` for the whole plan.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        self.0.split_last().map(|(_, rest)| Self(rest.to_vec()))
    }

    /// Whether this stands somewhere in what stands there.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }
}

impl fmt::Display for PlanPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Index(index) => write!(f, "[{index}]")?,
                Segment::Key(key) => {
                    let dot = if place == 0 { "" } else { "." };
                    let bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
                    if !key.is_empty() && key.chars().all(bare) {
                        write!(f, "{dot}{key}")?;
                    } else {
                        write!(f, "{dot}{key:?}")?;
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::PlanPath;

    #[test]
    fn a_path_reads_as_in_the_file_and_quotes_keys_with_dots() {
        assert_eq!(PlanPath::step(3).key("timeout").to_string(), "step[3].timeout");
        assert_eq!(PlanPath::root().key("probe").key("a.b").key("url").to_string(), "probe.\"a.b\".url");
    }
}
