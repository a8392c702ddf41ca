//! Where in a run a fault strikes, and how a run is met there.

use std::fmt;
use std::net::TcpListener;

use crate::support::changeover::Running;
use crate::support::gate::Gate;
use crate::support::host::{Host, Offer};
use crate::support::meeting::{NO_WATCH, SOAK_FIRST, changed};
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

    /// The plan in which the wait of this phase is long enough to be met, and no other.
    fn plan(self, watch: bool) -> String {
        let wait = |phases: &[Self], long, short| if phases.contains(&self) { long } else { short };
        let before = wait(&[Self::BeforeUsr2, Self::ExecWindow, Self::Committed], "400ms", "1ms");
        let stable = wait(&[Self::BothServing], "500ms", "0s");
        let passes = wait(&[Self::Drained], "60", "3");
        let soak = if watch { "5s" } else { wait(&[Self::Soak], "500ms", "1ms") };
        let interval = if watch { ("interval = \"250ms\"", "interval = \"20ms\"") } else { NO_WATCH };
        changed(&[
            (SOAK_FIRST.0, &SOAK_FIRST.1.replace("2s", before)),
            ("stable-for = \"1s\"", &format!("stable-for = \"{stable}\"")),
            ("pass-after = 5", &format!("pass-after = {passes}")),
            ("default = \"2m\"", &format!("default = \"{soak}\"")),
            interval,
            (
                "[probe.health]\n",
                "[defaults]\ntimeout = \"3s\"\n\n[rollback]\nquit-timeout = \"2s\"\n\n[probe.health]\n",
            ),
        ])
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
    /// Another program's listener.
    pub(crate) busy: Option<TcpListener>,
}

impl<'h> Met<'h> {
    /// Starts a run and returns once it is in this phase.
    pub(crate) fn at(row: &Row, host: &'h Host, offer: &Offer) -> Self {
        if row.ends.never_begins() {
            host.write(PLAN_FILE, row.phase.plan(false));
            let run = host.start_changeover(&["run", PLAN_FILE], offer);
            let old = host.master().expect("a master");
            return Self { host, run, gate: None, old, new: None, busy: None };
        }
        host.write(PLAN_FILE, row.phase.plan(row.fault.needs_a_watch()));
        Self::when(row.phase, host, row.fault.start(host, offer))
    }

    /// The same for any run.
    pub(crate) fn in_any(phase: Phase, host: &'h Host, offer: &Offer) -> Self {
        host.write(PLAN_FILE, phase.plan(false));
        Self::when(phase, host, host.start_changeover(&["run", PLAN_FILE], offer))
    }

    fn when(phase: Phase, host: &'h Host, mut run: Running) -> Self {
        let old = host.master().expect("a master");
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
        Self { host, run, gate, old, new, busy: None }
    }
}

pub(crate) const PLAN_FILE: &str = "/srv/fault.toml";
