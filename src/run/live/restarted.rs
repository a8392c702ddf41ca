//! A run that a restart of the host has ended: no process of it lives, so nothing is signalled; its files are put right.

use super::{
    Resumable, Teller,
    prepared::Files,
    recorder::Recorder,
    resume::{self, ResumeError},
    start::serving,
};
use crate::{
    engine::{By, Ending, Event, Goes, Serving, Verdict},
    host::directory::Directory,
    journal::{self, Entry, Journal, OpenRun, Replay, RunDirectory},
    protocol::{Move, Stuck},
    run::{Left, MoveError, left::goes_after_restart, recipe, until::millis},
};

impl Resumable {
    /// Puts the files right after a restart of the host; the exit code.
    ///
    /// # Errors
    /// [`ResumeError`] when nothing was done.
    pub fn after_restart(self, teller: Teller) -> Result<u8, ResumeError> {
        let Self { instance, replay, loaded } = self;
        resume::is_here(&replay)?;
        let _locks = resume::lock(&replay)?;
        let run = replay.begun.run.clone();
        let directory = instance.join(&run);
        let mut replay = journal::read(&directory, &run)?;
        let device = Directory::open(&replay.begun.ready.place.directory)?.device()?;
        replay.begun.moves_to_device(device);
        let (mut files, _) = Files::reopen(&replay.begun)?;
        let journal = Journal::reopen(&directory, &replay)?;
        let mut recorder = Recorder::new(teller, loaded.plan.secrets.clone());
        let directory = RunDirectory::reopen(&directory)?;
        files.binary.runs = directory.runs();
        recorder.keep_in(directory);
        recorder.go_on_in(journal, OpenRun::of(&instance));
        Ok(put_right(&replay, &files, &mut recorder, &loaded.plan.name).exit)
    }
}

fn put_right(replay: &Replay, files: &Files, recorder: &mut Recorder, plan: &str) -> Verdict {
    let (run, plan) = (replay.begun.run.clone(), plan.to_owned());
    let goes = goes_after_restart(replay);
    let committed = goes == Goes::Forward;
    recorder.tell(Event::TakenOver { run, plan, by: By::Recover, goes });
    let done = reconcile(files, recorder, committed);
    let path = replay.begun.ready.place.path().display().to_string();
    let verdict = match done {
        Ok(holds) => {
            recorder.tell(Event::HostRestarted { path: format!("{path} holds {holds}") });
            files.tidy(committed);
            let ending = if committed { Ending::Committed } else { Ending::RolledBack };
            let now = format!("the host was started again; {path} holds {holds}");
            let mut verdict = verdict(replay, recorder, (ending, if committed { 0 } else { 20 }), now);
            let back = recipe::rollback(&replay.begun.run, replay.begun.ready.new_file, true);
            verdict.next.extend(back.filter(|_| committed));
            verdict
        }
        Err(error) => {
            recorder.tell(Event::Stuck { why: Stuck::NoProgress });
            let exit = if serving(&replay.begun.ready.pid_file) == Serving::None { 31 } else { 30 };
            verdict(
                replay,
                recorder,
                (Ending::Stuck, exit),
                format!("the host was started again; {}", error.text),
            )
        }
    };
    recorder.tell(Event::Verdict(verdict.clone()));
    verdict
}

fn reconcile(files: &Files, recorder: &mut Recorder, committed: bool) -> Result<&'static str, MoveError> {
    let what = if committed { Move::Install } else { Move::ExchangeBack };
    recorder.journal(&Entry::Intent { what, to: None, way_back: !committed })?;
    let done = files.binary.reconcile(committed);
    recorder.journal(&Entry::Witness { made: done.is_ok(), started: None })?;
    done
}

fn verdict(replay: &Replay, recorder: &Recorder, (ending, exit): (Ending, u8), now: String) -> Verdict {
    let diagnosis = (exit != 0).then(|| Left::of(replay, By::Recover).fault);
    Verdict {
        verdict: ending,
        exit,
        changed: ending.changes(),
        serving: serving(&replay.begun.ready.pid_file),
        failed: diagnosis.as_ref().map(|_| replay.step).filter(|step| *step > 0),
        diagnosis,
        run: replay.begun.run.clone(),
        message: String::new(),
        now,
        next: Vec::new(),
        took: millis(recorder.now()),
    }
}
