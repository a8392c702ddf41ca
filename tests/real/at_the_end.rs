//! A master that is killed behind a run's last look at it: the verdict tells it.

use nix::sys::signal::Signal;

use crate::support::changeover::Run;
use crate::support::host::Host;
use crate::support::left::lines_of;
use crate::support::meeting::diagnosis;
use crate::support::points::run_until;
use crate::support::wait_until;

/// Who is killed.
#[derive(Clone, Copy)]
enum Kills {
    /// The master that serves.
    Master,
    /// It, and its workers.
    All,
}

/// A run whose serving master is killed once this is recorded, before its verdict is.
fn killed_behind(host: &Host, offered: &str, recorded: &str, kills: Kills) -> Run {
    let offer = host.offer(offered);
    let run = host.start_changeover(&["run", "plans/nginx.toml"], &offer);
    let is_last = || {
        lines_of(host, "journal.jsonl").last().is_some_and(|line| line.event["event"]["event"] == recorded)
    };
    run_until(&run, is_last, || {
        let master = host.master().expect("the master that the pid file names");
        let workers = host.accepting(master);
        host.kill(master, Signal::SIGKILL);
        assert!(host.wait_gone(master));
        if matches!(kills, Kills::All) {
            for worker in &workers {
                host.kill_if_there(*worker, Signal::SIGKILL);
            }
            wait_until("nobody lives", || workers.iter().all(|worker| !host.is_alive(*worker)));
        }
    });
    run.wait()
}

fn ended(run: &Run) -> (i32, &str, &str) {
    (run.exit(), run.said("verdict"), run.said("serving"))
}

#[test]
fn an_old_that_is_killed_behind_the_way_back_is_not_rolled_back() {
    for (kills, exit, serving) in [(Kills::Master, 30, "old"), (Kills::All, 31, "none")] {
        let host = Host::new().running("1.22.1");
        let run = killed_behind(&host, "faulty/answers-500", "rolled-back", kills);
        assert_eq!(ended(&run), (exit, "stuck", serving), "{run}");
        assert_eq!(host.binary_on_disk(), "1.22.1");
        let next = run.verdict()["next"].to_string();
        assert!(next.contains("start nginx as usual"), "{next}");
        assert_eq!(next.contains("workers that still hold the sockets"), serving == "old", "{next}");
    }
}

#[test]
fn a_new_that_is_killed_behind_the_commit_is_told_by_33() {
    for (kills, serving) in [(Kills::Master, "new"), (Kills::All, "none")] {
        let host = Host::new().running("1.22.1");
        let run = killed_behind(&host, "1.26.3", "finished", kills);
        assert_eq!(ended(&run), (33, "committed", serving), "{run}");
        assert_eq!((diagnosis(&run), host.binary_on_disk().as_str()), ("run/new-master-exited", "1.26.3"));
    }
}
