//! A journal written and read back: whole, torn, cut, edited, mixed up, somebody else's.
#![expect(clippy::disallowed_methods, reason = "tests write the files that they look at")]

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::PathBuf,
    time::Duration,
};

use super::{Begun, Damage, Entry, FORMAT, Journal, NAME, OpenRun, Replay, open_run, read};
use crate::{
    engine::{By, Event, Goes, NewFile, Phase, Verdict},
    host::{files::Hashed, place::Place, scratch::Scratch, world_id::WorldId},
    observe::Known,
    preflight::{Fingerprint, Ready, Staged},
    protocol::{Baseline, FileId, Generation, Identity, Move, OldFile, Signal},
};

pub(crate) const RUN: &str = "20261127T220000-7";
const OLD: Identity = Identity { pid: 812, start: 5 };
const NEW: Known =
    Known { id: Identity { pid: 944, start: 9 }, exe: Some(FileId { dev: 1, ino: 8 }), start_stack: 3 };

/// How a run without a binary step began.
pub(crate) fn begun() -> Begun {
    let file = FileId { dev: 1, ino: 7 };
    let path = PathBuf::from("/usr/sbin/nginx");
    let place = Place {
        directory: "/usr/sbin".into(),
        name: "nginx".into(),
        entry: file,
        file,
        leads_to: path.clone(),
    };
    let ready = Ready {
        old: OLD,
        pid_file: "/run/nginx.pid".into(),
        binary_path: path,
        place,
        new_file: NewFile::Same,
        old_version: "nginx/1.22.1".into(),
        new_version: "nginx/1.22.1".into(),
        new_workers: Some(2),
        staged: None,
        adopted: None,
        kept: None,
        unix_paths: Vec::new(),
        streams: true,
        test_arguments: Vec::new(),
        directory: None,
        user: None,
        error_logs: Vec::new(),
        baseline: Baseline {
            accepting: 2,
            cache_manager: false,
            old_file: OldFile::Found,
            term_unlinks: false,
        },
        fingerprint: Fingerprint {
            master: OLD,
            exe: Some(file),
            binary: "/usr/sbin/nginx".into(),
            found: file,
            sha256: None,
            configuration: BTreeMap::new(),
        },
    };
    Begun {
        journal_format: FORMAT,
        changeover: "0".into(),
        run: RUN.into(),
        world: WorldId::here(),
        pid: 7,
        file: "plan.toml".into(),
        plan_sha256: String::new(),
        inputs: Vec::new(),
        ready,
        old: Known { id: OLD, exe: Some(file), start_stack: 1 },
        stub: FileId { dev: 1, ino: 9 },
        takes: None,
        baseline: vec!["health".into()],
    }
}

/// One of each entry, in the order of `docs/journal.md`.
pub(super) fn one_of_each() -> [Entry; 5] {
    let laid = Entry::Laid { stub: FileId { dev: 1, ino: 9 } };
    [Entry::Begun(Box::new(begun())), intent(WINCH), witness(None), laid, event(Event::ForwardStarted)]
}

pub(crate) fn event(event: Event) -> Entry {
    Entry::Event { event: Box::new(event) }
}

fn intent(what: Move) -> Entry {
    Entry::Intent { what, to: Some(OLD), way_back: false }
}

fn witness(started: Option<Known>) -> Entry {
    Entry::Witness { made: true, started }
}

const WINCH: Move = Move::Signal { signal: Signal::Winch, to: Generation::Old };

/// A run that was killed after WINCH.
fn entries() -> Vec<Entry> {
    vec![
        event(Event::ForwardStarted),
        event(Event::StepStarted { step: 1, action: "signal".into(), about: String::new(), timeout: 1.0 }),
        intent(Move::OpenWindow),
        witness(Some(NEW)),
        intent(WINCH),
    ]
}

/// The directory of a run with these entries behind its first.
pub(crate) fn written(scratch: &Scratch, entries: &[Entry]) -> PathBuf {
    let directory = scratch.directory("run");
    let first = Entry::Begun(Box::new(begun()));
    let mut journal = Journal::create(&directory, RUN, Duration::from_secs(3), &first).unwrap();
    for entry in entries {
        journal.append(Duration::from_secs(4), entry).unwrap();
    }
    directory
}

fn lines(directory: &std::path::Path) -> Vec<String> {
    fs::read_to_string(directory.join(NAME)).unwrap().lines().map(str::to_owned).collect()
}

/// What is read of a journal of these lines.
fn of_lines(lines: &[String]) -> Result<Replay, Damage> {
    of_text(&(lines.join("\n") + "\n"))
}

