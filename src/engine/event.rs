//! One observable fact of a run. People, JSON lines and the event file all come from these.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{FaultReport, Verdict};
use crate::protocol::{Generation, Move, Signal, Stuck, Waiting};

/// An event with its place in the run: what one JSON line holds.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Record {
    /// 1 for the first event of a run, then one more each.
    pub seq: u64,
    /// Milliseconds since the run began, by a monotonic clock that stands still while the run is suspended.
    pub ms: f64,
    /// The wall clock, RFC 3339, UTC.
    pub at: String,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// What happened. Steps are counted from 1, as people do; times are milliseconds, sizes bytes.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The first event.
    RunStarted {
        /// The run's id; also in the names of its files.
        run: String,
        /// The plan's name, references resolved.
        plan: String,
        /// The plan's file as given.
        file: String,
        /// changeover's own version.
        changeover: String,
    },
    /// The verifier warns of the plan, which does not accept it; `check` says more.
    Verify {
        /// `verify/…`.
        code: String,
        /// What is unwise.
        message: String,
        /// What to type, or null.
        help: Option<String>,
        /// The line of the plan's file, from 1; null where no place can be named.
        line: Option<usize>,
    },
    /// A preflight check has something to say.
    Preflight {
        /// `preflight/…`.
        code: String,
        /// How bad it is.
        level: Level,
        /// What was seen.
        seen: String,
        /// Why it matters.
        why: String,
        /// What to do.
        todo: String,
    },
    /// Every check has been made.
    PreflightDone {
        /// How many checks were made.
        checks: usize,
        /// How many of them warned.
        warnings: usize,
        /// How many refused.
        refusals: usize,
        /// How long all of them took.
        took: f64,
    },
    /// The service as it was found, and what the plan would make of it.
    Found {
        /// The old generation's master.
        old: Master,
        /// The pid file.
        pid_file: String,
        /// The binary path.
        binary: String,
        /// The version that the staged file says it is.
        version: Option<String>,
        /// How many workers new is expected to have.
        expected: Option<usize>,
    },
    /// Nothing to do: the service runs the wanted binary already.
    NothingToDo {
        /// Why.
        reason: String,
    },
    /// The new file lies beside the path, proven.
    Staged {
        /// Its name.
        file: String,
        /// Its SHA-256, hex.
        sha256: String,
        /// Its size.
        bytes: u64,
    },
    /// A copy of what old runs lies beside the path, where the path itself holds another file.
    Kept {
        /// Its name.
        file: String,
        /// Its SHA-256, hex.
        sha256: String,
        /// Its size.
        bytes: u64,
    },
    /// From here the run may change the host.
    ForwardStarted,
    /// A step begins.
    StepStarted {
        /// Its number.
        step: usize,
        /// Its action.
        action: String,
        /// What it is about, in the words of the plan (`USR2`, `new: accepting`).
        about: String,
        /// How long it may take.
        timeout: f64,
    },
    /// Half of a wait's time-out is over.
    Slow {
        /// The step's number; null before the first one and on the way back.
        step: Option<usize>,
        /// What it waits for.
        waiting: String,
        /// How long it has waited.
        waited: f64,
        /// How long it may.
        timeout: f64,
    },
    /// The number of workers of a generation has changed.
    Workers(WaitedFor),
    /// From now on the binary path names the staged file, for milliseconds.
    WindowOpened,
    /// The binary path names what was found there again.
    WindowClosed {
        /// How long it named the staged file.
        open: f64,
    },
    /// New's master runs.
    NewMaster {
        /// Its pid.
        pid: i32,
    },
    /// A move was made.
    MoveMade {
        /// The move.
        #[serde(flatten)]
        what: Move,
        /// The pid it went to, for a signal.
        pid: Option<i32>,
        /// Whether the way back made it.
        way_back: bool,
    },
    /// A probe was answered, or not.
    Probed {
        /// The probe's name in the plan.
        probe: String,
        /// Whether a watch asked.
        watch: bool,
        /// `passed`, or the code of what was wrong.
        outcome: String,
        /// In words.
        text: String,
        /// Who answered.
        by: Option<AnswerBy>,
        /// From connecting to the last byte of the answer or to the failure, without the time that attributing took.
        latency: Option<f64>,
    },
    /// Somebody else did something that the run goes on from.
    Noticed {
        /// What it is, as `explain` has it.
        code: String,
        /// What was seen, and what is done about it.
        text: String,
    },
    /// A step has done what the plan says.
    StepPassed {
        /// Its number.
        step: usize,
        /// What was seen, in words.
        seen: String,
        /// How long it took.
        took: f64,
    },
    /// A step, a watch or a guard failed.
    StepFailed {
        /// The number of the step in hand.
        step: usize,
        /// What went wrong.
        fault: FaultReport,
    },
    /// A signal asked the run to stop.
    Interrupted {
        /// `SIGINT`, `SIGTERM` or `SIGHUP`.
        signal: String,
        /// Whether it changes anything. After the commit record and on the way back only the second one does: it ends the
        /// wait for old's connections, or the way back.
        heeded: bool,
    },
    /// Ctrl-Z: nobody watches until the run goes on.
    Suspended,
    /// The run goes on, and looks first.
    Resumed {
        /// How long it was suspended; none of that time counts, neither here nor in any other time of the run.
        away: f64,
    },
    /// Only on standard output: lines that were dropped, because nobody read. The run's `events.jsonl` has them.
    Unread {
        /// How many; `seq`, `ms` and `at` are those of the last one.
        lines: usize,
    },
    /// Somebody has confirmed the run.
    Confirmed,
    /// The process of the run has ended without a verdict, or a person wants a stopped one to go on: another process does.
    TakenOver {
        /// The run's id.
        run: String,
        /// The plan's name, references resolved.
        plan: String,
        /// Who goes on.
        by: By,
        /// Where to.
        goes: Goes,
    },
    /// The host was started again while the run was under way: nobody of either generation lives, and the path holds what the
    /// commit record, or that there is none, asks for.
    HostRestarted {
        /// What the path holds, in words.
        path: String,
    },
    /// The commit record: from here recovery goes forward, as long as new accepts.
    CommitRecorded,
    /// Old was told QUIT: nothing goes back from here.
    QuitSent {
        /// Old's master.
        pid: i32,
    },
    /// The way back begins.
    WayBackStarted,
    /// A move of the way back was refused or had no effect; what it has changed, if anything, the next look shows.
    MoveRefused {
        /// The move.
        #[serde(flatten)]
        what: Move,
        /// What the system said.
        text: String,
    },
    /// New's child runs the old binary: old's master from here on.
    BackMaster {
        /// Its pid.
        pid: i32,
    },
    /// The way back waits.
    WayBackWaits {
        /// For what.
        waiting: Waiting,
    },
    /// Old serves again, alone, from the old binary, and the baseline probes said so.
    RolledBack,
    /// The way back cannot be finished.
    Stuck {
        /// Why.
        why: Stuck,
    },
    /// Everything stays as it is, for a person.
    Stopped,
    /// Preflight refused; nothing live was touched.
    Refused,
    /// The plan is done.
    Finished {
        /// Whether old's master is gone.
        old_gone: bool,
    },
    /// The last event.
    Verdict(Verdict),
}

