//! What a run writes: one event a line, the same on standard output and in the run's own file.

use crate::support::events;
use crate::support::host::Host;

#[test]
fn the_file_of_a_run_holds_the_lines_that_were_printed_and_each_fits_the_schema() {
    let host = Host::new().running("1.22.1");
    let offer = host.offer("1.26.3");
    let run = host.changeover(&["run", "plans/nginx.toml"], &offer);
    assert_eq!(run.exit(), 0, "{run}");
    let file = format!("/var/lib/changeover/run_nginx.pid/{}/events.jsonl", run.said("run"));
    let file = host.read(&file).unwrap_or_else(|| panic!("no {file}"));
    file.lines().for_each(events::fits);
    assert!(file.lines().count() > 10 && run.stdout().ends_with(&file), "{file}\n{run}");
}
