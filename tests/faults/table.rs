//! Which fault strikes in which phase on which host, and how it must end.

use std::fmt;

use nix::sys::signal::Signal;

use crate::dice::Dice;
use crate::fault::{Change, Fault, Offered, Where, Who};
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

const fn nobody(code: &'static str) -> Ends {
    Ends { exit: 31, serves: Serves::Nobody, harmed: usize::MAX, ..back(code) }
}

const fn harming(harmed: usize, ends: Ends) -> Ends {
    Ends { harmed, ..ends }
}

/// How a fault in a phase must end; `None` where it cannot strike there.
fn ends(fault: Fault, phase: Phase) -> Option<Ends> {
    match fault {
        Fault::Build(build) => (phase == Phase::BeforeUsr2).then(|| built(build)),
        Fault::Offer(_) => {
            let refused = back("preflight/sha256-differs|preflight/build-does-not-run");
            (phase == Phase::BeforeUsr2).then_some(Ends { exit: 12, ..refused })
        }
        Fault::To(..) | Fault::Workers(_) | Fault::Pauses(_) | Fault::Says(_) | Fault::Rotates => {
            by_strangers(fault, phase)
        }
        _ => on_the_host(fault, phase),
    }
}

/// The same for what strangers do to nginx.
#[expect(clippy::match_same_arms, reason = "a table is read line by line")]
fn by_strangers(fault: Fault, phase: Phase) -> Option<Ends> {
    use Phase::{BeforeUsr2, BothServing, Committed, Drained, ExecWindow, Soak};
    use Signal::{SIGHUP, SIGKILL, SIGSTOP, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH};
    Some(match (fault, phase) {
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
        (Fault::To(Who::Old, _) | Fault::Says("stop" | "quit"), BeforeUsr2) => nobody("run/old-master-gone"),
        // It ends its workers first.
        (Fault::To(Who::Old, SIGTERM), BothServing | ExecWindow) => {
            harming(IN_HAND, back("run/old-master-gone|run/workers-gone"))
        }
        (Fault::To(Who::Old, _), Committed) => COMMITTED,
        (Fault::To(Who::Old, _), _) => back("run/old-master-gone"),
        (Fault::To(Who::New, SIGTERM) | Fault::Says("stop"), _) => {
            harming(IN_HAND, back("run/new-master-exited"))
        }
        (Fault::To(Who::New, _) | Fault::Says("quit"), _) => back("run/new-master-exited"),
        (Fault::Says(_) | Fault::Rotates, _) => COMMITTED,
        (Fault::Workers(_), _) => harming(IN_HAND, COMMITTED),
        _ => COMMITTED,
    })
}

/// The same for what happens to the host and to the run.
#[expect(clippy::match_same_arms, reason = "a table is read line by line")]
fn on_the_host(fault: Fault, phase: Phase) -> Option<Ends> {
    use Phase::{BeforeUsr2, Committed, ExecWindow};
    use Signal::{SIGHUP, SIGINT, SIGTERM};
    Some(match (fault, phase) {
        (Fault::StaleOldbin, BeforeUsr2) => COMMITTED,
        (Fault::StaleOldbin, _) => return None,
        // The exchange itself meets it.
        (Fault::Replaces, ExecWindow | Committed) => {
            Ends { path: Path::Theirs, ..back("host/exchange-foreign") }
        }
        (Fault::Replaces, _) => Ends { path: Path::Theirs, ..back("run/path-changed") },
        (Fault::Configuration, BeforeUsr2) => back("run/new-master-exited"),
        (Fault::Configuration, _) => COMMITTED,

        (Fault::BusyPort, BeforeUsr2) => back("run/new-master-exited"),
        (Fault::LiveOldbin, BeforeUsr2) => COMMITTED,
        (Fault::BusyPort | Fault::LiveOldbin, _) => return None,
        (Fault::Full(Where::Staged), BeforeUsr2) => Ends { exit: 12, ..back("preflight/disk-full") },
        (Fault::Full(Where::Staged), _) => return None,
        (Fault::Full(_), _) => COMMITTED,
        // The file cannot be put back, and a cold start would run it.
        (Fault::ReadOnly, ExecWindow) => Ends { exit: 30, path: Path::New, ..back("host/read-only") },
        (Fault::ReadOnly, _) => back("host/read-only"),
        (Fault::ControlGroup, Committed) => nobody("run/new-master-exited"),
        (Fault::ControlGroup, BeforeUsr2) => nobody("run/old-master-gone"),
        // Both end: whose end is seen first is named.
        (Fault::ControlGroup, _) => nobody("run/old-master-gone|run/new-master-exited"),
        (Fault::Nohup | Fault::ReaderGone, _) => COMMITTED,

        (Fault::Runner(_) | Fault::Twice(_), Committed) => COMMITTED,
        (Fault::Twice(_), BeforeUsr2) => Ends { exit: 17, ..back("run/interrupted") },
        (Fault::Runner(SIGINT | SIGTERM | SIGHUP), BeforeUsr2) => {
            Ends { exit: 17, ..back("run/interrupted") }
        }
        (Fault::Runner(_) | Fault::Twice(_), _) => Ends { exit: 21, ..back("run/interrupted") },
        _ => COMMITTED,
    })
}

