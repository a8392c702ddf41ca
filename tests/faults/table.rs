//! Which fault strikes in which phase on which host, and how it must end.

use std::fmt;

use nix::sys::signal::Signal;

use crate::fault::{Change, Fault, Offered, Who};
use crate::phase::Phase;
use crate::setup::Setup;

/// One row of the matrix.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) fault: Fault,
    pub(crate) phase: Phase,
    pub(crate) setup: Setup,
    pub(crate) ends: Ends,
}

/// How a run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ends {
    pub(crate) exit: i32,
    /// The code of the diagnosis, or those of which one comes first (`a|b`); empty without one.
    pub(crate) code: &'static str,
    pub(crate) serves: Serves,
    pub(crate) path: Path,
    /// So many requests may have met something else than a 200, at most.
    pub(crate) harmed: usize,
}

impl Ends {
    /// The run is refused, or has nothing to do.
    pub(crate) fn never_begins(&self) -> bool {
        self.exit == 12 || (self.exit == 0 && self.serves == Serves::Old)
    }
}

/// Who serves afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Serves {
    Old,
    New,
    Nobody,
}

/// What the binary path holds afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Path {
    /// What was found.
    Found,
    /// The new file.
    New,
    /// What somebody else has put there, or nothing.
    Theirs,
}

/// One request that each client of the load has in hand.
const IN_HAND: usize = 8;
/// For builds that answer wrongly until that is noticed.
const MANY: usize = 1_000;

const COMMITTED: Ends = Ends { exit: 0, code: "", serves: Serves::New, path: Path::New, harmed: 0 };

const fn back(code: &'static str) -> Ends {
    Ends { exit: 20, code, serves: Serves::Old, path: Path::Found, harmed: 0 }
}

const fn harming(harmed: usize, ends: Ends) -> Ends {
    Ends { harmed, ..ends }
}

/// How a fault in a phase must end; `None` where it cannot strike there.
#[expect(clippy::match_same_arms, reason = "a table is read line by line")]
fn ends(fault: Fault, phase: Phase) -> Option<Ends> {
    use Phase::{BeforeUsr2, BothServing, Committed, Drained, ExecWindow, Soak};
    use Signal::{SIGHUP, SIGINT, SIGKILL, SIGSTOP, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH};
    Some(match (fault, phase) {
        (Fault::Build(build), BeforeUsr2) => built(build),
        (Fault::Build(_), _) => return None,
        (Fault::Offer(_), BeforeUsr2) => {
            Ends { exit: 12, ..back("preflight/sha256-differs|preflight/build-does-not-run") }
        }
        (Fault::Offer(_), _) => return None,
        (Fault::To(Who::New, _) | Fault::Workers(Who::New) | Fault::Pauses(Who::New), BeforeUsr2) => {
            return None;
        }
        (Fault::Workers(Who::Old), Drained | Soak | Committed) => return None,
        (Fault::Workers(Who::New), ExecWindow) => return None,

        // It is ended with KILL at last, and what its workers have in hand with it.
        (Fault::To(Who::New, SIGSTOP), _) => {
            harming(IN_HAND, back("run/workers-late|run/not-ready-to-commit|run/signal-not-handled"))
        }
        // Nobody can be told anything: both stay, and a person decides.
        (Fault::To(Who::Old, SIGSTOP), Soak) => {
            Ends { exit: 30, serves: Serves::New, ..back("run/not-ready-to-commit") }
        }
        (Fault::To(Who::Old, SIGSTOP), _) => return None,
        (Fault::To(_, SIGUSR1 | SIGHUP), _) => COMMITTED,
        (Fault::To(Who::Old, SIGUSR2), BeforeUsr2) => back("run/foreign-master"),
        (Fault::To(_, SIGUSR2), _) => COMMITTED,
        (Fault::To(Who::Old, SIGWINCH), BeforeUsr2 | ExecWindow | BothServing) => back("run/workers-gone"),
        (Fault::To(Who::Old, SIGWINCH), _) => COMMITTED,
        (Fault::To(Who::New, SIGWINCH), _) => back("run/workers-gone|run/workers-fatal"),
        (Fault::To(Who::Old, SIGKILL), BeforeUsr2) => Ends { exit: 30, ..back("run/old-master-gone") },
        (Fault::To(Who::Old, _) | Fault::Says("stop" | "quit"), BeforeUsr2) => {
            let nobody = Ends { exit: 31, serves: Serves::Nobody, ..back("run/old-master-gone") };
            harming(usize::MAX, nobody)
        }
        (Fault::To(Who::Old, SIGTERM), BothServing | ExecWindow) => {
            harming(IN_HAND, back("run/old-master-gone"))
        }
        (Fault::To(Who::Old, _), Committed) => COMMITTED,
        (Fault::To(Who::Old, _), _) => back("run/old-master-gone"),
        (Fault::To(Who::New, SIGTERM) | Fault::Says("stop"), _) => {
            harming(IN_HAND, back("run/new-master-exited"))
        }
        (Fault::To(Who::New, _) | Fault::Says("quit"), _) => back("run/new-master-exited"),
        (Fault::Says(_) | Fault::Rotates, _) => COMMITTED,

        (Fault::Workers(_), _) => harming(IN_HAND, COMMITTED),
        (Fault::Pauses(_), _) => COMMITTED,
        (Fault::PidFile(_), _) => COMMITTED,
        (Fault::StaleOldbin, BeforeUsr2) => COMMITTED,
        (Fault::StaleOldbin, _) => return None,
        // The exchange itself meets it.
        (Fault::Replaces, ExecWindow | Committed) => {
            Ends { path: Path::Theirs, ..back("host/exchange-foreign") }
        }
        (Fault::Replaces, _) => Ends { path: Path::Theirs, ..back("run/path-changed") },
        (Fault::Configuration, BeforeUsr2) => back("run/new-master-exited"),
        (Fault::Configuration, _) => COMMITTED,

        (Fault::Runner(_), Committed) => COMMITTED,
        (Fault::Runner(SIGINT | SIGTERM | SIGHUP), BeforeUsr2) => {
            Ends { exit: 17, ..back("run/interrupted") }
        }
        (Fault::Runner(_), _) => Ends { exit: 21, ..back("run/interrupted") },
        (Fault::Suspends, _) => COMMITTED,
    })
}

