//! A disk of the state directory that fails in the middle of a run: what cannot be journaled is not done.

use crate::support::changeover::Run;
use crate::support::disk;
use crate::support::host::Host;
use crate::support::load::Load;
use crate::support::points::{self, Point};
use crate::support::scene::Snapshot;

/// A run of the standard plan whose disk fails at this point.
struct Failed {
    points: Vec<Point>,
    run: Run,
    lost: usize,
    before: Snapshot,
    after: Snapshot,
}

/// `None` where there are no loop devices.
fn failed_at(point: Option<usize>) -> Option<Failed> {
    let host = Host::new().running("1.22.1");
    if !disk::mounted(&host) {
        return None;
    }
    let (before, offer) = (Snapshot::of(&host), host.offer("1.26.3"));
    let load = host.start_load(&Load::close());
    let run = host.start_changeover(&["run", "plans/nginx.toml"], &offer);
    let points = points::run_to(&run, point, || disk::fails(&host));
    let run = run.wait();
    load.go_on();
    let lost = load.stop().lost();
    let after = Snapshot::of(&host);
    disk::unmount(&host);
    Some(Failed { points, run, lost, before, after })
}

/// How it has to end, by the exit code: refused, rolled back, or committed where the commit was recorded before.
fn whole(failed: &Failed) -> Result<(), String> {
    let code = failed.run.verdict()["diagnosis"]["code"].as_str().unwrap_or_default().to_owned();
    let as_it_was = failed.before == failed.after;
    let right = match failed.run.exit() {
        12 => ["journal/directory-not-made", "journal/not-written"].contains(&&*code) && as_it_was,
        20 => code == "journal/not-written" && as_it_was,
        0 => failed.after.answering.as_deref() == Some("1.26.3") && failed.after.masters.len() == 1,
        _ => false,
    };
    if right && failed.lost == 0 {
        return Ok(());
    }
    Err(format!("lost {}, {code}, {:?}\n{}", failed.lost, failed.after, failed.run))
}

#[test]
fn a_run_whose_journal_cannot_be_written_any_more_goes_no_further() {
    let Some(all) = failed_at(None) else { return disk::not_tried() };
    assert_eq!(all.run.exit(), 0, "{}", all.run);
    let points = all.points.iter().filter(|point| !point.after).step_by(3);
    let exits: Vec<i32> = points
        .map(|point| {
            let failed = failed_at(Some(point.number)).expect("the image");
            whole(&failed).unwrap_or_else(|why| panic!("{point}: {why}"));
            failed.run.exit()
        })
        .collect();
    let mut kinds = exits.clone();
    kinds.dedup();
    assert_eq!(kinds, [12, 20, 0], "refused, then rolled back, then committed: {exits:?}");
}