fn built(build: &str) -> Ends {
    match build {
        // What runs already: nothing to do.
        "1.22.1" => Ends { exit: 0, ..back("") },
        "faulty/needs-a-variable" => Ends { exit: 12, ..back("preflight/build-does-not-run") },
        "faulty/resists" => back("run/workers-late|run/signal-not-handled"),
        "faulty/exits-with-NGINX" => back("run/new-master-exited|run/exec-failed"),
        "faulty/segfaults-at-start" => back("run/crash-loop"),
        "faulty/exits-2" => back("run/workers-fatal"),
        "faulty/answers-500" | "faulty/goes-bad" => harming(MANY, back("probe/wrong-status")),
        "faulty/hangs" | "faulty/sleeps-in-D" | "faulty/slow-answers" => {
            harming(MANY, back("probe/timed-out|probe/queued"))
        }
        "faulty/segfaults-per-request" => harming(MANY, back("probe/reset|run/crash-loop")),
        _ => COMMITTED,
    }
}

const BUILDS: [&str; 15] = [
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
    "faulty/sleeps-in-D",
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
    all.extend([SIGINT, SIGTERM].map(Fault::Twice));
    all.extend([
        Fault::StaleOldbin,
        Fault::LiveOldbin,
        Fault::BusyPort,
        Fault::ReadOnly,
        Fault::ControlGroup,
    ]);
    all.extend([Where::Staged, Where::Binary, Where::Events].map(Fault::Full));
    all.extend([Fault::Nohup, Fault::ReaderGone]);
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

/// Every fault: of the build, of the file, and what strikes later.
fn faults() -> Vec<Fault> {
    let builds =
        BUILDS.map(Fault::Build).into_iter().chain([Offered::Changed, Offered::Truncated].map(Fault::Offer));
    builds.chain(strikes()).collect()
}

/// A row that the seed stands for: any fault in a phase in which it can strike, on any host on which it can.
pub(crate) fn drawn(seed: u64) -> Row {
    let (mut dice, faults, setups) = (Dice::new(seed), faults(), Setup::all());
    loop {
        let (fault, phase, setup) = (dice.of(&faults), dice.of(&Phase::ALL), dice.of(&setups));
        let fits = setup == Setup::Plain || !fault.needs_the_plain_host();
        if let (Some(ends), true) = (ends(fault, phase), fits) {
            return Row { fault, phase, setup, ends };
        }
    }
}

/// The whole matrix: every fault in every phase on the plain host, and one of each sort on every other kind.
pub(crate) fn rows() -> Vec<Row> {
    let row = |fault, phase, setup| Some(Row { fault, phase, setup, ends: ends(fault, phase)? });
    let faults = faults();
    let plain = faults.iter().flat_map(|fault| Phase::ALL.map(|phase| row(*fault, phase, Setup::Plain)));
    let others = Setup::all().into_iter().filter(|setup| *setup != Setup::Plain);
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
