//! A committed run that a person takes back: what it has kept, whether that is proven, and the plan that brings it.

use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::{
    engine::Ending,
    host::files::{Symlinks, hash_file},
    journal::{self, Damage, Replay},
    observe::{self, Side},
    plan::{Brings, Document, Reversed, reversed},
    report::words,
};

/// A committed run that is to be taken back.
#[derive(Clone, Debug)]
pub struct Rollback {
    /// The run.
    run: String,
    /// SHA-256 of the file that it has committed.
    committed: String,
    /// The file that it has kept.
    kept: PathBuf,
    /// The SHA-256 that this file had.
    sha256: String,
}

/// Why a run is not taken back; nothing was touched.
#[derive(Clone, Debug, Error)]
pub enum NoRollback {
    /// It did not commit.
    #[error("the run {run} has not committed: {ended}")]
    NotCommitted {
        /// The run.
        run: String,
        /// How it ended, in words.
        ended: &'static str,
        /// It was stopped, or is stuck: a person can have it gone on with.
        open: bool,
    },
    /// It executed the same file again.
    #[error("the run {run} executed the file that ran before: it has kept no other")]
    NothingKept {
        /// The run.
        run: String,
    },
    /// Another file runs than it has committed.
    #[error("master {pid} does not run what the run {run} has committed: something else was installed since")]
    InstalledSince {
        /// The run.
        run: String,
        /// The master.
        pid: i32,
    },
    /// What it has kept is not there any more.
    #[error("what the run {run} has kept is gone: there is no {kept}", kept = kept.display())]
    Gone {
        /// The run.
        run: String,
        /// The file.
        kept: PathBuf,
    },
    /// What it has kept cannot be proven to be what ran before.
    #[error("{kept} {why}: it is not proven to be what ran before the run {run}", kept = kept.display())]
    NotProven {
        /// The run.
        run: String,
        /// The file.
        kept: PathBuf,
        /// What is wrong with it, in words.
        why: String,
    },
}

impl NoRollback {
    /// The one name of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotCommitted { .. } => "run/not-committed",
            Self::NothingKept { .. } => "run/nothing-kept",
            Self::InstalledSince { .. } => "run/installed-since",
            Self::Gone { .. } => "run/kept-gone",
            Self::NotProven { .. } => "run/kept-not-proven",
        }
    }

    /// What was expected.
    pub(super) const fn expected(&self) -> &'static str {
        match self {
            Self::NotCommitted { .. } => "the run has committed",
            Self::NothingKept { .. } => "the run has kept what ran before",
            Self::InstalledSince { .. } => "what the run has committed still runs",
            Self::Gone { .. } | Self::NotProven { .. } => "what the run has kept is as it was",
        }
    }

    /// What a person does.
    pub(super) fn todo(&self) -> String {
        const ANOTHER: &str = "`changeover run` a plan with the binary that is wanted";
        const NEWEST: &str = "without an id `changeover rollback` takes the newest run that has committed";
        match self {
            Self::NotCommitted { run, open: true, .. } => {
                format!("changeover recover --run {run}   # goes back to what ran before")
            }
            Self::NotCommitted { .. } => NEWEST.to_owned(),
            Self::InstalledSince { .. } => format!("{NEWEST}; else {ANOTHER}"),
            _ => ANOTHER.to_owned(),
        }
    }
}