fn of_text(text: &str) -> Result<Replay, Damage> {
    let scratch = Scratch::new();
    let file = scratch.write(NAME, text.as_bytes());
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    read(scratch.path(), RUN)
}

fn damaged_at(read: Result<Replay, Damage>) -> Option<usize> {
    match read.err()? {
        Damage::Line { line, .. } => Some(line),
        other => panic!("{other}"),
    }
}

#[test]
fn it_is_read_as_it_was_written() {
    let scratch = Scratch::new();
    let directory = written(&scratch, &entries());
    let replay = read(&directory, RUN).unwrap();
    assert_eq!((replay.phase, replay.step, replay.torn), (Phase::Forward { step: 1 }, 1, false));
    assert_eq!((replay.masters[0].1.id, replay.masters[1]), (OLD, (Generation::New, NEW)));
    assert_eq!((replay.began, replay.unfinished()), (Duration::from_secs(3), true));
    let moves: Vec<_> =
        replay.moves.iter().map(|made| (made.what.clone(), made.sent, made.unknown)).collect();
    assert_eq!(moves, [(Move::OpenWindow, true, false), (WINCH, false, true)]);
    assert_eq!(replay.begun.baseline, ["health"]);
}

#[test]
fn a_torn_last_line_is_cut_wherever_it_is_torn_and_the_journal_goes_on() {
    let scratch = Scratch::new();
    let directory = written(&scratch, &entries());
    let text = fs::read_to_string(directory.join(NAME)).unwrap();
    let last = text.trim_end().rfind('\n').unwrap() + 1;
    for length in [last + 1, last + 40, text.len() - 1] {
        let replay = of_text(&text[..length]).unwrap();
        assert!(replay.torn && replay.moves.len() == 1, "{length}");
    }
    fs::write(directory.join(NAME), &text[..text.len() - 9]).unwrap();
    let replay = read(&directory, RUN).unwrap();
    let mut journal = Journal::reopen(&directory, &replay).unwrap();
    let taken = |goes| Event::TakenOver { run: RUN.into(), plan: String::new(), by: By::Recover, goes };
    journal.append(Duration::from_secs(5), &event(taken(Goes::Back))).unwrap();
    let replay = read(&directory, RUN).unwrap();
    assert_eq!((replay.phase, replay.torn), (Phase::RollingBack, false));
}

#[test]
fn any_other_damage_is_found_at_its_line() {
    let scratch = Scratch::new();
    let whole = lines(&written(&scratch, &entries()));
    assert!(of_lines(&whole).is_ok());
    for at in 0..whole.len() {
        let mut edited = whole.clone();
        edited[at] = edited[at].replacen("\"seq\":", "\"seq\": ", 1);
        assert_eq!(damaged_at(of_lines(&edited)), Some(at + 1), "edited");
        let mut cut = whole.clone();
        cut.remove(at);
        let first_wrong = (at + 1).min(cut.len());
        if at + 1 < whole.len() {
            assert_eq!(damaged_at(of_lines(&cut)), Some(first_wrong), "without line {at}");
        }
        let mut twice = whole.clone();
        twice.insert(at, whole[at].clone());
        assert_eq!(damaged_at(of_lines(&twice)), Some(at + 2), "line {at} twice");
    }
    let mut swapped = whole.clone();
    swapped.swap(2, 3);
    assert_eq!(damaged_at(of_lines(&swapped)), Some(3));
    assert_eq!(damaged_at(of_text("")), Some(1));
    assert_eq!(damaged_at(of_text("no line at all")), Some(1));
    assert_eq!(damaged_at(of_text("\n")), Some(1));
}

#[test]
fn the_journal_of_another_run_is_damaged() {
    let scratch = Scratch::new();
    let directory = written(&scratch, &entries());
    assert_eq!(damaged_at(read(&directory, "another")), Some(1));
}

/// Where the journal is damaged when `entry` follows the others.
fn after(before: &[Entry], entry: Entry) -> Option<usize> {
    let scratch = Scratch::new();
    damaged_at(read(&written(&scratch, &[before, &[entry]].concat()), RUN))
}