/// Who goes on with a run whose own process has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// The guardian that the run has started.
    Guardian,
    /// `changeover recover`.
    Recover,
}

/// Where a run that was taken over goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Goes {
    /// The way back: the commit is not recorded, or new does not accept and old was not told QUIT.
    Back,
    /// To the end of the commit.
    Forward,
}

/// How bad a preflight finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Worth knowing.
    Note,
    /// Unwise, but the run goes on.
    Warn,
    /// The run is refused.
    Refuse,
}

/// A master and its number of workers.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Master {
    /// Its pid.
    pub pid: i32,
    /// How many of its workers accept.
    pub workers: usize,
    /// The version of the file that it runs.
    pub version: String,
}

/// A generation's workers while a step waits for them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WaitedFor {
    /// Whose.
    pub generation: Generation,
    /// Titled as workers.
    pub accepting: usize,
    /// Titled as shutting down.
    pub draining: usize,
    /// How many the step waits for.
    pub expected: Option<usize>,
}

/// Who answered a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct AnswerBy {
    /// The worker's pid.
    pub pid: i32,
    /// Its generation.
    pub generation: Generation,
}

impl Event {
    /// A signal sent to a master.
    #[must_use]
    pub fn sent(signal: Signal, to: Generation, pid: Option<i32>, way_back: bool) -> Self {
        Self::MoveMade { what: Move::Signal { signal, to }, pid, way_back }
    }
}
