//! Events become records: numbered, timed, journaled where they must be, written to the run's file and told.

use std::{path::Path, time::Duration};

use super::{Teller, binary::refused, refusal::Refusal};
use crate::{
    engine::{Ending, Event, Record},
    host::clock::{self, Clock},
    journal::{Begun, Entry, Journal, NotRecorded, OpenRun, RunDirectory, keeps},
    plan::Secrets,
    report::message,
    run::{MoveError, until::millis},
};

/// The one place where events of a run go.
pub(super) struct Recorder {
    clock: Clock,
    /// How long the run was suspended.
    away: Duration,
    seq: u64,
    directory: Option<RunDirectory>,
    /// What was told before the run had its directory.
    early: Vec<Record>,
    journal: Option<Journal>,
    /// The mark of a run that has not come to its end.
    open: Option<OpenRun>,
    secrets: Secrets,
    teller: Teller,
}

impl Recorder {
    /// The run begins now. Nothing that is told will hold one of these secrets.
    pub(super) fn new(teller: Teller, secrets: Secrets) -> Self {
        Self {
            clock: Clock::start(),
            away: Duration::ZERO,
            seq: 0,
            directory: None,
            early: Vec::new(),
            journal: None,
            open: None,
            secrets,
            teller,
        }
    }

    /// The same for a run that another process began at this time of the kernel's monotonic clock.
    pub(super) fn resumed(teller: Teller, secrets: Secrets, began: Duration) -> Self {
        Self { clock: Clock::started(began), ..Self::new(teller, secrets) }
    }

    /// Makes the journal of the run: from now on another process can go on with it.
    pub(super) fn begin_journal(&mut self, instance: &Path, begun: Begun) -> Result<(), Refusal> {
        let run = begun.run.clone();
        let first = Entry::Begun(Box::new(begun));
        // Its times count from when the run began, which was before this.
        let journal = Journal::create(&instance.join(&run), &run, self.clock.start_time(), &first)?;
        let open = OpenRun::mark(instance, &run)
            .map_err(|source| NotRecorded { path: instance.to_owned(), source })?;
        self.go_on_in(journal, open);
        Ok(())
    }

    /// From now on the run is journaled there.
    pub(super) fn go_on_in(&mut self, journal: Journal, open: OpenRun) {
        (self.journal, self.open) = (Some(journal), Some(open));
    }

    /// Puts an entry into the journal, once there is one; durable, where it must be, when this returns.
    pub(super) fn journal(&mut self, entry: &Entry) -> Result<(), MoveError> {
        let Some(journal) = &mut self.journal else { return Ok(()) };
        journal.append(clock::monotonic(), entry).map_err(|error| refused(error.code(), &error))
    }

    /// Records also go to the run's event file: those from now on, and those that were told before there was one.
    pub(super) fn keep_in(&mut self, mut directory: RunDirectory) {
        self.seq = directory.last_seq().max(self.seq);
        for record in self.early.drain(..) {
            directory.append(&record);
        }
        self.directory = Some(directory);
    }

    /// The run's directory, once there is one.
    pub(super) fn directory(&self) -> Option<&Path> {
        self.directory.as_ref().map(RunDirectory::path)
    }

    /// How long ago the run began, by a clock that stands still while the run is suspended.
    pub(super) fn now(&self) -> Duration {
        self.clock.elapsed().saturating_sub(self.away)
    }

    /// This much of the time that has passed does not count.
    pub(super) fn stand_still_for(&mut self, away: Duration) {
        self.away = self.away.saturating_add(away);
    }

    /// Clears a text of the plan's secrets: before it is cut or searched, where it comes from a server or a log.
    pub(super) fn hide(&self, text: &mut String) {
        self.secrets.hide(text);
    }

