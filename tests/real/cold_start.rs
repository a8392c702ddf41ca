//! A plain start of nginx while a run is under way: until the commit is recorded it starts the old binary.

use std::cell::RefCell;

use nix::sys::signal::Signal;

use crate::support::host::Host;
use crate::support::left::{kill_both, lines_of};
use crate::support::meeting::{Moment, met_on};
use crate::support::points::run_until;
use crate::support::wait_until;

/// What is at the path, and what the journal ends with.
#[derive(Debug)]
struct Seen {
    binary: String,
    last: String,
}

fn last(host: &Host) -> String {
    let lines = lines_of(host, "journal.jsonl");
    let Some(line) = lines.last() else { return String::new() };
    let said = |key: &str, of: &str| line.event[key][of].as_str().unwrap_or_default().to_owned();
    format!("{}{}", said("event", "event"), said("what", "move"))
}

#[test]
#[expect(clippy::print_stdout, reason = "how long the window is open is measured here")]
fn but_for_the_exec_window_the_path_leads_to_old_until_the_commit_is_recorded() {
    let host = Host::new().running("1.22.1");
    let offer = host.offer("1.26.3");
    let run = host.start_changeover(&["run", "plans/nginx.toml"], &offer);
    let seen = RefCell::new(Vec::new());
    let recorded = || {
        let now = Seen { binary: host.binary_on_disk(), last: last(&host) };
        let recorded = now.last == "commit-recorded";
        seen.borrow_mut().push(now);
        recorded
    };
    run_until(&run, recorded, || {});
    let run = run.wait();
    assert_eq!(run.exit(), 0, "{run}");
    let seen = seen.into_inner();
    assert!(seen.len() > 20, "{seen:?}");
    let (window, outside): (Vec<_>, Vec<_>) = seen.iter().partition(|seen| seen.last == "open-window");
    assert!(window.iter().any(|seen| seen.binary == "1.26.3"), "{window:?}");
    assert!(outside.iter().all(|seen| seen.binary == "1.22.1"), "{outside:?}");
    let open = run.lines.iter().find(|line| line.name() == "window-closed").expect("a window");
    println!(
        "the exec window was open for {} ms, at {} of {} places",
        open.event["open"],
        window.len(),
        seen.len()
    );
}

#[test]
fn what_a_host_starts_by_itself_in_the_middle_of_a_run_is_the_old_binary() {
    for moment in [Moment::BothAccept, Moment::Soak] {
        let scene = met_on(Host::new().running("1.22.1"), "1.26.3", moment, |met| {
            let killed = kill_both(met.host, met.run);
            let all = met.host.processes().into_iter().filter(|process| process.title.starts_with("nginx: "));
            for process in all {
                met.host.kill_if_there(process.pid, Signal::SIGKILL);
            }
            wait_until("nobody lives", || met.host.masters().is_empty() && met.host.strays().is_empty());
            std::fs::remove_file(met.host.path(&met.host.pid_file())).expect("the pid file");
            met.host.start();
            killed
        });
        assert_eq!(
            (scene.after.binary.as_str(), scene.after.answering.as_deref()),
            ("1.22.1", Some("1.22.1"))
        );
    }
}