fn built(build: &str) -> Ends {
    match build {
        // What runs already: nothing to do.
        "1.22.1" => Ends { exit: 0, ..back("") },
        "faulty/needs-a-variable" => Ends { exit: 12, ..back("preflight/build-does-not-run") },
        "faulty/resists" => back("run/workers-late|run/signal-not-handled"),
        "faulty/exits-with-NGINX" => back("run/new-master-exited"),
        "faulty/segfaults-at-start" => back("run/crash-loop"),
        "faulty/exits-2" => back("run/workers-fatal"),
        "faulty/answers-500" | "faulty/goes-bad" => harming(MANY, back("probe/wrong-status")),
        "faulty/hangs" | "faulty/slow-answers" => harming(MANY, back("probe/timed-out|probe/queued")),
        "faulty/segfaults-per-request" => harming(MANY, back("probe/reset|run/crash-loop")),
        _ => COMMITTED,
    }
}

const BUILDS: [&str; 14] = [
    "1.26.3",
    "1.18.0",
    "1.22.1",
    "faulty/needs-a-variable",
    "faulty/starts-slowly",
    "faulty/resists",
    "faulty/goes-bad",
    "faulty/exits-with-NGINX",
    "faulty/segfaults-at-start",
    "faulty/exits-2",
    "faulty/answers-500",
    "faulty/hangs",
    "faulty/slow-answers",
    "faulty/segfaults-per-request",
];

/// Every fault that strikes while a run is under way.
fn strikes() -> Vec<Fault> {
    use Signal::{SIGHUP, SIGINT, SIGKILL, SIGQUIT, SIGSTOP, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH};
    let signals = [SIGHUP, SIGKILL, SIGQUIT, SIGSTOP, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH];
    let changes = [Change::Removed, Change::Emptied, Change::Replaced];
    let mut all: Vec<Fault> = Vec::new();
    for who in [Who::Old, Who::New] {
        all.extend(signals.map(|signal| Fault::To(who, signal)));
        all.extend([Fault::Workers(who), Fault::Pauses(who)]);
    }
    all.extend(["stop", "quit", "reload", "reopen"].map(Fault::Says));
    all.extend(changes.map(Fault::PidFile));
    all.push(Fault::Replaces);
    all.extend([SIGINT, SIGTERM, SIGHUP].map(Fault::Runner));
    all.push(Fault::StaleOldbin);
    all.extend([Fault::Rotates, Fault::Configuration, Fault::Suspends]);
    all
}

/// What strikes the other kinds of hosts: one of each sort, where it is the hardest.
fn on_every_host() -> Vec<(Fault, Phase)> {
    let builds = ["1.26.3", "faulty/answers-500", "faulty/exits-2"];
    let mut all: Vec<_> = builds.map(|build| (Fault::Build(build), Phase::BeforeUsr2)).to_vec();
    all.extend([
        (Fault::To(Who::New, Signal::SIGKILL), Phase::Soak),
        (Fault::To(Who::Old, Signal::SIGKILL), Phase::Soak),
        (Fault::To(Who::New, Signal::SIGQUIT), Phase::BothServing),
        (Fault::To(Who::Old, Signal::SIGHUP), Phase::Drained),
        (Fault::To(Who::Old, Signal::SIGWINCH), Phase::BothServing),
        (Fault::PidFile(Change::Removed), Phase::Soak),
        (Fault::Runner(Signal::SIGINT), Phase::Drained),
    ]);
    all
}

/// The whole matrix: every fault in every phase on the plain host, and one of each sort on every other kind.
pub(crate) fn rows() -> Vec<Row> {
    let row = |fault, phase, setup| Some(Row { fault, phase, setup, ends: ends(fault, phase)? });
    let builds =
        BUILDS.map(Fault::Build).into_iter().chain([Offered::Changed, Offered::Truncated].map(Fault::Offer));
    let faults: Vec<Fault> = builds.chain(strikes()).collect();
    let plain = faults.iter().flat_map(|fault| Phase::ALL.map(|phase| row(*fault, phase, Setup::Plain)));
    let others = Setup::ALL.into_iter().filter(|setup| *setup != Setup::Plain);
    let others = others
        .flat_map(|setup| on_every_host().into_iter().map(move |(fault, phase)| row(fault, phase, setup)));
    plain.chain(others).flatten().collect()
}

impl fmt::Display for Ends {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let serves = match self.serves {
            Serves::Old => "old",
            Serves::New => "new",
            Serves::Nobody => "nobody",
        };
        let path = match self.path {
            Path::Found => "found",
            Path::New => "new",
            Path::Theirs => "theirs",
        };
        let code = if self.code.is_empty() {
            String::new()
        } else {
            format!("`{}`", self.code.replace('|', "` or `"))
        };
        let harmed = if self.harmed == usize::MAX { "all".to_owned() } else { self.harmed.to_string() };
        write!(out, "{} | {code} | {serves} | {path} | {harmed}", self.exit)
    }
}