#[test]
fn what_cannot_follow_is_damage_also_where_its_checksum_is_right() {
    let all = entries();
    // WINCH is in hand.
    assert_eq!(after(&all, intent(WINCH)), Some(7));
    assert_eq!(after(&all, event(Event::WayBackStarted)), Some(7));
    assert_eq!(after(&all, Entry::Laid { stub: FileId { dev: 1, ino: 2 } }), Some(7));
    assert_eq!(after(&all, witness(None)), None);
    assert_eq!(after(&all[..1], witness(None)), Some(3));
    assert_eq!(after(&all[..1], Entry::Begun(Box::new(begun()))), Some(3));
    assert_eq!(after(&all[..1], event(Event::QuitSent { pid: 1 })), Some(3));
    assert_eq!(after(&[], intent(WINCH)), Some(2), "no move before the run goes forward");
    let ended = [event(Event::Refused), event(Event::Verdict(Verdict::example()))];
    assert_eq!(after(&ended, event(Event::WayBackStarted)), Some(4));
}

#[test]
fn a_newer_format_is_named_whatever_else_it_says() {
    let error = of_text("{\"journal_format\":2,\"new\":true}\n").unwrap_err();
    assert_eq!(
        (error.code(), error.to_string().ends_with("has format 2, this changeover reads up to 1")),
        ("journal/newer-format", true)
    );
}

#[test]
fn a_file_that_others_may_have_written_is_not_read() {
    let code = |change: fn(&std::path::Path)| {
        let scratch = Scratch::new();
        let directory = written(&scratch, &entries());
        change(&directory.join(NAME));
        read(&directory, RUN).unwrap_err().code()
    };
    for mode in [0o620, 0o602] {
        let scratch = Scratch::new();
        let directory = written(&scratch, &entries());
        fs::set_permissions(directory.join(NAME), fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(read(&directory, RUN).unwrap_err().code(), "journal/untrusted");
    }
    let linked = |file: &std::path::Path| {
        fs::rename(file, file.with_extension("moved")).unwrap();
        symlink(file.with_extension("moved"), file).unwrap();
    };
    assert_eq!(code(linked), "journal/untrusted");
    let fifo = |file: &std::path::Path| {
        fs::remove_file(file).unwrap();
        nix::unistd::mkfifo(file, nix::sys::stat::Mode::S_IRWXU).unwrap();
    };
    assert_eq!(code(fifo), "journal/untrusted");
    assert_eq!(code(|file| fs::remove_file(file).unwrap()), "journal/unreadable");
    if rustix::process::geteuid().is_root() {
        assert_eq!(code(|file| std::os::unix::fs::chown(file, Some(33), None).unwrap()), "journal/untrusted");
    }
}

#[test]
fn after_a_restart_the_files_beside_the_path_have_the_device_that_its_directory_has_now() {
    let [was, now, other] = [1, 5, 2].map(|dev| FileId { dev, ino: 8 });
    let staged = |id| Staged {
        name: "staged".into(),
        path: "/usr/sbin/staged".into(),
        file: Hashed { sha256: String::new(), id, size: 1 },
    };
    let mut begun = Begun { takes: Some(was), ..begun() };
    (begun.ready.staged, begun.ready.kept) = (Some(staged(was)), Some(staged(was)));
    // The path is a symlink to a file of another file system.
    begun.ready.place.file = other;
    begun.moves_to_device(5);
    let Begun { ready, stub, takes, .. } = begun;
    assert_eq!((ready.place.entry, ready.place.file), (FileId { dev: 5, ino: 7 }, other));
    assert_eq!((stub, takes), (FileId { dev: 5, ino: 9 }, Some(now)));
    assert_eq!([ready.staged, ready.kept].map(|copy| copy.unwrap().file.id), [now, now]);
}

#[test]
fn two_never_write_the_same_journal() {
    let scratch = Scratch::new();
    let directory = scratch.directory("run");
    let first = Entry::Begun(Box::new(begun()));
    let journal = Journal::create(&directory, RUN, Duration::ZERO, &first).unwrap();
    let replay = read(&directory, RUN).unwrap();
    assert_eq!(Journal::reopen(&directory, &replay).unwrap_err().code(), "journal/not-written");
    drop(journal);
    Journal::reopen(&directory, &replay).unwrap();
}

#[test]
fn the_open_run_is_a_name_and_leads_nowhere_else() {
    let scratch = Scratch::new();
    assert_eq!(open_run(scratch.path()), None);
    let mark = OpenRun::mark(scratch.path(), RUN).unwrap();
    assert_eq!(open_run(scratch.path()).as_deref(), Some(RUN));
    OpenRun::mark(scratch.path(), "later").unwrap();
    assert_eq!(open_run(scratch.path()).as_deref(), Some("later"));
    mark.close().unwrap();
    mark.close().unwrap();
    for name in ["../x", "/etc", ".", ""] {
        let _ = fs::remove_file(scratch.path().join("open"));
        if symlink(name, scratch.path().join("open")).is_ok() {
            assert_eq!(open_run(scratch.path()), None, "{name}");
        }
    }
}
