//! A run that is under way, was left by its process, or waits for a person: what `status` says of it.

use serde::Serialize;

use super::{Style, layout::field};
use crate::{
    engine::{Damaged, Ending},
    protocol::Living,
};

/// A run that has not come to its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenRun {
    /// Its id.
    pub run: String,
    /// Its plan's name; `None` where its files do not tell.
    pub plan: Option<String>,
    /// Where it is, in words; `None` where its journal cannot be believed.
    pub at: Option<String>,
    /// How it ended, where it waits for a person.
    pub verdict: Option<Ending>,
    /// Its own process, where that lives and holds the locks.
    pub process: Option<Living>,
    /// Another one that holds them too: its guardian.
    pub guardian: Option<Living>,
    /// What `recover` would do with it; `None` where it has not begun, or its journal cannot be believed.
    pub would: Option<String>,
    /// The command that goes on with it.
    pub recover: String,
    /// What it waits to be told, where that is so.
    pub confirm: Option<ToConfirm>,
    /// Why its journal cannot be believed.
    pub damage: Option<Damaged>,
}

/// A word that a run waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ToConfirm {
    /// The command that says it.
    pub command: String,
    /// Until when it waits, by the wall clock; `None` where that is too far away.
    pub until: Option<String>,
}

impl OpenRun {
    /// Who goes on with it now: its own process, or its guardian where that is gone.
    #[must_use]
    pub fn at_work(&self) -> Option<Living> {
        self.process.or(self.guardian)
    }

    /// What is said of it where there is nothing else to say.
    #[must_use]
    pub fn alone(&self, style: Style) -> Vec<String> {
        let next = self.next().into_iter().flat_map(|line| field(style, "next", &line));
        self.lines(style).into_iter().chain(next).collect()
    }

    /// The lines of the field `run`.
    pub(super) fn lines(&self, style: Style) -> Vec<String> {
        let plan = self.plan.as_ref().map_or_else(String::new, |plan| format!(" ({plan})"));
        let at = self.at.as_ref().map_or_else(String::new, |at| format!(": {at}"));
        let damage = self.damage.as_ref().map(|damage| format!("{}: {}", damage.code, damage.message));
        let would = self.would.as_ref().map(|would| format!("`recover` would {would}"));
        let until = |confirm: &ToConfirm| {
            confirm.until.as_ref().map_or_else(String::new, |until| format!(" until {until}"))
        };
        let waits = self.to_confirm().map(|confirm| format!("waits to be confirmed{}", until(confirm)));
        let lines = [Some(format!("{}{plan}{at}", self.run)), waits, self.who(), damage, would];
        let lines = lines.into_iter().flatten().enumerate();
        lines.flat_map(|(count, line)| field(style, if count == 0 { "run" } else { "" }, &line)).collect()
    }

    /// What it waits for: whoever goes on with it in the place of its own process goes back.
    #[must_use]
    pub fn to_confirm(&self) -> Option<&ToConfirm> {
        self.confirm.as_ref().filter(|_| self.process.is_some())
    }

    /// Who is at work; nothing where it waits for a person, and for nobody else.
    fn who(&self) -> Option<String> {
        let is = |what: &str, living: Living, does: &str| {
            let does = if living.stopped { "is stopped" } else { does };
            format!("{what} {} {does}", living.pid)
        };
        Some(match (self.process, self.guardian) {
            (Some(process), Some(guardian)) => {
                format!(
                    "{}, {}",
                    is("process", process, "is at work"),
                    is("its guardian", guardian, "watches")
                )
            }
            (Some(process), None) => format!("{}, no guardian", is("process", process, "is at work")),
            (None, Some(guardian)) => {
                format!("its process is gone, {}", is("its guardian", guardian, "goes on with it"))
            }
            (None, None) if self.verdict.is_none() => {
                "its process is gone, and nobody goes on with it".into()
            }
            (None, None) => return None,
        })
    }

