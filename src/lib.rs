//! `changeover` takes a running nginx over to a new binary, and brings it back by itself.
//!
//! The map of the house. Imports point down only, or sideways where no cycle comes of it; the pure rooms
//! import only pure rooms (`tests/tidy.rs` checks both).
//!
//! | floor | rooms |
//! |---|---|
//! | 0 | [`protocol`] (pure) · [`host`] · [`nginx`] (pure parsing of bounded text) |
//! | 1 | [`plan`] (pure) · [`observe`] |
//! | 2 | [`engine`] (pure) · [`probe`] |
//! | 3 | [`verify`], [`diagnose`], [`report`] (pure) · [`journal`] · [`preflight`] |
//! | 4 | [`run`] |
//! | 5 | [`cli`] |

pub mod cli;
pub mod diagnose;
pub mod engine;
pub mod host;
pub mod journal;
pub mod nginx;
pub mod observe;
pub mod plan;
pub mod preflight;
pub mod probe;
pub mod protocol;
pub mod report;
pub mod run;
pub mod verify;
