//! The protocol's words as people read them: moves, waits, dead ends, verdicts.

use crate::{
    engine::{Ending, Phase, Serving},
    protocol::{Move, Stuck},
};

/// A move, with the pid that it went to.
#[must_use]
pub fn movement(what: &Move, pid: Option<i32>) -> String {
    let pid = pid.map_or_else(String::new, |pid| format!(" {pid}"));
    match what {
        Move::OpenWindow => "exec window: the new file at the path, USR2 to old".into(),
        Move::Install => "the new file stays at the path".into(),
        Move::Signal { signal, to } => format!("{signal} to {to} master{pid}"),
        Move::ExchangeBack => "what was found is put back at the path".into(),
        Move::WritePidFile { names } => format!("pid file names the {names} master{pid}"),
        Move::UnlinkOldbin => "stale .oldbin removed".into(),
        Move::LinkUnixPath { path } => format!("unix path {} linked back", path.display()),
        Move::StubExec => "stub exec: old restarts its workers from memory".into(),
        Move::Reverse { .. } => format!("USR2 to new master{pid}"),
        Move::FreezeNew => format!("STOP to new master{pid}"),
        Move::KillNewWorkers => "KILL to the children of new".into(),
        Move::KillNewMaster => format!("KILL to new master{pid}"),
        Move::QuitStrays => "QUIT to the processes left behind".into(),
        Move::KillStrays => "KILL to the processes left behind".into(),
    }
}

/// Why the way back cannot be finished.
#[must_use]
pub const fn stuck(why: Stuck) -> &'static str {
    match why {
        Stuck::OldDoesNotSettle => "the old master takes no signals: it is stopped, or waits in the kernel",
        Stuck::NoMaster => "no master lives",
        Stuck::OldNotStarted => "the old master is gone, and the new one cannot start it again",
        Stuck::OldGoneNewUnsettled => "the old master is gone and the new one takes no signals",
        Stuck::OldDoesNotAccept => "the old master starts no workers",
        Stuck::WrongNumber => "the old master cannot be brought to its former number of workers",
        Stuck::NewDoesNotLeave => "the new master cannot be ended",
        Stuck::StraysDoNotLeave => "processes left behind cannot be ended",
        Stuck::BaselineLost => "old serves, but not as it did before the run",
        Stuck::NoProgress => "the same move was made again and again without effect",
    }
}

/// A verdict, as the last line begins.
#[must_use]
pub const fn ending(ending: Ending) -> &'static str {
    match ending {
        Ending::Committed => "committed",
        Ending::Draining => "committed, old still drains",
        Ending::Unchanged => "nothing to do",
        Ending::Refused => "refused",
        Ending::RolledBack => "rolled back",
        Ending::Stopped => "stopped on purpose",
        Ending::Stuck => "stuck",
        Ending::Bug => "a bug",
    }
}

/// Where a run is; `step` is the one in hand, counted from 1.
#[must_use]
pub fn phase(phase: Phase, step: usize, action: &str) -> String {
    let step = if step == 0 { "before the first step".to_owned() } else { format!("step {step}, {action}") };
    match phase {
        Phase::Preflight => "preflight".to_owned(),
        Phase::Refused => "refused".to_owned(),
        Phase::Forward { .. } => step,
        Phase::Committed => "committed, QUIT is not sent to old yet".to_owned(),
        Phase::Finishing => "committed, old finishes its connections".to_owned(),
        Phase::Finished => "committed".to_owned(),
        Phase::RollingBack => format!("on the way back from {step}"),
        Phase::RolledBack => "rolled back".to_owned(),
        Phase::Stopped => format!("stopped on purpose, {step}"),
        Phase::Stuck => format!("stuck on the way back from {step}"),
    }
}

/// Who accepts connections.
#[must_use]
pub const fn serving(serving: Serving) -> &'static str {
    match serving {
        Serving::Old => "old serves",
        Serving::New => "new serves",
        Serving::Both => "both generations serve",
        Serving::None => "nobody serves",
    }
}

/// `1.22.1` of `nginx/1.22.1`: the product's name only where it is not nginx.
#[must_use]
pub fn version(text: &str) -> &str {
    text.strip_prefix("nginx/").unwrap_or(text)
}
