# Two commands on a fresh Debian 12 with Rust, gcc, make and root or sudo: `make demo` and `make test`.

SHELL := /bin/bash
.PHONY: setup test test-salt faults fuzz-way-back crashes conformance mutants check demo bench

# Tests and programs here make namespaces of their own: what cargo starts is started as root.
ifneq ($(shell id -u),0)
HOST := $(shell rustc -vV | sed -n 's/^host: //p' | tr a-z- A-Z_)
export CARGO_TARGET_$(HOST)_RUNNER := sudo
endif

setup:
	@tests/setup/setup.sh

check:
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	@tests/mutants/run.sh --find

# A run leaves signals alone that were ignored when it began, as those of a job in the background are: not in the tests.
# One test at a time: each loads a host of its own, and two at once make the machine the one that is judged.
test: setup check
	env --default-signal cargo test --locked --no-fail-fast -- --test-threads=1

# Real Salt takes minutes to install, so its tests are on their own.
test-salt: setup
	@tests/setup/setup.sh salt
	cargo test --locked --test real salt:: -- --ignored

# Every fault in every phase, then 200 drawn ones: some minutes. FAULT=NAME plays the rows with that in their name;
# CHANGEOVER_BLESS=1 keeps the texts of their failures. SEED=17 SEEDS=1 plays one drawn row again.
faults: setup
	env --default-signal cargo test --locked --test faults -- --ignored --nocapture --test-threads=1 every_row drawn_rows from_winch

# 500 random stories of strangers in a way back. SEED=17 SEEDS=1 plays one of them again.
fuzz-way-back: setup
	env --default-signal cargo test --locked --test faults -- --ignored --nocapture --test-threads=1 strangers

# Every place at which a run of the standard plan can be killed, with each trouble, and every place of each recovery.
crashes:
	cargo test --locked --profile fast --lib -- --ignored --nocapture every_place

# 2,000 random stories told to real nginx and to the model of it. SEED=17 SEEDS=1 tells one of them again.
conformance: setup
	cargo test --locked --test conformance -- --ignored --nocapture --test-threads=1

# Takes one guard after the other out of the code: a test must notice each.
mutants: setup
	@tests/mutants/run.sh

demo: setup
	cargo build --locked --profile fast --bin changeover --example demo
	@cargo run --quiet --locked --profile fast --example demo

bench: setup
	cargo build --locked --release --bin changeover --example floor --example bench --example proof
	@cargo run --quiet --locked --release --example proof
	@cargo run --quiet --locked --release --example bench
