//! Two instances on one host that were started from the same file: a changeover of one never disturbs the other.

use std::os::unix::fs::MetadataExt as _;

use nix::sys::signal::Signal;

use crate::support::changeover::{Run, Running};
use crate::support::host::{BINARY, Host, Offer};
use crate::support::load::Load;
use crate::support::meeting::{Met, Moment, diagnosis, inode, moves_back};
use crate::support::process::Process;
use crate::support::scene::Snapshot;
use crate::support::wait_until;

const STANDARD: &str = "plans/nginx.toml";

/// Everything of one instance that the changeover of another must not change.
#[derive(Debug, PartialEq, Eq)]
struct Undisturbed {
    pid_file: Option<String>,
    oldbin: Option<String>,
    /// The master and its workers: pid, start time and the inode that each runs.
    processes: Vec<(i32, u64, u64)>,
    answering: Option<String>,
}

impl Undisturbed {
    fn of(host: &Host) -> Self {
        let now = Snapshot::of(host);
        let nginx = |process: &Process| process.title.starts_with("nginx: ");
        let identity = |process: Process| (process.pid, process.start, process.exe);
        Self {
            processes: host.processes().into_iter().filter(nginx).map(identity).collect(),
            pid_file: now.pid_file,
            oldbin: now.oldbin,
            answering: now.answering,
        }
    }

    /// The inode that the master runs.
    fn runs(&self) -> u64 {
        self.processes[0].2
    }
}

/// `a` and `b`, both running 1.22.1 from the same file.
fn two() -> [Host; 2] {
    let a = Host::new().running("1.22.1");
    let b = a.another("b", 81);
    b.write_config();
    b.start();
    [a, b]
}

#[track_caller]
fn committed(run: &Run, host: &Host, version: &str) {
    assert_eq!((run.exit(), run.said("verdict")), (0, "committed"), "{run}");
    let now = Snapshot::of(host);
    assert_eq!((now.masters.len(), now.accepting, now.oldbin.as_deref()), (1, 2, None), "{now:?}");
    assert_eq!(now.answering.as_deref(), Some(version), "{run}");
}

/// Starts the same plan for both at the same moment. Whoever has the locks is held there until the other has ended, so
/// that they meet on a busy machine too. Gives the places of who ran and of who was locked out.
fn at_the_same_moment(hosts: &[Host; 2], offer: &Offer) -> (usize, Run, Run) {
    let start = |host: &Host| host.start_changeover(&["run", STANDARD], offer);
    let runs: [Running; 2] = [start(&hosts[0]), start(&hosts[1])];
    let inside = |run: &Running| run.lines().iter().any(|line| line.name() == "preflight-done");
    let mut first = None;
    wait_until("one of them has the locks", || {
        first = runs.iter().position(inside);
        first.is_some()
    });
    let first = first.expect("one of them");
    runs[first].signal(Signal::SIGSTOP);
    let [a, b] = runs;
    let (ran, locked) = if first == 0 { (a, b) } else { (b, a) };
    let locked = locked.wait();
    ran.signal(Signal::SIGCONT);
    (first, ran.wait(), locked)
}

#[test]
fn two_instances_on_one_binary_change_one_after_the_other_twenty_times_up_and_down() {
    let hosts = two();
    let offers = ["1.26.3", "1.22.1"].map(|build| hosts[0].offer(build));
    let gentle = Load { connections: 2, ..Load::close() };
    let loads = hosts.each_ref().map(|host| host.start_load(&gentle));
    for round in 0..20 {
        let offer = &offers[round % 2];
        let before = hosts.each_ref().map(Undisturbed::of);
        let (first, ran, locked) = at_the_same_moment(&hosts, offer);
        let second = 1 - first;
        assert_eq!((locked.exit(), diagnosis(&locked)), (13, "host/locked"), "round {round}: {locked}");
        committed(&ran, &hosts[first], &offer.version);
        assert_eq!(Undisturbed::of(&hosts[second]), before[second], "round {round}: {ran}");

        // The path holds the new file, and the other one still runs the old: it is taken over to the file at the path.
        let (path, done) = (hosts[0].binary_inode(), Undisturbed::of(&hosts[first]));
        assert_eq!((done.runs(), hosts[0].binary_on_disk()), (path, offer.version.clone()));
        let beside = hosts[0].left_beside_binary();
        let again = hosts[second].changeover(&["run", STANDARD], offer);
        committed(&again, &hosts[second], &offer.version);
        assert_eq!(Undisturbed::of(&hosts[first]), done, "round {round}: {again}");
        assert_eq!(Undisturbed::of(&hosts[second]).runs(), path);
        let now = hosts[0].left_beside_binary();
        let stay = beside.iter().filter(|file| now.contains(file)).count();
        assert!(stay >= 1 && now.len() == 2, "one is kept for each: {beside:?} {now:?}");
        assert_eq!(hosts[0].binary_inode(), path, "round {round}: {again}");
    }
    for (host, load) in hosts.iter().zip(loads) {
        load.go_on();
        let served = load.stop();
        assert_eq!(served.harmed(), 0, "{}: {served}", host.config.name);
        assert!(served.by_version("1.22.1") > 0 && served.by_version("1.26.3") > 0, "{served}");
    }
}

