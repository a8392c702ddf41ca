//! nginx's own text, bounded: versions, `-T`, titles, pid files, error.log lines; pure.

pub mod arguments;
pub mod config;
pub mod dump;
#[cfg(test)]
mod fuzz;
pub mod listen;
pub mod log;
mod lua;
pub mod pid_file;
mod printable;
pub mod servers;
pub mod settings;
pub mod test_output;
mod title;
pub mod version;

pub use printable::printable;
pub use title::title;
