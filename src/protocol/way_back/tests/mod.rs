//! A table of cases for every rule, and for the order between them.

mod builder;
mod cover;
mod end_new;
mod first;
mod order;
mod restore;