#[test]
fn what_is_bad_for_one_goes_back_and_the_other_stays_on_the_new_file() {
    let hosts = two();
    let [a, b] = &hosts;
    b.write(
        "/etc/nginx/b.conf",
        b.config
            .text(std::path::Path::new("/"))
            .replace("return 200", "if ($nginx_version = \"1.26.3\") { return 500; } return 200"),
    );
    let offer = a.offer("1.26.3");
    committed(&a.changeover(&["run", STANDARD], &offer), a, "1.26.3");
    let (on_new, on_old, beside) = (Undisturbed::of(a), Snapshot::of(b), a.left_beside_binary());
    // The file at the path is what the plan means, and b's own configuration makes its answers bad.
    let run = b.changeover(&["run", STANDARD], &offer);
    assert_eq!((run.exit(), run.said("verdict")), (20, "rolled-back"), "{run}");
    assert_eq!((Undisturbed::of(a), Snapshot::of(b)), (on_new, on_old), "{run}");
    assert_eq!(a.left_beside_binary(), beside);
}

#[test]
fn a_bad_build_for_one_goes_back_to_the_file_that_both_run() {
    let hosts = two();
    let [a, b] = &hosts;
    let (before_a, before_b) = (Undisturbed::of(a), Snapshot::of(b));
    for build in ["faulty/answers-500", "faulty/segfaults-at-start"] {
        let run = b.changeover(&["run", STANDARD], &b.offer(build));
        assert_eq!(run.said("serving"), "old", "{run}");
        assert!([12, 20].contains(&run.exit()), "{run}");
        assert_eq!((&Undisturbed::of(a), &Snapshot::of(b)), (&before_a, &before_b), "{run}");
    }
}

#[test]
fn what_a_instance_kept_stays_as_long_as_another_executes_it() {
    let hosts = two();
    let [a, b] = &hosts;
    let old = b.binary_inode();
    for build in ["1.26.3", "1.18.0"] {
        committed(&a.changeover(&["run", STANDARD], &a.offer(build)), a, build);
        let beside = a.left_beside_binary();
        let inodes: Vec<_> =
            beside.iter().filter_map(|file| inode(a, &format!("/usr/sbin/{file}"))).collect();
        assert!(inodes.contains(&old), "b still runs {old}: {inodes:?}");
    }
    assert_eq!(Undisturbed::of(b).runs(), old);
    // b follows, and nobody executes it any more: a's next run removes it.
    committed(&b.changeover(&["run", STANDARD], &b.offer("1.18.0")), b, "1.18.0");
    committed(&a.changeover(&["run", STANDARD], &a.offer("1.26.3")), a, "1.26.3");
    let is_old = |file: &String| {
        std::fs::metadata(a.path(&format!("/usr/sbin/{file}"))).is_ok_and(|file| file.ino() == old)
    };
    assert!(!a.left_beside_binary().iter().any(is_old), "{:?}", a.left_beside_binary());
    assert!(inode(a, BINARY).is_some());
}

#[test]
fn strays_of_one_are_never_taken_for_those_of_the_other() {
    let hosts = two();
    let [a, b] = &hosts;
    // b's master is dead: its workers run the same file as a's, and belong to nobody.
    let master = b.master().expect("b's master");
    let orphans = b.accepting(master);
    b.kill(master, Signal::SIGKILL);
    assert!(b.wait_gone(master));
    // Without a binary step a's new generation runs the same file as well.
    let same = [
        ("name = \"nginx ${version}\"", "name = \"nginx ${version} ${source} ${sha256}\""),
        (
            "[[step]]\naction = \"replace-binary\"\nsource = \"${source}\"\nsha256 = \"${sha256}\"\nversion = \"${version}\"\n",
            "",
        ),
    ];
    let met = Met::at(Moment::Soak, a, &a.offer("1.22.1"), &same);
    met.host.kill(met.new, Signal::SIGKILL);
    let run = met.run.wait();
    assert_eq!((run.exit(), diagnosis(&run)), (20, "run/new-master-exited"), "{run}");
    assert!(moves_back(&run).contains(&"quit-strays".to_owned()), "{run}");
    assert!(orphans.iter().all(|orphan| b.is_alive(*orphan)), "{orphans:?} {run}");
    assert_eq!((a.answering().as_deref(), b.answering().as_deref()), (Some("1.22.1"), Some("1.22.1")));
}
