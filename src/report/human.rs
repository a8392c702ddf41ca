//! A run for people: one line a step, its time at the right, and the whole story only when something went wrong.

use super::{
    PlanView, Style,
    back::WayBack,
    checks::{self, Count, Finding},
    layout::{Line, cut, indented},
    style::Mark,
    tally::Tally,
    words,
};
use crate::{
    engine::{Event, Level, Master, Record, WaitedFor, units},
    protocol::Generation,
};

/// What the events so far come to. Feed it every record in order and print the lines that it gives.
#[derive(Clone, Debug)]
pub struct Human {
    pub(super) style: Style,
    pub(super) plan: PlanView,
    quiet: bool,
    /// The run's id.
    pub(super) run: String,
    /// The plan's name.
    name: String,
    header: bool,
    found: Option<(Master, String, Option<String>)>,
    count: Option<Count>,
    findings: Vec<Finding>,
    step: Option<Step>,
    /// The last step whose start was seen: number and action.
    pub(super) last: Option<(usize, String)>,
    /// The probes of the whole run.
    pub(super) probes: Tally,
    pub(super) way_back: Option<WayBack>,
    /// When new's master was first seen.
    new_since: Option<f64>,
    /// The same, once workers of new were seen to accept: from then on requests may have met new.
    pub(super) exposed_since: Option<f64>,
    pub(super) committed: bool,
    /// Nothing is waited for.
    pub(super) rest: Option<Rest>,
}

/// Why nothing is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// For a while nobody watches.
    Suspended,
    /// The run is over.
    Over,
}

/// The step in hand.
#[derive(Clone, Debug)]
struct Step {
    number: usize,
    title: String,
    since: f64,
    timeout: f64,
    /// What a live line says of it.
    seen: String,
    window: Option<f64>,
    probes: Tally,
}

impl Human {
    /// A report that has seen nothing yet. A quiet one says how the run ended, or what went wrong, and nothing before.
    #[must_use]
    pub fn new(style: Style, plan: PlanView, quiet: bool) -> Self {
        Self {
            quiet,
            style,
            plan,
            run: String::new(),
            name: String::new(),
            header: false,
            found: None,
            count: None,
            findings: Vec::new(),
            step: None,
            last: None,
            probes: Tally::default(),
            way_back: None,
            new_since: None,
            exposed_since: None,
            committed: false,
            rest: None,
        }
    }

    /// The lines that `record` adds, without line feeds; often none.
    #[must_use]
    pub fn event(&mut self, record: &Record) -> Vec<String> {
        if self.preflight(&record.event) {
            return Vec::new();
        }
        let checked = self.checked();
        let lines = self.lines(record);
        match &record.event {
            Event::Verdict(_) if self.quiet => lines.into_iter().skip_while(String::is_empty).collect(),
            _ if self.quiet => checked,
            _ => [checked, lines].concat(),
        }
    }

    /// From now on lines are this wide.
    pub const fn resize(&mut self, width: usize) {
        self.style.width = width;
    }

    fn lines(&mut self, record: &Record) -> Vec<String> {
        let now = record.ms;
        match &record.event {
            Event::StepStarted { .. }
            | Event::StepPassed { .. }
            | Event::StepFailed { .. }
            | Event::Slow { .. } => self.step(&record.event, now),
            Event::Workers(_)
            | Event::WindowClosed { .. }
            | Event::NewMaster { .. }
            | Event::Probed { .. } => {
                self.note(&record.event, now);
                Vec::new()
            }
            Event::MoveMade { way_back: true, .. }
            | Event::WayBackStarted
            | Event::WayBackWaits { .. }
            | Event::BackMaster { .. }
            | Event::MoveRefused { .. }
            | Event::RolledBack
            | Event::Stuck { .. } => self.back(&record.event, now),
            Event::Interrupted { .. } | Event::Suspended | Event::Resumed { .. } | Event::Unread { .. } => {
                self.at_the_keyboard(&record.event)
            }
            Event::TakenOver { run, plan, by, goes } => self.taken_over(run, plan, *by, *goes),
            Event::HostRestarted { path } => {
                self.rest = Some(Rest::Over);
                self.line(Mark::Good, "host restarted", path, None)
            }
            Event::Noticed { text, .. } => self.line(Mark::Warn, "noticed", text, None),
            Event::Stopped => self.line(Mark::Warn, "stopped", "both generations stay as they are", None),
            Event::NothingToDo { reason } => {
                let header = self.header();
                [header, self.line(Mark::Good, "nothing to do", reason, None)].concat()
            }
            Event::Verdict(verdict) => {
                self.rest = Some(Rest::Over);
                [self.header(), self.verdict(verdict, now)].concat()
            }
            Event::CommitRecorded => {
                self.committed = true;
                Vec::new()
            }
            Event::QuitSent { pid } => {
                self.says(format!("QUIT sent to old master {pid}"));
                Vec::new()
            }
            // Warnings of the verifier were told before the run began.
            Event::Verify { .. }
            | Event::RunStarted { .. }
            | Event::Preflight { .. }
            | Event::PreflightDone { .. }
            | Event::Found { .. }
            | Event::MoveMade { .. }
            | Event::Staged { .. }
            | Event::Kept { .. }
            | Event::ForwardStarted
            | Event::Confirmed
            | Event::WindowOpened
            | Event::Refused
            | Event::Finished { .. } => Vec::new(),
        }
    }

