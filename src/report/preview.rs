//! The text of `changeover preview`: what was found, what would be done, how long it may take, how it would end.

use super::{
    Style,
    checks::{self, Count, Finding},
    layout::{Line, field, indented},
    message,
    salt::Versions,
    style::Mark,
    words,
};
use crate::engine::{Ending, FaultReport, Level, Master, units};

/// One resolved value and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// The key, as in the plan (`probe`, `pass-after`), or the input's name.
    pub key: String,
    /// The value, as a plan would write it; secrets are already hidden.
    pub value: String,
    /// `plan`, `default`, `--set`, …; empty where the plan itself says it.
    pub origin: String,
}

/// One step as it would be done.
#[derive(Clone, Debug, PartialEq)]
pub struct PreviewStep {
    /// Its action.
    pub action: String,
    /// What it is about (`USR2 to old-master`).
    pub about: String,
    /// How long it may take, milliseconds.
    pub timeout: f64,
    /// Every key, the defaults included.
    pub values: Vec<Value>,
}

/// What `preview` found and would do.
#[derive(Clone, Debug, Default)]
pub struct Preview {
    /// The plan's name.
    pub plan: String,
    /// The service as found, where one was.
    pub found: Option<Found>,
    /// Inputs as resolved.
    pub inputs: Vec<Value>,
    /// Why there is nothing to do, if so.
    pub nothing_to_do: Option<String>,
    /// How many checks were made, and how it went.
    pub count: Count,
    /// What makes `run` refuse, if so.
    pub diagnosis: Option<FaultReport>,
    /// What they have to say.
    pub findings: Vec<Finding>,
    /// The steps, in order.
    pub steps: Vec<PreviewStep>,
    /// The longest the way forward may take, the drain after the commit included, milliseconds.
    pub longest: f64,
    /// The way back from the last point before the commit, one move each.
    pub way_back: Vec<String>,
    /// Whether the plan ends in `rollback`: it leaves the host as it is.
    pub drill: bool,
    /// The exit code that `run` would give now, when every step does what it says.
    pub exit: u8,
}

/// The service as found.
#[derive(Clone, Debug)]
pub struct Found {
    /// Old's master.
    pub old: Master,
    /// The pid file.
    pub pid_file: String,
    /// The binary path.
    pub binary: String,
    /// The version that the new file says it is.
    pub version: Option<String>,
    /// Whether the path holds that file already.
    pub adopted: bool,
    /// The symlink that would be exchanged and the file that it leads to, where the path leads through one.
    pub symlink: Option<(String, String)>,
}

impl Found {
    /// Of what runs and of what would; without a binary step both are the same.
    #[must_use]
    pub fn versions(&self) -> Versions {
        let old = self.old.version.clone();
        Versions { new: self.version.clone().unwrap_or_else(|| old.clone()), old }
    }
}

impl Preview {
    /// The lines to print.
    #[must_use]
    pub fn lines(&self, style: Style) -> Vec<String> {
        let mut lines = self.head(style);
        lines.push(String::new());
        lines.extend(self.preflight(style));
        if let Some(reason) = &self.nothing_to_do {
            let done = Line { mark: Mark::Good, title: "nothing to do", text: reason, time: None };
            lines.extend(done.lines(style));
            lines.push(String::new());
            lines.extend(field(style, "exit", "0: `run` would change nothing"));
            return lines;
        }
        lines.push(String::new());
        for (count, step) in self.steps.iter().enumerate() {
            lines.extend(step.lines(style, count + 1));
        }
        lines.push(String::new());
        lines.extend(field(
            style,
            "longest",
            &format!("{}, the wait for old connections included", units::bound(self.longest)),
        ));
        let way_back =
            if self.way_back.is_empty() { "nothing to put back".into() } else { self.way_back.join("; ") };
        lines.extend(field(style, "way back", &way_back));
        lines.extend(field(style, "exit", &self.would_end()));
        lines
    }

    /// Whether a run would leave the host other than it is, as [`Verdict::changed`](crate::engine::Verdict) says of
    /// one that every step of which does what it says.
    #[must_use]
    pub fn changed(&self) -> bool {
        self.exit == 0 && self.nothing_to_do.is_none() && !self.drill
    }