impl Rollback {
    /// Of a run, with the plan that takes it back.
    ///
    /// # Errors
    /// [`NoRollback`] where the run has nothing to take back. What the host says is looked at when that plan is run.
    pub fn of(replay: &Replay, document: &Document) -> Result<(Self, Reversed), NoRollback> {
        let (run, ready) = (replay.begun.run.clone(), &replay.begun.ready);
        if !replay.has_committed() {
            let ending = replay.verdict.as_ref().map(|verdict| verdict.verdict);
            let open = matches!(ending, None | Some(Ending::Stopped | Ending::Stuck));
            let ended = ending.map_or("it has no verdict", words::ending);
            return Err(NoRollback::NotCommitted { run, ended, open });
        }
        let (kept, sha256, committed) = match (&ready.staged, &ready.kept, &ready.adopted) {
            (Some(staged), ..) => {
                // Where the path was a symlink, that is what is kept, and the file that it names is what ran.
                let found = if ready.place.is_symlink() { &ready.place.leads_to } else { &staged.path };
                (found.clone(), ready.fingerprint.sha256.clone(), &staged.file)
            }
            (None, Some(kept), Some(adopted)) => (kept.path.clone(), Some(kept.file.sha256.clone()), adopted),
            _ => return Err(NoRollback::NothingKept { run }),
        };
        let Some(sha256) = sha256 else {
            let why = "was not read when the run began".to_owned();
            return Err(NoRollback::NotProven { run, kept, why });
        };
        let version = ready.old_version.split_once('/').map_or(&*ready.old_version, |(_, version)| version);
        // A journal can only name paths that are text.
        let source = kept.display().to_string();
        let brings = Brings { source, sha256: sha256.clone(), version: version.to_owned() };
        let Some(plan) = reversed(document, &replay.begun.inputs, &title(&run), &brings) else {
            return Err(NoRollback::NothingKept { run });
        };
        Ok((Self { run, committed: committed.sha256.clone(), kept, sha256 }, plan))
    }

    /// What the plan is called.
    #[must_use]
    pub fn title(&self) -> String {
        title(&self.run)
    }

    /// Whether what was committed still runs, and what was kept is still that.
    pub(super) fn stands(&self, pid_file: &Path) -> Result<(), NoRollback> {
        let (run, kept) = (self.run.clone(), self.kept.clone());
        // Without a master, and of one that may not be looked at, preflight says more.
        if let Ok(found) = observe::find(pid_file) {
            let runs = |side: &Side| {
                let exe = PathBuf::from(format!("/proc/{}/exe", side.id.pid));
                hash_file(&exe, Symlinks::Follow).ok().map(|hashed| hashed.sha256)
            };
            let sides = std::iter::once(&found.old).chain(&found.new);
            let running: Vec<String> = sides.filter_map(runs).collect();
            if !running.is_empty() && !running.contains(&self.committed) {
                return Err(NoRollback::InstalledSince { run, pid: found.old.id.pid });
            }
        }
        let why = match hash_file(&kept, Symlinks::Refuse) {
            Err(error) if error.is_missing() => return Err(NoRollback::Gone { run, kept }),
            Err(error) => error.to_string(),
            Ok(hashed) if hashed.sha256 == self.sha256 => return Ok(()),
            Ok(hashed) => format!("has the SHA-256 {}, not {}", hashed.sha256, self.sha256),
        };
        Err(NoRollback::NotProven { run, kept, why })
    }
}

fn title(run: &str) -> String {
    format!("rollback of {run}")
}

/// The newest run of an instance that has committed; where none has, the one that is open: it says why nothing is taken back.
///
/// # Errors
/// [`Damage`] where a journal that may be of a newer one cannot be believed.
pub fn newest(instance: &Path) -> Result<Option<Replay>, Damage> {
    let mut runs: Vec<String> = journal::runs(instance).into_iter().collect();
    runs.retain(|run| instance.join(run).join(journal::NAME).exists());
    runs.sort_by(|one, other| second(other).cmp(second(one)));
    for same_second in runs.chunk_by(|one, other| second(one) == second(other)) {
        let read = same_second.iter().map(|run| journal::read(&instance.join(run), run));
        let replays = read.collect::<Result<Vec<_>, _>>()?;
        let committed = replays.into_iter().filter(Replay::has_committed).max_by_key(|replay| replay.began);
        if committed.is_some() {
            return Ok(committed);
        }
    }
    let open = journal::open_run(instance).filter(|run| runs.contains(run));
    open.map(|run| journal::read(&instance.join(&run), &run)).transpose()
}

