//! A binary on a file system that cannot exchange two names (a real one, by FUSE): a third name and two renames do it.

use nix::sys::signal::Signal;

use crate::support::disk;
use crate::support::host::Host;
use crate::support::left;
use crate::support::meeting::diagnosis;
use crate::support::points::{self, Call, Point};
use crate::support::scene::{Scene, Snapshot};

const STANDARD: &str = "plans/nginx.toml";

/// `None` where there is no FUSE: not tried there.
fn host() -> Option<Host> {
    let host = Host::new();
    disk::without_exchange(&host).then(|| host.running("1.22.1"))
}

#[test]
fn a_preview_says_that_it_does_not_know_and_a_run_that_it_takes_two_renames() {
    let Some(host) = host() else { return };
    let offer = host.offer("1.26.3");
    let preview = host.changeover(&["preview", STANDARD], &offer);
    let told = preview.stdout().contains("preflight/exchange-by-renames")
        && preview.stdout().contains("is not known");
    assert!(told, "{preview}");
    let scene = Scene::play(host, STANDARD, &offer);
    scene.committed("1.26.3");
    let warned = |line: &crate::support::changeover::Line| {
        (line.event["code"].as_str(), line.event["level"].as_str())
            == (Some("preflight/exchange-by-renames"), Some("warn"))
    };
    assert!(scene.run.lines.iter().any(warned), "{}", scene.run);
    assert_eq!(scene.served.harmed(), 0, "{}", scene.served);
    // What lies aside is the run's too.
    scene.host.write("/usr/sbin/.nginx.changeover-1-stub-aside", "");
    let status = scene.host.changeover_bare(&["status", "--output", "json"]);
    let aside =
        |file: &serde_json::Value| (file["run"].as_str(), file["is"].as_str()) == (Some("1"), Some("stub"));
    assert!(status.verdict()["beside"].as_array().is_some_and(|files| files.iter().any(aside)), "{status}");
}

#[test]
fn a_sick_build_goes_back_there_too() {
    let Some(host) = host() else { return };
    let offer = host.offer("faulty/answers-500");
    let scene = Scene::play(host, STANDARD, &offer);
    scene.rolled_back(20);
    assert_eq!(diagnosis(&scene.run), "probe/wrong-status", "{}", scene.run);
}

/// A run that is killed at this point, or goes to its end; the points that it came to.
fn killed_at(host: &Host, last: Option<usize>) -> Vec<Point> {
    let offer = host.offer("1.26.3");
    let run = host.start_changeover(&["run", STANDARD], &offer);
    let points = points::run_to(&run, last, || run.signal(Signal::SIGKILL));
    run.wait();
    points
}

#[test]
fn a_run_killed_before_or_after_any_step_of_an_exchange_is_brought_to_its_end() {
    let Some(whole) = host() else { return };
    let all = killed_at(&whole, None);
    let begins = all.iter().position(|point| point.call == Call::Write).expect("a journal");
    let steps = all.iter().skip(begins).filter(|point| matches!(point.call, Call::Rename | Call::Link));
    let mut exits = Vec::new();
    for point in steps {
        let host = host().expect("as before");
        let before = Snapshot::of(&host);
        assert_eq!(killed_at(&host, Some(point.number)).last(), Some(point));
        let (exit, verdict) = left::verdict(&host).expect("a verdict of the guardian");
        let after = Snapshot::of(&host);
        match exit {
            20 => assert_eq!(after, before, "{point}: {verdict}"),
            0 => {
                let serves = (after.answering.as_deref(), after.binary.as_str(), after.beside.len());
                assert_eq!(serves, (Some("1.26.3"), "1.26.3", 1), "{point}: {verdict}");
            }
            _ => panic!("{point}: {exit} {verdict}"),
        }
        exits.push(exit);
    }
    // The window opens and closes, and the file is installed: each has a link and two renames, met before and after.
    assert!(exits.len() >= 18 && exits.contains(&20) && exits.contains(&0), "{exits:?}");
}
