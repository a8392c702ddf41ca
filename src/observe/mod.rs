//! Host facts to `Situation`.