/// When a run began, by its id.
fn second(run: &str) -> &str {
    run.split_once('-').map_or(run, |(second, _)| second)
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use super::*;
    use crate::{
        engine::{By, Event, Goes, NewFile, Verdict},
        host::{files::Hashed, scratch::Scratch},
        journal::{Begun, Entry, Journal, OpenRun, tests::begun},
        plan::{Inputs, load},
        preflight::Staged,
        protocol::FileId,
    };

    fn event(event: Event) -> Entry {
        Entry::Event { event: Box::new(event) }
    }

    /// How a run commits, and comes to its end.
    fn commits() -> Vec<Entry> {
        let events = [
            Event::ForwardStarted,
            Event::CommitRecorded,
            Event::QuitSent { pid: 812 },
            Event::Finished { old_gone: true },
            Event::Verdict(Verdict::example()),
        ];
        events.map(event).to_vec()
    }

    /// A run of the instance in this directory that began so many seconds after the boot.
    fn run(instance: &Scratch, run: &str, seconds: u64, entries: &[Entry]) {
        run_of(instance, Begun { run: run.into(), ..begun() }, seconds, entries);
    }

    fn run_of(instance: &Scratch, first: Begun, seconds: u64, entries: &[Entry]) {
        let run = &first.run.clone();
        let (directory, at) = (instance.directory(run), Duration::from_secs(seconds));
        let mut journal = Journal::create(&directory, run, at, &Entry::Begun(Box::new(first))).unwrap();
        for entry in entries {
            journal.append(at, entry).unwrap();
        }
    }

    fn newest_of(instance: &Scratch) -> Result<Option<String>, &'static str> {
        newest(instance.path()).map(|it| it.map(|replay| replay.begun.run)).map_err(|damage| damage.code())
    }

    #[test]
    fn the_newest_commit_is_found_also_among_runs_of_one_second() {
        let instance = Scratch::new();
        assert_eq!(newest_of(&instance), Ok(None));
        run(&instance, "20261127T220000-7", 1, &commits());
        // By its name this one would be the older of the two.
        run(&instance, "20261127T220001-812", 2, &commits());
        run(&instance, "20261127T220001-1013", 3, &commits());
        run(&instance, "20261127T220002-1", 4, &[event(Event::ForwardStarted)]);
        instance.directory("20261127T220003-1");
        OpenRun::mark(instance.path(), "20261127T220002-1").unwrap();
        assert_eq!(newest_of(&instance), Ok(Some("20261127T220001-1013".into())));
    }

    #[test]
    fn where_none_has_committed_it_is_the_open_one() {
        let instance = Scratch::new();
        run(&instance, "20261127T220002-1", 4, &[event(Event::ForwardStarted)]);
        assert_eq!(newest_of(&instance), Ok(None));
        OpenRun::mark(instance.path(), "20261127T220002-1").unwrap();
        assert_eq!(newest_of(&instance), Ok(Some("20261127T220002-1".into())));
        OpenRun::mark(instance.path(), "taken-away").unwrap();
        assert_eq!(newest_of(&instance), Ok(None));
    }

    #[test]
    fn a_damaged_journal_hides_what_is_older_and_nothing_that_is_newer() {
        let instance = Scratch::new();
        run(&instance, "20261127T220000-7", 1, &commits());
        run(&instance, "20261127T220001-7", 2, &commits());
        instance.write("20261127T220000-7/journal.jsonl", b"damaged\n");
        assert_eq!(newest_of(&instance), Ok(Some("20261127T220001-7".into())));
        instance.write("20261127T220001-7/journal.jsonl", b"damaged\n");
        assert_eq!(newest_of(&instance), Err("journal/damaged"));
    }

    const RUN: &str = "20261127T220000-7";

    /// A run in which these events were recorded.
    fn replay(begun: Begun, events: impl IntoIterator<Item = Event>) -> Replay {
        let instance = Scratch::new();
        let entries: Vec<_> = events.into_iter().map(event).collect();
        run_of(&instance, Begun { run: RUN.into(), ..begun }, 1, &entries);
        journal::read(&instance.path().join(RUN), RUN).unwrap()
    }

    fn ends(verdict: Ending) -> Event {
        Event::Verdict(Verdict { verdict, ..Verdict::example() })
    }

    #[test]
    fn whoever_brings_a_run_to_its_end_it_has_committed_where_new_serves_alone() {
        let taken = |goes| Event::TakenOver { run: RUN.into(), plan: String::new(), by: By::Guardian, goes };
        let quit = || Event::QuitSent { pid: 812 };
        let (finished, back) = (|| Event::Finished { old_gone: true }, Event::WayBackStarted);
        for (events, committed) in [
            (vec![], false),
            (vec![quit()], false),
            (vec![quit(), finished(), ends(Ending::Committed)], true),
            (vec![quit(), Event::Finished { old_gone: false }, ends(Ending::Draining)], true),
            (vec![quit(), Event::Stopped, ends(Ending::Stopped)], true),
            (vec![quit(), taken(Goes::Forward), finished(), ends(Ending::Committed)], true),
            (vec![Event::Stopped, ends(Ending::Stopped)], false),
            (vec![back, Event::RolledBack, ends(Ending::RolledBack)], false),
        ] {
            let events = [vec![Event::ForwardStarted, Event::CommitRecorded], events].concat();
            assert_eq!(replay(begun(), events.clone()).has_committed(), committed, "{events:?}");
        }
    }

    /// A committed run that has staged a file, where one with this digest was found.
    fn staged(sha256: Option<&str>) -> Replay {
        let mut begun = begun();
        let file = Hashed { id: FileId { dev: 1, ino: 8 }, sha256: "b".repeat(64), size: 1 };
        let path = PathBuf::from("/usr/sbin/.nginx.changeover-1");
        begun.ready.new_file = NewFile::Staged;
        begun.ready.staged = Some(Staged { name: ".nginx.changeover-1".into(), path, file });
        begun.ready.fingerprint.sha256 = sha256.map(str::to_owned);
        let quit = Event::QuitSent { pid: 812 };
        let finished = Event::Finished { old_gone: true };
        let events = [Event::ForwardStarted, Event::CommitRecorded, quit, finished, ends(Ending::Committed)];
        replay(begun, events)
    }

    fn plan(binary: &str) -> Arc<Document> {
        let text = format!(
            "format = 1\nname = \"n\"\n[service]\nkind = \"nginx\"\npid-file = \"/run/nginx.pid\"\n{binary}[[step]]\n\
             action = \"commit\"\n"
        );
        load("a", text.as_bytes(), &[], Inputs::Given).unwrap().document
    }

    #[test]
    fn what_was_kept_is_named_with_what_ran_and_nothing_is_taken_back_without_its_digest() {
        let adopts = plan("[[step]]\naction = \"adopt-binary\"\n");
        let (_, back) = Rollback::of(&staged(Some(&"c".repeat(64))), &adopts).unwrap();
        for said in ["\"/usr/sbin/.nginx.changeover-1\"", &"c".repeat(64), "version = \"1.22.1\""] {
            assert!(back.text.contains(said), "{}", back.text);
        }
        let none = |replay: Replay, plan: &Document| Rollback::of(&replay, plan).unwrap_err();
        assert_eq!(none(staged(None), &adopts).code(), "run/kept-not-proven");
        assert_eq!(none(staged(Some("c")), &plan("")).code(), "run/nothing-kept");
        let stopped = replay(begun(), [Event::ForwardStarted, Event::Stopped, ends(Ending::Stopped)]);
        let none = none(stopped, &adopts);
        assert_eq!(none.code(), "run/not-committed");
        assert!(none.todo().starts_with(&format!("changeover recover --run {RUN} ")), "{}", none.todo());
    }
}
