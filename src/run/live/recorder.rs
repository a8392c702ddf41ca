//! Events become records: numbered, timed, written to the run's file and told.

use std::time::Duration;

use super::Teller;
use crate::{
    engine::{Event, Record},
    host::clock::{self, Clock},
    journal::RunDirectory,
    plan::Secrets,
    report::message,
    run::until::millis,
};

/// The one place where events of a run go.
pub(super) struct Recorder {
    clock: Clock,
    /// How long the run was suspended.
    away: Duration,
    seq: u64,
    directory: Option<RunDirectory>,
    secrets: Secrets,
    teller: Teller,
}

impl Recorder {
    /// The run begins now. Nothing that is told will hold one of these secrets.
    pub(super) fn new(teller: Teller, secrets: Secrets) -> Self {
        Self { clock: Clock::start(), away: Duration::ZERO, seq: 0, directory: None, secrets, teller }
    }

    /// From now on records also go to the run's event file.
    pub(super) fn keep_in(&mut self, directory: RunDirectory) {
        self.directory = Some(directory);
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

    /// Makes an event known.
    pub(super) fn tell(&mut self, mut event: Event) {
        self.seq += 1;
        event.texts(&mut |text| self.secrets.hide(text));
        if let Event::Verdict(verdict) = &mut event
            && verdict.message.is_empty()
        {
            // Of texts that hold no secret any more: this one is cut, and a piece of a secret is not always found.
            verdict.message = message(verdict);
        }
        let record = Record { seq: self.seq, ms: millis(self.now()), at: clock::wall_time(), event };
        if let Some(directory) = &mut self.directory {
            directory.append(&record);
        }
        (self.teller)(&record);
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, ffi::OsString, rc::Rc};

    use super::*;
    use crate::{
        engine::{Ending, FaultReport, Verdict},
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
