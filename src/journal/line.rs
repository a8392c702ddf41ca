//! One line of a journal: JSON with a number and a checksum, of which the checksum of the line before is a part.

use serde::{Deserialize, Serialize};

use super::entry::Entry;
use crate::host::files::sha256;

/// What stands between the rest of a line and its checksum.
const BEFORE_SUM: &str = ",\"sum\":\"";
const AFTER_SUM: &str = "\"}";

/// A line without its checksum.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Line {
    /// 1 for the first line of a journal, then one more each.
    pub(super) seq: u64,
    /// Microseconds of the kernel's monotonic clock: they can be compared within one boot.
    pub(super) mono_us: u64,
    /// The wall clock, for people.
    pub(super) at: String,
    #[serde(flatten)]
    pub(super) entry: Entry,
}

/// Where a journal is: what the next line must follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chain {
    seq: u64,
    sum: String,
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// Its text and its checksum do not belong together, or the line before is another one.
    #[error("its checksum is not that of its text and of the line before")]
    Checksum,
    /// It is not what this version writes.
    #[error("it is no record of this format")]
    Unreadable,
    /// A line is missing, or was written twice.
    #[error("it has number {0}, and {1} is due")]
    Number(u64, u64),
}

impl Chain {
    /// Before the first line. A journal belongs to its run: in another's directory it is damaged.
    pub(super) fn of(run: &str) -> Self {
        Self { seq: 0, sum: sha256(run.as_bytes()) }
    }

    /// The next line, with its line feed.
    pub(super) fn write(
        &mut self,
        mono_us: u64,
        at: String,
        entry: &Entry,
    ) -> Result<Vec<u8>, serde_json::Error> {
        let line = Line { seq: self.seq + 1, mono_us, at, entry: entry.clone() };
        let body = serde_json::to_string(&line)?;
        let body = body.strip_suffix('}').unwrap_or(&body);
        (self.seq, self.sum) = (line.seq, self.sum_of(body));
        Ok(format!("{body}{BEFORE_SUM}{}{AFTER_SUM}\n", self.sum).into_bytes())
    }

    /// Reads the next line, without its line feed.
    pub(super) fn read(&mut self, text: &[u8]) -> Result<Line, LineError> {
        let text = str::from_utf8(text).map_err(|_| LineError::Checksum)?;
        let (body, sum) = text
            .strip_suffix(AFTER_SUM)
            .and_then(|text| text.rsplit_once(BEFORE_SUM))
            .ok_or(LineError::Checksum)?;
        if sum != self.sum_of(body) {
            return Err(LineError::Checksum);
        }
        let line: Line = serde_json::from_str(&format!("{body}}}")).map_err(|_| LineError::Unreadable)?;
        if line.seq != self.seq + 1 {
            return Err(LineError::Number(line.seq, self.seq + 1));
        }
        (self.seq, self.sum) = (line.seq, sum.to_owned());
        Ok(line)
    }

    fn sum_of(&self, body: &str) -> String {
        sha256(format!("{}{body}", self.sum).as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::{Chain, LineError};
    use crate::{journal::Entry, protocol::FileId};

    #[test]
    fn a_line_with_another_number_is_refused_also_where_its_checksum_is_right() {
        let entry = Entry::Laid { stub: FileId { dev: 1, ino: 9 } };
        for (before, number) in [(0, None), (1, Some(2)), (u64::MAX - 1, Some(u64::MAX))] {
            let mut writer = Chain { seq: before, ..Chain::of("run") };
            let line = writer.write(0, String::new(), &entry).unwrap();
            let read = Chain::of("run").read(line.strip_suffix(b"\n").unwrap());
            assert_eq!(read.err(), number.map(|number| LineError::Number(number, 1)));
        }
    }
}
