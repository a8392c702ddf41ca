//! Read-only checks of the live host, one file per check.
