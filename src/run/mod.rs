//! The shell: performs one move at a time, waits, watches, guards.
