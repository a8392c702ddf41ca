//! Tests on real nginx, each on a host of its own.
#![expect(
    clippy::disallowed_methods,
    reason = "tests read the clock, sleep between two looks, and write files"
)]
#![expect(clippy::expect_used, clippy::panic, reason = "a helper that cannot go on fails the test")]

#[path = "../support/mod.rs"]
mod support;

mod adopt;
mod ansible;
mod at_the_end;
mod attributes;
mod builds;
mod by_hand;
mod by_renames;
mod changeovers;
mod cold_start;
mod committed;
mod confirm;
mod connections;
mod events;
mod failing_disk;
mod fleet;
mod guards;
mod history;
mod hosts;
mod init;
mod instances;
mod interrupts;
mod layouts;
mod limits;
mod misbehaving;
mod not_taken_back;
mod other_network;
mod power_cut;
mod probe_endings;
mod probe_kinds;
mod probes;
mod races;
mod readers;
mod recover;
mod refusals;
mod relative;
mod reverse;
mod rollback;
mod salt;
mod same_file;
mod sealed;
mod second_signal;
mod secrets;
mod slow;
mod spellings;
mod status;
mod suspended;
mod symlinks;
mod terminal;
mod users;
mod verdicts;
mod verified;
mod versions;
mod views;
mod watches;
mod way_back;
