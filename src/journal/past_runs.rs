//! The runs of before, as their directories tell them: bounded, and one that cannot be read hides no other.

use std::path::{Path, PathBuf};

use super::{events, instance::runs, reader::read, replay::Replay, writer::NAME};
use crate::engine::{By, Damaged, Event, PastRun, Record, Verdict};

/// No more runs are read at once: the newest ones.
const MOST: usize = 1_000;
/// The exit code of whoever is asked to go on with a run whose journal cannot be believed.
const DAMAGED: u8 = 32;

/// Runs of before.
#[derive(Clone, Debug)]
pub struct PastRuns {
    /// The newest, oldest first.
    pub runs: Vec<PastRun>,
    /// How many earlier ones there are.
    pub earlier: usize,
}

/// The runs of these instances: of each its journal is read, and of its events the beginning; where it has no journal,
/// the last one too.
#[must_use]
pub fn past_runs(instances: &[PathBuf]) -> PastRuns {
    let mut all: Vec<(String, &Path)> = Vec::new();
    for instance in instances {
        all.extend(runs(instance).into_iter().map(|run| (run, instance.as_path())));
    }
    all.sort();
    let earlier = all.len().saturating_sub(MOST);
    let newest = all.iter().skip(earlier).map(|(run, instance)| past_run(instance, run));
    PastRuns { runs: newest.collect(), earlier }
}

/// One run of an instance.
#[must_use]
pub fn past_run(instance: &Path, run: &str) -> PastRun {
    let directory = instance.join(run);
    let instance = instance.file_name().unwrap_or_default().display().to_string();
    let mut past = PastRun { run: run.to_owned(), instance, ..PastRun::default() };
    began(&mut past, &directory);
    match read(&directory, run) {
        Ok(replay) => journaled(&mut past, replay),
        // It was refused before it began, or its process has not come so far, or did not.
        Err(damage) if damage.is_missing() || is_empty(&directory) => {
            if let Some(Record { event: Event::Verdict(verdict), .. }) = events::last(&directory) {
                ended(&mut past, &verdict, None);
            }
        }
        Err(damage) => {
            let (code, message) = (damage.code().to_owned(), damage.to_string());
            (past.damage, past.exit, past.begun) = (Some(Damaged { code, message }), Some(DAMAGED), true);
        }
    }
    past
}

/// Whether a journal was made, and not even its first line came to be: nothing was touched before that.
fn is_empty(directory: &Path) -> bool {
    directory.join(NAME).symlink_metadata().is_ok_and(|it| it.is_file() && it.len() == 0)
}

/// What its first events say, up to the one that says what was found.
fn began(past: &mut PastRun, directory: &Path) {
    for record in events::first(directory) {
        past.at.get_or_insert(record.at);
        match record.event {
            Event::RunStarted { plan, file, .. } => (past.plan, past.file) = (Some(plan), Some(file)),
            Event::Found { old, pid_file, version, .. } => {
                (past.old, past.new, past.pid_file) = (Some(old.version), version, Some(pid_file));
                return;
            }
            _ => {}
        }
    }
}

/// What its journal says, which is believed before its events.
fn journaled(past: &mut PastRun, replay: Replay) {
    let ready = replay.begun.ready;
    past.begun = true;
    past.at.get_or_insert(replay.began_at);
    past.pid_file = Some(ready.pid_file.display().to_string());
    past.file = Some(replay.begun.file);
    (past.old, past.new) = (Some(ready.old_version), Some(ready.new_version));
    if let Some(verdict) = replay.verdict {
        ended(past, &verdict, replay.taken_over_by);
    }
}