    /// How a run would end, where that is known before: `refused` or `unchanged`.
    #[must_use]
    pub const fn verdict(&self) -> Option<Ending> {
        match (&self.nothing_to_do, self.exit) {
            (Some(_), _) => Some(Ending::Unchanged),
            (None, 0) => None,
            (None, _) => Some(Ending::Refused),
        }
    }

    /// All of it in one line, bounded: what Ansible shows as `msg` and Salt as the comment of a state.
    #[must_use]
    pub fn message(&self) -> String {
        match (&self.nothing_to_do, &self.diagnosis) {
            (Some(reason), _) => message::nothing_to_do(reason),
            (None, Some(fault)) => message::would_be_refused(fault),
            (None, None) => message::one_line(&self.would_do()),
        }
    }

    fn would_do(&self) -> Vec<String> {
        let would = if self.drill { "would go there and back" } else { "would change over" };
        let mut parts = vec![format!("{would}: {}", self.plan)];
        if let Some(found) = &self.found {
            let Versions { old, new } = found.versions();
            let (old, new) = (words::version(&old), words::version(&new));
            parts.push(format!("master {} runs {old}, new would be {new}", found.old.pid));
        }
        parts.push(format!("at most {}", units::bound(self.longest)));
        if self.count.warnings > 0 {
            parts.push(units::count(self.count.warnings, "warning"));
        }
        parts
    }

    fn head(&self, style: Style) -> Vec<String> {
        let mut lines = indented(style, 0, 2, "", &self.plan);
        if let Some(found) = &self.found {
            let Found { old, pid_file, binary, version, adopted, symlink } = found;
            let workers = units::count(old.workers, "worker");
            let from = words::version(&old.version);
            lines.extend(field(
                style,
                "found",
                &format!("master {}, {workers}, {from}, {pid_file}", old.pid),
            ));
            let to = version.as_ref().map_or_else(String::new, |to| match (adopted, words::version(to)) {
                (true, to) => format!(" holds {to} already"),
                (false, to) => format!(", would become {to}"),
            });
            lines.extend(field(style, "binary", &format!("{binary}{to}")));
            if let Some((link, file)) = symlink {
                let text = format!("the symlink {link} would be exchanged, {file} stays as it is");
                lines.extend(field(style, "", &text));
            }
        }
        for (count, input) in self.inputs.iter().enumerate() {
            lines.extend(field(style, if count == 0 { "inputs" } else { "" }, &input.text()));
        }
        lines
    }

    /// The checks, those that refuse first.
    fn preflight(&self, style: Style) -> Vec<String> {
        let mut lines = checks::summary(style, self.count);
        for level in [Level::Refuse, Level::Warn, Level::Note] {
            for finding in self.findings.iter().filter(|finding| finding.level == level) {
                lines.extend(checks::whole(style, finding));
            }
        }
        lines
    }

    fn would_end(&self) -> String {
        match self.exit {
            0 => "0 when every step does what it says; 20 after a way back".into(),
            code => format!("{code}: `run` would refuse, nothing live would be touched"),
        }
    }
}

impl PreviewStep {
    fn lines(&self, style: Style, number: usize) -> Vec<String> {
        let about = if self.about.is_empty() { String::new() } else { format!(": {}", self.about) };
        let bound = units::bound(self.timeout);
        let head = format!("{number} {}{about}, at most {bound}", self.action);
        let mut lines = indented(style, 2, 2, &format!("{} ", style.mark(Mark::Wait)), &head);
        let values: Vec<_> = self.values.iter().map(Value::text).collect();
        if !values.is_empty() {
            // What is longer than a line is not glued to its key: a digest must stay in one piece.
            let short = |value: &String| value.len() <= style.columns() - 10;
            let whole: Vec<_> = values
                .iter()
                .map(|value| if short(value) { value.replace(' ', "\u{a0}") } else { value.clone() })
                .collect();
            lines.extend(indented(style, 6, 0, "", &whole.join(", ")));
        }
        lines
    }
}

impl Value {
    fn text(&self) -> String {
        if self.origin.is_empty() {
            format!("{} = {}", self.key, self.value)
        } else {
            format!("{} = {} ({})", self.key, self.value, self.origin)
        }
    }
}
