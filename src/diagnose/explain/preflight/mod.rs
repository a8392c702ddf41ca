//! `preflight/…`: what is checked before anything live is touched.

mod binary;
mod configuration;
mod master;

pub(super) use binary::TEXTS as BINARY;
pub(super) use configuration::TEXTS as CONFIGURATION;
pub(super) use master::TEXTS as MASTER;