    /// Makes an event known. To people that is best effort.
    ///
    /// # Errors
    /// [`MoveError`] when the journal should keep it and cannot.
    pub(super) fn record(&mut self, mut event: Event) -> Result<(), MoveError> {
        self.seq += 1;
        event.texts(&mut |text| self.secrets.hide(text));
        if let Event::Verdict(verdict) = &mut event
            && verdict.message.is_empty()
        {
            // Of texts that hold no secret any more: this one is cut, and a piece of a secret is not always found.
            verdict.message = message(verdict);
        }
        let kept = if keeps(&event) {
            self.journal(&Entry::Event { event: Box::new(event.clone()) })
        } else {
            Ok(())
        };
        self.close_after(&event);
        let record = Record { seq: self.seq, ms: millis(self.now()), at: clock::wall_time(), event };
        match &mut self.directory {
            Some(directory) => directory.append(&record),
            None => self.early.push(record.clone()),
        }
        (self.teller)(&record);
        kept
    }

    /// Makes an event known that nothing depends on.
    pub(super) fn tell(&mut self, event: Event) {
        // Whether the journal can be written is found again before the next move.
        let _ = self.record(event);
    }

    /// A run whose end leaves nothing to do is not open any more.
    fn close_after(&mut self, event: &Event) {
        let Event::Verdict(verdict) = event else { return };
        if matches!(verdict.verdict, Ending::Stopped | Ending::Stuck | Ending::Bug) {
            return;
        }
        if let Some(open) = self.open.take() {
            // Its own verdict says that it has ended, whatever the mark says.
            let _ = open.close();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, ffi::OsString, rc::Rc};

    use super::*;
    use crate::{
        engine::{FaultReport, Verdict},
        plan::{Inputs, Values, load},
    };

    fn secrets() -> Secrets {
        let plan = "format = 1\nname = \"a\"\n[inputs.token]\ntype = \"string\"\nsecret = true\nfrom-env = \"T\"\n\
                    [service]\nkind = \"nginx\"\npid-file = \"/run/nginx.pid\"\n\
                    [probe.a]\nurl = \"http://h/${token}\"\n[[step]]\naction = \"commit\"\n";
        let environment = |_: &str| Some(OsString::from("hunter2"));
        let values = Values { environment: &environment, ..Values::default() };
        load("a", plan.as_bytes(), values, Inputs::Given).unwrap().plan.secrets
    }

    #[test]
    fn no_event_is_told_with_a_secret_in_it_wherever_the_text_came_from() {
        let text = || "hunter2".to_owned();
        let fault = FaultReport {
            code: String::new(),
            message: text(),
            expected: text(),
            observed: text(),
            evidence: vec![text()],
            cause: Some(text()),
            todo: Some(text()),
            place: None,
            label: text(),
        };
        let told = Rc::new(RefCell::new(Vec::new()));
        let teller = {
            let told = Rc::clone(&told);
            move |record: &Record| told.borrow_mut().push(serde_json::to_string(record).unwrap())
        };
        let mut recorder = Recorder::new(Box::new(teller), secrets());
        // The message is cut after 1000 characters: here in the middle of the secret.
        let (diagnosis, now) = (Some(fault.clone()), format!("{}{}", "x".repeat(948), text()));
        recorder.tell(Event::Verdict(Verdict {
            verdict: Ending::RolledBack,
            failed: Some(6),
            diagnosis,
            now,
            ..Verdict::example()
        }));
        recorder.tell(Event::StepFailed { step: 1, fault });
        recorder.tell(Event::NothingToDo { reason: text() });
        recorder.tell(Event::Slow { step: Some(1), waiting: text(), waited: 0.0, timeout: 0.0 });
        assert_eq!(told.borrow().len(), 4);
        let verdict: serde_json::Value = serde_json::from_str(&told.borrow()[0]).unwrap();
        let message = verdict["message"].as_str().unwrap();
        assert!(message.ends_with('…') && !message.contains("xhun"), "{message}");
        assert!(
            told.borrow().iter().all(|line| line.contains("${token}") && !line.contains("hunter2")),
            "{told:?}"
        );
    }
}