    /// What a terminal's last line says at `now` milliseconds of the run; `None` when nothing is waited for.
    #[must_use]
    pub fn live_line(&self, now: f64) -> Option<String> {
        if self.rest.is_some() {
            return None;
        }
        let (title, text, time) = if let Some(way_back) = &self.way_back {
            let (text, since) = way_back.live();
            ("way back", text, units::time(now - since))
        } else if self.last.is_none() && !self.run.is_empty() {
            let text = if self.header || self.count.is_some() {
                "old is asked what it answers now"
            } else {
                "looks at the host"
            };
            ("preflight", text.to_owned(), units::time(now))
        } else {
            let step = self.step.as_ref()?;
            let time = format!("{} of {}", units::time(now - step.since), units::bound(step.timeout));
            (step.title.as_str(), step.seen.clone(), time)
        };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a turn, not a quantity")]
        let turn = (now.max(0.0) / 100.0) as usize;
        let line = Line { mark: Mark::Spin(turn), title, text: &text, time: Some(time) };
        let plain = Style { color: false, ..self.style };
        let first = line.lines(plain).into_iter().next()?;
        Some(cut(&first, self.style.width.saturating_sub(1)))
    }

    pub(super) fn line(&self, mark: Mark, title: &str, text: &str, took: Option<f64>) -> Vec<String> {
        Line { mark, title, text, time: took.map(units::time) }.lines(self.style)
    }

    /// What the run is about, before its first line.
    fn header(&mut self) -> Vec<String> {
        if std::mem::replace(&mut self.header, true) || self.quiet {
            return Vec::new();
        }
        let text = match &self.found {
            None => format!("{}   run\u{a0}{}", self.name, self.run),
            Some((old, pid_file, version)) => {
                let from = words::version(&old.version);
                let to = version
                    .as_ref()
                    .map_or_else(String::new, |to| format!(" {} {}", self.style.arrow(), words::version(to)));
                let product = if from.contains('/') { "" } else { "nginx " };
                let workers = units::count(old.workers, "worker");
                format!(
                    "{product}{from}{to}   master {}, {workers}, {pid_file}   run\u{a0}{}",
                    old.pid, self.run
                )
            }
        };
        let mut lines = indented(self.style, 0, 2, "", &text);
        lines.push(String::new());
        lines
    }

    /// Keeps what is told before the first line; whether the event is of that kind.
    fn preflight(&mut self, event: &Event) -> bool {
        match event {
            Event::RunStarted { run, plan, .. } => (self.run, self.name) = (run.clone(), plan.clone()),
            Event::Found { old, pid_file, version, .. } => {
                self.found = Some((old.clone(), pid_file.clone(), version.clone()));
            }
            Event::Preflight { code, level, seen, why, todo } => {
                self.findings.push(Finding {
                    code: code.clone(),
                    level: *level,
                    seen: seen.clone(),
                    why: why.clone(),
                    todo: todo.clone(),
                });
            }
            Event::PreflightDone { checks, warnings, refusals, took } => {
                self.count =
                    Some(Count { checks: *checks, warnings: *warnings, refusals: *refusals, took: *took });
            }
            _ => return false,
        }
        true
    }

    /// The checks, once they are done and what follows from them is known: the header says what was found.
    fn checked(&mut self) -> Vec<String> {
        let Some(count) = self.count.take() else { return Vec::new() };
        let header = self.header();
        let mut lines =
            if self.quiet { header } else { [header, checks::summary(self.style, count)].concat() };
        self.findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
        for finding in &self.findings {
            match finding.level {
                Level::Refuse => lines.extend(checks::whole(self.style, finding)),
                Level::Warn if !self.quiet => lines.extend(checks::brief(self.style, finding)),
                Level::Warn | Level::Note => {}
            }
        }
        lines
    }

