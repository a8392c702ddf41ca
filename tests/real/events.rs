//! What a run writes: one event a line, the same on standard output and in the run's own file.

use crate::support::changeover::Run;
use crate::support::events;
use crate::support::host::Host;

/// Everything that the run has printed stands in its file.
fn is_kept(host: &Host, run: &Run) {
    let file = format!("/var/lib/changeover/run_nginx.pid/{}/events.jsonl", run.said("run"));
    let file = host.read(&file).unwrap_or_else(|| panic!("no {file}: {run}"));
    file.lines().for_each(events::fits);
    assert_eq!(file, run.stdout());
}

#[test]
fn the_file_of_a_run_holds_the_lines_that_were_printed_and_each_fits_the_schema() {
    let host = Host::new().running("1.22.1");
    let offer = host.offer("1.26.3");
    let run = host.changeover(&["run", "plans/nginx.toml"], &offer);
    assert_eq!(run.exit(), 0, "{run}");
    assert_eq!((run.lines[0].name(), run.lines.len() > 10), ("run-started", true), "{run}");
    is_kept(&host, &run);
}

#[test]
fn so_does_that_of_a_run_that_was_refused_after_its_checks() {
    let host = Host::new().running("1.22.1");
    let offer = host.offer("1.26.3");
    let plan = ["plans/soak-and-watch.toml", "--set", "soak=1s"];
    let preview = host.changeover(&[&["preview"], &plan[..], &["--seal", "/srv/seal"]].concat(), &offer);
    assert_eq!(preview.exit(), 0, "{preview}");
    let sealed = ["--sealed", "/srv/seal", "--set", "soak=2s"];
    let nobody = ["--set", "health-url=http://127.0.0.1:9/"];
    for (more, exit) in [(&sealed[..], 14), (&nobody[..], 12)] {
        let run = host.changeover(&[&["run"], &plan[..1], more].concat(), &offer);
        assert_eq!((run.exit(), run.said("verdict")), (exit, "refused"), "{run}");
        is_kept(&host, &run);
    }
}
