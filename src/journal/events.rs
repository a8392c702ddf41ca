//! `events.jsonl` read back: its first records, its last one, or all of them. Best effort, as it was written.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom},
    path::Path,
};

use crate::{
    engine::Record,
    host::files::{self, FileError, Symlinks},
};

/// The name of the file in the run's directory.
pub(super) const EVENTS: &str = "events.jsonl";
/// How much of its beginning is read to find what the run is about, in bytes.
const FIRST: u64 = 64 << 10;
/// How much of its end is read to find the last event, in bytes.
const LAST: u64 = 64 << 10;
/// How much is read of all of it, in bytes. A run of a day with ten watches a second writes less.
const MOST: u64 = 256 << 20;
/// How long a line may be, in bytes.
const LONGEST: u64 = 1 << 20;

/// Opens the events of a run; never through a symlink, and no pipe.
fn open(directory: &Path) -> Result<File, FileError> {
    files::open(&directory.join(EVENTS), Symlinks::Refuse)
}

/// The records at the beginning, as far as 64 KiB reach; read as they are asked for.
pub(super) fn first(directory: &Path) -> impl Iterator<Item = Record> {
    let file = open(directory).into_iter().map(|file| BufReader::new(file.take(FIRST)));
    let lines = file.flat_map(|reader| reader.split(b'\n').map_while(Result::ok));
    lines.map_while(|line| serde_json::from_slice(&line).ok())
}

/// The last record that can be read, within the last 64 KiB.
pub(super) fn last(directory: &Path) -> Option<Record> {
    let text = end(&mut open(directory).ok()?).ok()?;
    last_lines(&text).find_map(|line| serde_json::from_slice(line).ok())
}

/// The last 64 KiB of a file.
pub(super) fn end(file: &mut File) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    let end = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(end.saturating_sub(LAST)))?;
    file.read_to_end(&mut text)?;
    Ok(text)
}

/// Its lines, the last one first.
pub(super) fn last_lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b'\n').rev().filter(|line| !line.is_empty())
}

/// Gives every record of a run in order, and says how many lines are no record.
///
/// # Errors
/// When the file cannot be opened or read; what came before was given.
pub fn each_record(directory: &Path, mut take: impl FnMut(&Record)) -> Result<usize, FileError> {
    let mut reader = BufReader::new(open(directory)?.take(MOST));
    let (mut line, mut unreadable) = (Vec::new(), 0);
    loop {
        line.clear();
        let read = reader.by_ref().take(LONGEST).read_until(b'\n', &mut line);
        match read {
            Ok(0) => return Ok(unreadable),
            Ok(_) => match serde_json::from_slice(&line) {
                Ok(record) => take(&record),
                Err(_) => unreadable += 1,
            },
            Err(source) => return Err(FileError::Read { path: directory.join(EVENTS), source }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::RunDirectory, each_record, first, last};
    use crate::{
        engine::{Event, Record, every_event},
        host::scratch::Scratch,
    };

    #[test]
    fn every_event_is_read_as_it_was_written_and_what_is_no_record_is_counted() {
        let scratch = Scratch::new();
        let mut directory = RunDirectory::create(scratch.path(), "run", "", &[]).unwrap();
        let records: Vec<Record> = (1..)
            .zip(every_event())
            .map(|(seq, event)| Record { seq, ms: 1.5, at: "2026-11-27T22:00:00Z".into(), event })
            .collect();
        for record in &records {
            directory.append(record);
        }
        let path = directory.path().to_owned();
        let text = |records: &[Record]| serde_json::to_string(records).unwrap();
        let (mut read, mut again) = (Vec::new(), Vec::new());
        assert_eq!(each_record(&path, |record| read.push(record.clone())).unwrap(), 0);
        assert_eq!(text(&read), text(&records));
        assert_eq!(first(&path).count(), records.len());
        assert!(matches!(last(&path).unwrap().event, Event::HostRestarted { .. }));

        let file = path.join("events.jsonl");
        let torn = std::fs::read_to_string(&file).unwrap() + "{\"seq\":";
        #[expect(clippy::disallowed_methods, reason = "a test writes the file that it looks at")]
        std::fs::write(&file, torn).unwrap();
        assert_eq!(each_record(&path, |record| again.push(record.clone())).unwrap(), 1);
        assert_eq!((text(&again), last(&path).unwrap().seq), (text(&records), read.last().unwrap().seq));
    }

    #[test]
    fn without_a_file_there_is_nothing_to_read() {
        let scratch = Scratch::new();
        assert_eq!(each_record(scratch.path(), |_| {}).unwrap_err().code(), "host/file-not-opened");
        assert!(first(scratch.path()).next().is_none() && last(scratch.path()).is_none());
    }
}
