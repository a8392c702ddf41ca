//! A run that is left by its process: its files, its guardian, and how it ended.

use std::path::PathBuf;
use std::time::Duration;

use nix::sys::signal::Signal;
use rustix::time::{ClockId, clock_gettime};

use super::changeover::{Line, Run, Running};
use super::host::Host;
use super::points::{self, Point};
use super::scene::Snapshot;
use super::{holds_within, wait_until};

/// Where root's runs are, and those of the user that some hosts have.
const STATES: [&str; 2] = ["/var/lib/changeover", "/srv/home/.local/state/changeover"];
/// Longer than any way back takes.
const LONGEST: Duration = Duration::from_secs(60);

/// The guardians that live.
pub(crate) fn guardians(host: &Host) -> Vec<i32> {
    let ours = |title: &str| title.contains(" guardian --instance ");
    host.processes().into_iter().filter(|it| ours(&it.title) && it.state != 'Z').map(|it| it.pid).collect()
}

pub(crate) fn kill_guardian(host: &Host) {
    for pid in guardians(host) {
        host.kill_if_there(pid, Signal::SIGKILL);
    }
    wait_until("the guardian is gone", || guardians(host).is_empty());
}

/// Kills the run together with its guardian, of which it would start another one; both are gone then.
pub(crate) fn kill_both(host: &Host, run: Running) -> Run {
    run.signal(Signal::SIGSTOP);
    wait_until("the run is stopped or has ended", || matches!(run.state(), None | Some('T' | 'Z')));
    kill_guardian(host);
    run.signal(Signal::SIGKILL);
    run.wait()
}

/// A run that is killed at a point, together with its guardian or not, or goes to its end; and when it was killed.
pub(crate) fn killed_at(
    host: &Host,
    run: Running,
    last: Option<usize>,
    guardian_too: bool,
) -> (Vec<Point>, Run, Duration) {
    let points = points::run_to(&run, last, || {
        if guardian_too {
            kill_guardian(host);
        }
        run.signal(Signal::SIGKILL);
    });
    let when = now();
    (points, run.wait(), when)
}

/// By the clock of the journals.
pub(crate) fn now() -> Duration {
    Duration::try_from(clock_gettime(ClockId::Monotonic)).expect("the clock")
}

/// When the last event of this name was recorded in the journal of the last run.
pub(crate) fn recorded(host: &Host, name: &str) -> Option<Duration> {
    let lines = lines_of(host, "journal.jsonl");
    let event = lines.iter().rfind(|line| line.event["event"]["event"] == name)?;
    event.event["mono_us"].as_u64().map(Duration::from_micros)
}

/// Whether the host is as it was, or this build serves alone, and nothing is left over.
pub(crate) fn whole(exit: i32, before: &Snapshot, new: &str, host: &Host) -> Result<(), String> {
    let after = Snapshot::of(host);
    let good = match exit {
        20 => after == *before,
        0 => {
            let serves = after.answering.as_deref() == Some(new) && after.binary == new;
            serves && (after.masters.len(), after.strays, after.beside.len()) == (1, 0, 1)
        }
        _ => false,
    };
    if good { Ok(()) } else { Err(format!("exit {exit}\n{before:?}\n{after:?}")) }
}

/// `changeover recover`, to its end.
pub(crate) fn recover(host: &Host) -> Run {
    host.changeover_bare(&["recover", "--output", "json"])
}

/// The directory of the last run of the instance.
pub(crate) fn directory(host: &Host) -> Option<PathBuf> {
    let name = format!("{}.pid", host.config.name);
    let instances = STATES.iter().flat_map(|state| {
        let names = host.names_in(state).into_iter().filter(|instance| instance.ends_with(&name));
        names.map(move |instance| format!("{state}/{instance}"))
    });
    let runs = instances.flat_map(|instance| {
        let runs = host.names_in(&instance).into_iter().filter(|run| run != "open");
        runs.map(|run| (run.clone(), format!("{instance}/{run}"))).collect::<Vec<_>>()
    });
    // Several may begin in one second, which is all that their names tell.
    let began = |plan: &str| std::fs::metadata(host.path(plan)).and_then(|plan| plan.modified()).ok();
    let last = runs.max_by_key(|(run, directory)| (began(&format!("{directory}/plan.toml")), run.clone()));
    last.map(|(_, directory)| host.path(&directory))
}

/// A file of the last run.
pub(crate) fn text_of(host: &Host, file: &str) -> String {
    directory(host).and_then(|run| std::fs::read_to_string(run.join(file)).ok()).unwrap_or_default()
}

/// Its lines.
pub(crate) fn lines_of(host: &Host, file: &str) -> Vec<Line> {
    text_of(host, file).lines().map(|line| Line::of(line.to_owned())).collect()
}

/// The exit code and the verdict of the last run, once no guardian is at work.
pub(crate) fn verdict(host: &Host) -> Option<(i32, String)> {
    assert!(holds_within(LONGEST, || guardians(host).is_empty()), "the guardian does not end");
    // It is recorded before it is told.
    let last = lines_of(host, "journal.jsonl").pop()?.event["event"].take();
    let exit = i32::try_from(last["exit"].as_i64()?).ok()?;
    Some((exit, last["verdict"].as_str()?.to_owned()))
}
