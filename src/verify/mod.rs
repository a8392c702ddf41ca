//! Plan and protocol to findings; one file per property; pure.
