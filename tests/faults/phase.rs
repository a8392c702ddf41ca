//! Where in a run a fault strikes, and how a run is met there.

use std::fmt;

use crate::support::changeover::Running;
use crate::support::gate::Gate;
use crate::support::host::{Host, Offer};
use crate::support::wait_until;
use crate::table::Row;

/// A moment of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Nothing was signalled yet.
    BeforeUsr2,
    /// Old executes the new file, which is at the path.
    ExecWindow,
    /// The workers of both accept.
    BothServing,
    /// Nobody of old accepts any more.
    Drained,
    /// New serves alone, and watches look on.
    Soak,
    /// The commit record is written, the file not yet at the path for good.
    Committed,
}

impl Phase {
    pub(crate) const ALL: [Self; 6] =
        [Self::BeforeUsr2, Self::ExecWindow, Self::BothServing, Self::Drained, Self::Soak, Self::Committed];

    /// The plan's waits: the one of this phase is long enough to be met.
    fn waits(self, watch: bool) -> [(&'static str, &'static str); 5] {
        let wait = |phase, long, short| if self == phase { long } else { short };
        [
            (
                "BEFORE",
                if matches!(self, Self::BothServing | Self::Drained | Self::Soak) { "1ms" } else { "400ms" },
            ),
            ("STABLE", wait(Self::BothServing, "500ms", "0s")),
            ("PASSES", wait(Self::Drained, "60", "3")),
            ("SOAK", if watch { "5s" } else { wait(Self::Soak, "500ms", "1ms") }),
            ("WATCH", if watch { "[[watch]]\nprobe = \"health\"\ninterval = \"20ms\"\n" } else { "" }),
        ]
    }

    /// The plan that is met in this phase.
    fn plan(self, watch: bool) -> String {
        let fill = |plan: String, (what, by): (&str, &str)| plan.replace(what, by);
        self.waits(watch).into_iter().fold(PLAN.to_owned(), fill)
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Self::BeforeUsr2 => "before USR2",
            Self::ExecWindow => "exec window",
            Self::BothServing => "both serving",
            Self::Drained => "drained",
            Self::Soak => "soak",
            Self::Committed => "committed",
        })
    }
}

/// A run under way that is held or waits, and the masters as they are.
pub(crate) struct Met<'h> {
    pub(crate) host: &'h Host,
    pub(crate) run: Running,
    /// While it is there the run is held.
    pub(crate) gate: Option<Gate>,
    pub(crate) old: i32,
    /// New's master, where there is one.
    pub(crate) new: Option<i32>,
}

impl<'h> Met<'h> {
    /// Starts a run and returns once it is in this phase.
    pub(crate) fn at(row: &Row, host: &'h Host, offer: &Offer) -> Self {
        if row.ends.never_begins() {
            host.write(PLAN_FILE, row.phase.plan(false));
            let run = host.start_changeover(&["run", PLAN_FILE], offer);
            return Self { host, run, gate: None, old: host.master().expect("a master"), new: None };
        }
        Self::when(row.phase, row.fault.needs_a_watch(), host, offer)
    }

    /// The same for any run.
    pub(crate) fn when(phase: Phase, watch: bool, host: &'h Host, offer: &Offer) -> Self {
        host.write(PLAN_FILE, phase.plan(watch));
        let old = host.master().expect("a master");
        let mut run = host.start_changeover(&["run", PLAN_FILE], offer);
        run.wait_for("the phase", |line| match phase {
            Phase::BeforeUsr2 | Phase::ExecWindow | Phase::Committed => line.event["action"] == "soak",
            Phase::BothServing => {
                let new = line.name() == "workers" && line.event["generation"] == "new";
                new && line.event["accepting"] == line.event["expected"]
            }
            Phase::Drained => line.event["action"] == "http-probe",
            Phase::Soak => line.event["step"] == 8 && line.event["action"] == "soak",
        });
        // The window opens, it closes, and the file is installed.
        let exchanges = match phase {
            Phase::ExecWindow => 2,
            Phase::Committed => 3,
            _ => 0,
        };
        let gate = (exchanges > 0).then(|| {
            let mut gate = Gate::hold(&run);
            for _ in 0..exchanges {
                gate.until_exchange();
            }
            gate
        });
        let new = || host.masters().into_iter().find(|master| *master != old);
        if phase == Phase::ExecWindow {
            wait_until("new has its title", || new().is_some());
        }
        let new = new();
        Self { host, run, gate, old, new }
    }
}

const PLAN_FILE: &str = "/srv/fault.toml";

const PLAN: &str = r#"format = 1
name = "nginx ${version}"

[inputs.version]
type = "string"
[inputs.source]
type = "path"
[inputs.sha256]
type = "string"
[inputs.pid-file]
type = "path"
default = "/run/nginx.pid"
[inputs.health-url]
type = "string"
default = "http://127.0.0.1/healthz"

[service]
kind = "nginx"
pid-file = "${pid-file}"

[defaults]
timeout = "3s"

[rollback]
quit-timeout = "2s"

[probe.health]
url = "${health-url}"

WATCH
[[step]]
action = "replace-binary"
source = "${source}"
sha256 = "${sha256}"
version = "${version}"

[[step]]
action = "soak"
for = "BEFORE"

[[step]]
action = "signal"
signal = "USR2"
to = "old-master"

[[step]]
action = "wait-for-workers"
generation = "new"
until = "accepting"
stable-for = "STABLE"

[[step]]
action = "signal"
signal = "WINCH"
to = "old-master"

[[step]]
action = "wait-for-workers"
generation = "old"
until = "draining"

[[step]]
action = "http-probe"
probe = "health"
answered-by = "new"
pass-after = PASSES

[[step]]
action = "soak"
for = "SOAK"

[[step]]
action = "commit"
"#;