    /// Checks that refuse were shown.
    pub(super) fn told_refusals(&self) -> bool {
        self.header && self.findings.iter().any(|finding| finding.level == Level::Refuse)
    }

    fn step(&mut self, event: &Event, now: f64) -> Vec<String> {
        match event {
            Event::StepStarted { step, action, about, timeout } => {
                self.last = Some((*step, action.clone()));
                self.step = Some(Step::new(*step, action, about, *timeout, now));
                Vec::new()
            }
            Event::StepPassed { step, seen, took } => {
                let done = self.step.take().filter(|done| done.number == *step);
                let title = done.as_ref().map_or_else(|| step.to_string(), |done| done.title.clone());
                let text = done.map_or_else(|| seen.clone(), |done| done.sums_up(seen));
                self.line(Mark::Good, &title, &text, Some(*took))
            }
            Event::StepFailed { step, fault } => {
                let failed = self.step.take().filter(|failed| failed.number == *step);
                let title = failed.as_ref().map_or_else(|| step.to_string(), |failed| failed.title.clone());
                let took = failed.map(|failed| now - failed.since);
                self.line(Mark::Bad, &title, &fault.message, took)
            }
            Event::Slow { waiting, waited, timeout, .. } => {
                self.says(waiting.clone());
                if self.style.live {
                    return Vec::new();
                }
                let outside = if self.way_back.is_some() { "way back" } else { "preflight" };
                let title = self.step.as_ref().map_or_else(|| outside.to_owned(), |step| step.title.clone());
                let text = format!("slow, {} of {}: {waiting}", units::time(*waited), units::bound(*timeout));
                self.line(Mark::Wait, &title, &text, None)
            }
            _ => Vec::new(),
        }
    }

    /// What only the live line and later lines show.
    fn note(&mut self, event: &Event, now: f64) {
        match event {
            Event::Workers(workers) => {
                if workers.generation == Generation::New && workers.accepting > 0 {
                    self.exposed_since = self.exposed_since.or(self.new_since).or(Some(now));
                }
                let text = seen(workers);
                match &mut self.way_back {
                    Some(way_back) => way_back.saw(text),
                    None => self.says(text),
                }
            }
            Event::WindowClosed { open } => {
                if let Some(step) = &mut self.step {
                    step.window = Some(*open);
                }
            }
            Event::NewMaster { pid } => {
                self.new_since.get_or_insert(now);
                self.says(format!("new master {pid}"));
            }
            Event::Probed { watch, outcome, by, latency, .. } => {
                self.probes.add(outcome, *by, *latency);
                if let Some(step) = self.step.as_mut().filter(|_| !watch) {
                    step.probes.add(outcome, *by, *latency);
                    step.seen = step.probes.text();
                }
            }
            _ => {}
        }
    }

    fn says(&mut self, text: String) {
        if let Some(step) = &mut self.step {
            step.seen = text;
        }
    }
}

impl Step {
    fn new(number: usize, action: &str, about: &str, timeout: f64, since: f64) -> Self {
        let title = match action {
            "signal" => format!("{number} signal {}", about.split_whitespace().next().unwrap_or_default()),
            _ => format!("{number} {action}"),
        };
        let seen = if action == "signal" { String::new() } else { about.to_owned() };
        Self { number, title, since, timeout, seen, window: None, probes: Tally::default() }
    }

    /// The text of its line: the probes counted here, or what the run saw; and how long the path named the new file.
    fn sums_up(&self, seen: &str) -> String {
        let text = if self.probes.is_empty() { seen.to_owned() } else { self.probes.text() };
        match self.window {
            // It stays together where the line wraps.
            Some(open) => format!("{text}, window\u{a0}{}", units::time(open).replace(' ', "\u{a0}")),
            None => text,
        }
    }
}

/// `old: 1 of 2 accepting, 1 draining`.
fn seen(workers: &WaitedFor) -> String {
    let WaitedFor { generation, accepting, draining, expected } = workers;
    let of = expected.map_or_else(String::new, |expected| format!(" of {expected}"));
    let draining = if *draining > 0 { format!(", {draining} draining") } else { String::new() };
    format!("{generation}: {accepting}{of} accepting{draining}")
}
