//! Read-only checks of the live host, one file per check.
//!
//! The facts are gathered once, every check looks at them, and everything that is wrong is told at once.

mod checks;
mod facts;
mod finding;

pub use facts::{
    Access, BinaryPath, Digest, Facts, Held, Judged, Master, NewerFile, Offered, Oldbin, PidFile, PidText,
    Probed, Socket, Space, Trial, Unit, Wanted,
};
pub use finding::Finding;
