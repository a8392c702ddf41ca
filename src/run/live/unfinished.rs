//! An earlier run of the instance that has not come to its end: nothing begins before that one is looked after.

use std::{ffi::OsString, path::Path};

use super::{
    refusal::Refusal,
    resume::{Resumable, ResumeError},
};
use crate::{
    engine::Goes,
    host::world_id::WorldId,
    journal::{self, Replay},
    run::left::{goes, goes_after_restart},
};

/// Refuses where a run of this instance is open.
pub(super) fn check(instance: &Path) -> Result<(), Refusal> {
    let Some(run) = journal::open_run(instance) else { return Ok(()) };
    match journal::read(&instance.join(&run), &run) {
        Ok(replay) if replay.unfinished() => {
            Err(Refusal::Unfinished { would: would(&replay), run, pid: replay.begun.pid })
        }
        // It was stopped, or is stuck: what it has left, the checks of the host find.
        Ok(_) => Ok(()),
        // The mark comes after the journal: this one was taken away, and says nothing any more.
        Err(damage) if damage.is_missing() => Ok(()),
        Err(damage) => Err(damage.into()),
    }
}

/// The run of this instance that `recover` would go on with, and why it would not; `None` where there is none. Nothing is
/// changed or locked.
#[must_use]
pub fn open_run(
    instance: &Path,
    environment: &dyn Fn(&str) -> Option<OsString>,
) -> Option<(String, Result<Resumable, ResumeError>)> {
    let run = journal::open_run(instance)?;
    let read = Resumable::read(instance, &run, environment);
    let read = read.and_then(|resumable| resumable.is_here().map(|()| resumable));
    match &read {
        Ok(resumable) if resumable.has_ended() => None,
        Err(ResumeError::Damaged(damage)) if damage.is_missing() => None,
        _ => Some((run, read)),
    }
}

/// What `recover` would do with a run, in words.
#[must_use]
pub fn would(replay: &Replay) -> &'static str {
    if WorldId::here().boot != replay.begun.world.boot {
        return match goes_after_restart(replay) {
            Goes::Back => {
                "put back what was found at the binary path, and signal nobody: the host was started again"
            }
            Goes::Forward => {
                "put the new file at the binary path, and signal nobody: the host was started again"
            }
        };
    }
    match goes(replay.phase, replay.committed) {
        Some(Goes::Back) => "go back to old",
        Some(Goes::Forward) => "wait for old to finish its connections",
        None => "finish the commit where new accepts, else go back to old",
    }
}

#[cfg(test)]
mod tests {
    use std::{path::PathBuf, time::Duration};

    use super::{open_run, would};
    use crate::{
        engine::{Ending, Event, Verdict},
        host::{files::sha256, scratch::Scratch},
        journal::{self, Begun, Entry, Journal, OpenRun, tests},
    };

    const PLAN: &str = r#"format = 1
name = "nginx"
[service]
kind = "nginx"
pid-file = "/run/nginx.pid"
[[step]]
action = "rollback"
"#;

    /// An instance with an open run of this beginning.
    fn open(scratch: &Scratch, name: &str, begun: Begun, events: &[Event]) -> PathBuf {
        let instance = scratch.directory(name);
        let directory = scratch.directory(&format!("{name}/{}", tests::RUN));
        scratch.write(&format!("{name}/{}/{}", tests::RUN, journal::PLAN), PLAN.as_bytes());
        let first = Entry::Begun(Box::new(Begun { plan_sha256: sha256(PLAN.as_bytes()), ..begun }));
        let mut journal = Journal::create(&directory, tests::RUN, Duration::ZERO, &first).unwrap();
        for event in events.iter().cloned() {
            journal.append(Duration::ZERO, &tests::event(event)).unwrap();
        }
        OpenRun::mark(&instance, tests::RUN).unwrap();
        instance
    }

    #[test]
    fn a_run_is_open_until_it_has_ended_and_one_of_another_machine_is_not_gone_on_with() {
        let scratch = Scratch::new();
        let is_open = |instance: PathBuf| open_run(&instance, &|_| None).map(|(_, read)| read.is_ok());
        let ends = |ending| {
            let back = vec![Event::ForwardStarted, Event::WayBackStarted, Event::RolledBack];
            [back, vec![Event::Verdict(Verdict { verdict: ending, ..Verdict::example() })]].concat()
        };
        let here = tests::begun;
        assert_eq!(is_open(open(&scratch, "begun", here(), &[Event::ForwardStarted])), Some(true));
        assert_eq!(is_open(open(&scratch, "back", here(), &ends(Ending::RolledBack))), None);
        assert_eq!(is_open(open(&scratch, "stuck", here(), &ends(Ending::Stuck))), Some(true));
        let mut elsewhere = here();
        elsewhere.world.machine = "another".into();
        assert_eq!(is_open(open(&scratch, "elsewhere", elsewhere, &[])), Some(false));
        let taken_away = scratch.directory("taken");
        OpenRun::mark(&taken_away, tests::RUN).unwrap();
        assert_eq!(is_open(taken_away), None, "the mark alone says nothing");
    }

    /// What would become of a run that ended with these events, in this boot and after a restart of the host.
    fn would_after(events: &[Event]) -> [&'static str; 2] {
        let scratch = Scratch::new();
        let entries: Vec<_> = events.iter().cloned().map(tests::event).collect();
        let here = journal::read(&tests::written(&scratch, &entries), tests::RUN).unwrap();
        let mut restarted = here.clone();
        restarted.begun.world.boot = "another".into();
        [would(&here), would(&restarted)]
    }

    #[test]
    fn what_recover_would_do_is_what_the_journal_and_the_boot_lead_to() {
        const FOUND: &str =
            "put back what was found at the binary path, and signal nobody: the host was started again";
        const NEW: &str =
            "put the new file at the binary path, and signal nobody: the host was started again";
        let committed = [Event::ForwardStarted, Event::CommitRecorded];
        let told = Event::QuitSent { pid: 812 };
        assert_eq!(would_after(&[Event::ForwardStarted]), ["go back to old", FOUND]);
        assert_eq!(
            would_after(&committed),
            ["finish the commit where new accepts, else go back to old", NEW]
        );
        let [forward, recorded] = committed;
        let back = [forward.clone(), recorded.clone(), Event::WayBackStarted];
        assert_eq!(would_after(&back), ["go back to old", FOUND], "whoever was going back goes back");
        assert_eq!(would_after(&[forward, recorded, told]), ["wait for old to finish its connections", NEW]);
    }
}
