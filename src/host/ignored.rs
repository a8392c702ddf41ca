//! The signals that whoever started this process wants it to ignore: `nohup`, and shells without job control.

use std::io;

use procfs::process::Process;

/// The signals that were ignored when it was read. Read it before any handler is installed: a handler ends it.
#[derive(Clone, Copy, Debug)]
pub struct Ignored(u64);

impl Ignored {
    /// `SigIgn` of `/proc/self/status`.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read() -> io::Result<Self> {
        let status = Process::myself().and_then(|me| me.status()).map_err(io::Error::other)?;
        Ok(Self(status.sigign))
    }

    /// Whether the signal of this number is one of them.
    #[must_use]
    pub fn has(self, number: i32) -> bool {
        let bit = u32::try_from(number).ok().and_then(|number| number.checked_sub(1));
        bit.and_then(|bit| self.0.checked_shr(bit)).is_some_and(|rest| rest & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_told_by_its_number() {
        let ignored = Ignored(0b101);
        assert_eq!(
            [1, 2, 3, 0, -1, 65].map(|number| ignored.has(number)),
            [true, false, true, false, false, false]
        );
    }

    #[test]
    fn rust_programs_ignore_sigpipe() {
        assert!(Ignored::read().unwrap().has(13));
    }
}