fn ended(past: &mut PastRun, verdict: &Verdict, by: Option<By>) {
    (past.verdict, past.exit, past.took) = (Some(verdict.verdict), Some(verdict.exit), Some(verdict.took));
    past.ended_by = Some(by.into());
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests make the files that they look at")]
mod tests {
    use std::{os::unix::fs::symlink, path::PathBuf};

    use super::{
        super::{RunDirectory, tests},
        MOST, NAME, past_run, past_runs,
    };
    use crate::{
        engine::{By, EndedBy, Ending, Event, Goes, Master, PastRun, Record, Verdict},
        host::scratch::Scratch,
        journal::Entry,
    };

    /// What a run tells before it changes anything.
    fn told(run: &str, more: Vec<Event>) -> Vec<Event> {
        let started = Event::RunStarted {
            run: run.into(),
            plan: "nginx 1.26.3".into(),
            file: "plans/nginx.toml".into(),
            changeover: "0".into(),
        };
        let found = Event::Found {
            old: Master { pid: 812, workers: 2, version: "nginx/1.18.0".into() },
            pid_file: "/run/nginx.pid".into(),
            binary: String::new(),
            version: Some("nginx/1.26.3".into()),
            expected: None,
        };
        [vec![started, found], more].concat()
    }

    fn tells(instance: &std::path::Path, run: &str, events: Vec<Event>) {
        let mut directory = RunDirectory::create(instance, run, "", &[]).unwrap();
        for (seq, event) in (1..).zip(events) {
            directory.append(&Record { seq, ms: 0.0, at: format!("2026-11-27T22:00:0{seq}Z"), event });
        }
    }

    /// A run with this journal, told of as in `told`.
    fn journaled(entries: &[Entry]) -> (Scratch, PathBuf) {
        let (scratch, at) = (Scratch::new(), Scratch::new());
        let instance = at.directory("run_nginx.pid");
        tells(&instance, tests::RUN, told(tests::RUN, Vec::new()));
        let from = tests::written(&scratch, entries).join(NAME);
        std::fs::rename(from, instance.join(tests::RUN).join(NAME)).unwrap();
        (at, instance)
    }

    fn ends(entries: Vec<Event>) -> PastRun {
        let (_at, instance) = journaled(&entries.into_iter().map(tests::event).collect::<Vec<_>>());
        past_run(&instance, tests::RUN)
    }

    #[test]
    fn a_run_is_told_by_its_journal_and_by_who_ended_it() {
        let verdict = || {
            Event::Verdict(Verdict { exit: 20, verdict: Ending::RolledBack, took: 3.0, ..Verdict::example() })
        };
        let taken =
            |by| Event::TakenOver { run: tests::RUN.into(), plan: String::new(), by, goes: Goes::Back };
        let back = || vec![Event::ForwardStarted, Event::WayBackStarted, Event::RolledBack, verdict()];
        let run = ends(back());
        assert_eq!((run.verdict, run.exit, run.took), (Some(Ending::RolledBack), Some(20), Some(3.0)));
        // The journal is believed before the events.
        assert_eq!((run.old.as_deref(), run.plan.as_deref()), (Some("nginx/1.22.1"), Some("nginx 1.26.3")));
        assert_eq!(
            (run.instance.as_str(), run.at.as_deref()),
            ("run_nginx.pid", Some("2026-11-27T22:00:01Z"))
        );
        assert_eq!(run.ended_by, Some(EndedBy::Run));
        for (by, ended_by) in [(By::Guardian, EndedBy::Guardian), (By::Recover, EndedBy::Recover)] {
            let events = vec![Event::ForwardStarted, taken(by), Event::RolledBack, verdict()];
            assert_eq!(ends(events).ended_by, Some(ended_by));
        }
        let under_way = ends(vec![Event::ForwardStarted, taken(By::Guardian)]);
        assert_eq!((under_way.verdict, under_way.ended_by, under_way.begun), (None, None, true));
    }

    #[test]
    fn a_damaged_run_says_so_and_hides_no_other() {
        let (_at, instance) = journaled(&[tests::event(Event::ForwardStarted)]);
        let journal = instance.join(tests::RUN).join(NAME);
        let text = std::fs::read_to_string(&journal).unwrap();
        std::fs::write(&journal, text.replacen("forward-started", "refused", 1)).unwrap();
        tells(
            &instance,
            "20261127T230000-9",
            told("", vec![Event::Refused, Event::Verdict(Verdict::example())]),
        );
        // Neither is a run.
        symlink(tests::RUN, instance.join("open")).unwrap();
        symlink(tests::RUN, instance.join("20261128T000000-1")).unwrap();
        let past = past_runs(std::slice::from_ref(&instance));
        let [damaged, refused] = past.runs.as_slice() else { panic!("{past:?}") };
        std::fs::write(instance.join("20261127T230000-9").join(NAME), "").unwrap();
        assert_eq!(
            past_run(&instance, "20261127T230000-9"),
            *refused,
            "an empty journal says as much as none"
        );
        let code = damaged.damage.as_ref().map(|damage| damage.code.as_str());
        assert_eq!((code, damaged.exit, damaged.verdict), (Some("journal/damaged"), Some(32), None));
        assert_eq!(
            (damaged.old.as_deref(), damaged.begun),
            (Some("nginx/1.18.0"), true),
            "as its events say"
        );
        assert_eq!((refused.verdict, refused.ended_by), (Some(Ending::Committed), Some(EndedBy::Run)));
        assert_eq!((refused.begun, refused.new.as_deref()), (false, Some("nginx/1.26.3")));
    }

    #[test]
    fn runs_of_all_instances_stand_in_the_order_of_time_and_only_the_newest_are_read() {
        let at = Scratch::new();
        let [one, other] = ["a.pid", "b.pid"].map(|name| at.directory(name));
        for at in 0..MOST + 2 {
            let instance = if at % 2 == 0 { &one } else { &other };
            let run = format!("20261127T22{at:04}-7");
            std::fs::create_dir(instance.join(run)).unwrap();
        }
        let past = past_runs(&[one, other]);
        assert_eq!((past.runs.len(), past.earlier), (MOST, 2));
        assert!(past.runs.is_sorted_by_key(|run| run.run.clone()));
        assert_eq!(past.runs[0].run, "20261127T220002-7");
        assert!(past.runs.iter().all(|run| run.verdict.is_none() && !run.begun), "nothing is known of them");
    }
}
