//! A table of cases for every rule, and for the order between them.

pub(crate) mod builder;
mod cover;
mod end_new;
mod first;
mod gone;
mod order;
mod restore;
