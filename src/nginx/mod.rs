//! nginx's own text, bounded: versions, `-T`, titles, pid files, error.log lines; pure.

mod title;

pub use title::title;
