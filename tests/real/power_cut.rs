//! A power cut: what the disk of the state directory holds when everything that was not synced is lost.
//!
//! The state directory is an ext4 image of its own. While the run is held at a system call the image is copied: what the
//! kernel had not yet written to it is not in the copy, as after a power cut.

use nix::sys::signal::Signal;

use crate::support::disk::{self, IMAGE, STATE};
use crate::support::host::Host;
use crate::support::points::{self, Call, Point};

const CUT: &str = "/srv/cut.img";

#[test]
fn whatever_was_synced_is_there_after_a_power_cut_and_the_journal_can_be_read() {
    let (all, _) = cut_at(None);
    let Some(all) = all else { return disk::not_tried() };
    let first = all.iter().position(|point| point.call == Call::Write).expect("a journal");
    // Before anything is done, and at some of the others.
    let acts = |point: &Point| !point.after && matches!(point.call, Call::Signal | Call::Rename);
    let chosen = |point: &&Point| point.number > first + 3 && (acts(point) || point.number.is_multiple_of(5));
    let mut wrong = Vec::new();
    for point in all.iter().filter(chosen) {
        let (points, texts) = cut_at(Some(point.number));
        let (Some(points), Some((live, cut))) = (points, texts) else { panic!("{point} was not reached") };
        // What is about to be done is on the disk already.
        let durable = if acts(point) { live.lines().count() } else { durable_lines(&points) };
        let whole = cut.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let lines = whole.lines().count();
        if lines < durable || !live.starts_with(whole) {
            wrong.push(format!("{point}: {lines} lines of {durable}\n{live}\n---\n{cut}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// How many lines were written before the last sync that was over.
fn durable_lines(points: &[Point]) -> usize {
    let synced = points.iter().rposition(|point| point.call == Call::Sync && point.after);
    let before = points.iter().take(synced.unwrap_or_default());
    before.filter(|point| point.call == Call::Write && point.after).count()
}

/// Runs the standard plan to this point, where the image is copied and the run is killed, or to its end. Gives the points, where
/// there are loop devices, and the journal as the run had written it and as the copy holds it.
fn cut_at(last: Option<usize>) -> (Option<Vec<Point>>, Option<(String, String)>) {
    let host = Host::new().running("1.22.1");
    if !disk::mounted(&host) {
        return (None, None);
    }
    let offer = host.offer("1.26.3");
    let run = host.start_changeover(&["run", "plans/nginx.toml", "--no-guardian"], &offer);
    let mut live = String::new();
    let points = points::run_to(&run, last, || {
        std::fs::copy(host.path(IMAGE), host.path(CUT)).expect("copy the image");
        live = journal_below(&host, STATE);
        run.signal(Signal::SIGKILL);
    });
    let _ = run.wait();
    let texts = last.map(|_| {
        host.write("/srv/cut/.there", "");
        let output = host.exec("mount", &["-o", "loop", CUT, "/srv/cut"]);
        assert!(output.status.success(), "{output:?}");
        let cut = journal_below(&host, "/srv/cut");
        host.exec("umount", &["/srv/cut"]);
        (live, cut)
    });
    disk::unmount(&host);
    (Some(points), texts)
}

/// The journal of the only run below a state directory.
fn journal_below(host: &Host, state: &str) -> String {
    let instance = format!("{state}/run_nginx.pid");
    let run = host.names_in(&instance).into_iter().rfind(|name| name != "open").unwrap_or_default();
    host.read(&format!("{instance}/{run}/journal.jsonl")).unwrap_or_default()
}
