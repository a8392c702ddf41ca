//! Evidence to cause: log patterns and exit codes; pure.