    /// What to do about it.
    pub(super) fn next(&self) -> Vec<String> {
        match (self.at_work(), &self.would, &self.damage) {
            (Some(Living { pid, stopped: true }), ..) => {
                vec![format!("kill -CONT {pid}: run {} goes on then", self.run)]
            }
            (Some(_), ..) => match self.to_confirm() {
                Some(confirm) => vec![confirm.command.clone()],
                None => vec![format!("nothing: run {} goes on", self.run)],
            },
            (None, Some(would), _) => vec![format!("{}   # would {would}", self.recover)],
            (None, None, Some(damage)) => vec![format!("changeover explain {}", damage.code)],
            (None, None, None) => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Damaged, Ending, Living, OpenRun, Style, ToConfirm};

    const PLAIN: Style = Style { color: false, unicode: true, live: false, width: 80 };

    fn left() -> OpenRun {
        OpenRun {
            run: "20261123T155445-212".into(),
            plan: Some("nginx 1.26.3".into()),
            at: Some("step 6, soak".into()),
            would: Some("go back to old".into()),
            recover: "changeover recover".into(),
            ..OpenRun::default()
        }
    }

    const fn living(pid: i32) -> Living {
        Living { pid, stopped: false }
    }

    const fn stopped(pid: i32) -> Living {
        Living { pid, stopped: true }
    }

    #[test]
    fn a_run_that_nobody_goes_on_with_says_what_recover_would_do() {
        insta::assert_snapshot!(left().alone(PLAIN).join("\n"), @r#"
        run       20261123T155445-212 (nginx 1.26.3): step 6, soak
                  its process is gone, and nobody goes on with it
                  `recover` would go back to old
        next      changeover recover   # would go back to old
        "#);
        let waits = OpenRun {
            verdict: Some(Ending::Stopped),
            at: Some("stopped on purpose, step 6, soak".into()),
            ..left()
        };
        insta::assert_snapshot!(waits.alone(PLAIN).join("\n"), @r#"
        run       20261123T155445-212 (nginx 1.26.3): stopped on purpose, step 6,
                  soak
                  `recover` would go back to old
        next      changeover recover   # would go back to old
        "#);
        let damage =
            Damaged { code: "journal/damaged".into(), message: "the journal is damaged at line 3".into() };
        let damaged = OpenRun { plan: None, at: None, would: None, damage: Some(damage), ..left() };
        insta::assert_snapshot!(damaged.alone(PLAIN).join("\n"), @r#"
        run       20261123T155445-212
                  its process is gone, and nobody goes on with it
                  journal/damaged: the journal is damaged at line 3
        next      changeover explain journal/damaged
        "#);
    }

    #[test]
    fn a_run_that_waits_to_be_confirmed_says_how_and_until_when() {
        let confirm = ToConfirm {
            command: "changeover confirm --run 20261123T155445-212".into(),
            until: Some("2026-11-23T16:09:45Z".into()),
        };
        let waits = OpenRun {
            at: Some("step 6, confirm".into()),
            confirm: Some(confirm),
            process: Some(living(7)),
            ..left()
        };
        insta::assert_snapshot!(waits.alone(PLAIN).join("\n"), @r#"
        run       20261123T155445-212 (nginx 1.26.3): step 6, confirm
                  waits to be confirmed until 2026-11-23T16:09:45Z
                  process 7 is at work, no guardian
                  `recover` would go back to old
        next      changeover confirm --run 20261123T155445-212
        "#);
        // Neither a stopped process hears it nor a guardian.
        let stopped = OpenRun { process: Some(stopped(7)), ..waits.clone() };
        assert_eq!(stopped.next(), ["kill -CONT 7: run 20261123T155445-212 goes on then"]);
        let guarded = OpenRun { process: None, guardian: Some(living(8)), ..waits };
        assert_eq!(guarded.to_confirm(), None);
        assert_eq!(guarded.next(), ["nothing: run 20261123T155445-212 goes on"]);
    }

    #[test]
    fn who_goes_on_with_it_is_told_and_what_to_type_where_that_one_is_stopped() {
        let who = |process, guardian| {
            let run = OpenRun { process, guardian, ..left() };
            (run.who().unwrap(), run.next().join("; "))
        };
        let goes_on = "nothing: run 20261123T155445-212 goes on";
        let continued = |pid: i32| format!("kill -CONT {pid}: run 20261123T155445-212 goes on then");
        for (process, guardian, said, next) in [
            (Some(living(7)), Some(living(8)), "process 7 is at work, its guardian 8 watches", goes_on),
            (Some(living(7)), Some(stopped(8)), "process 7 is at work, its guardian 8 is stopped", goes_on),
            (Some(living(7)), None, "process 7 is at work, no guardian", goes_on),
            (
                Some(stopped(7)),
                Some(living(8)),
                "process 7 is stopped, its guardian 8 watches",
                &continued(7),
            ),
            (None, Some(living(8)), "its process is gone, its guardian 8 goes on with it", goes_on),
            (None, Some(stopped(8)), "its process is gone, its guardian 8 is stopped", &continued(8)),
        ] {
            assert_eq!(who(process, guardian), (said.to_owned(), next.to_owned()));
        }
    }
}
