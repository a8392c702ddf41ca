//! TOML to `Plan`: loading, inputs, problems with exact spans; pure.
