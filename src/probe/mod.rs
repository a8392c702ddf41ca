//! One HTTP request and a verdict, attributed to the worker that answers it.
//!
//! The order within one probe: connect, find out which worker has accepted the connection, drop it when that is
//! the wrong generation's, and only then send the request. After the answer it would be too late: with
//! `Connection: close`, and from a draining worker, the server's socket is gone by then.

mod address;
mod answer;
mod attribute;
mod choose;
mod connect;
mod crew;
mod judge;
mod outcome;
mod prober;
mod relay;
mod stream;
mod tls;
mod tls_problem;
mod together;
mod words;

pub use address::Address;
pub use answer::{Answer, AnsweredBy};
pub use crew::Crew;
pub use outcome::{Outcome, Unattributed};
pub use prober::Prober;
pub use tls_problem::TlsProblem;
