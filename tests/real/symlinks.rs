//! A binary path that leads through symlinks: the last one is exchanged, and the file that it named is never changed.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use nix::sys::signal::Signal;

use crate::support::host::{Host, Offer};
use crate::support::meeting::{self, Moment, diagnosis, interrupt, met_on, moves_back};
use crate::support::scene::Scene;
use crate::support::wait_until;

const STANDARD: &str = "plans/nginx.toml";
const LINK: &str = "/etc/alternatives/nginx";
const FILE: &str = "/opt/nginx/1.22/nginx";

/// `/usr/sbin/nginx` → `/etc/alternatives/nginx` → `/opt/nginx/1.22/nginx`, as Debian's alternatives have it.
fn alternatives() -> Host {
    let host = Host::new();
    host.install_at("1.22.1", FILE);
    symlink(&host, FILE, LINK);
    symlink(&host, LINK, "/usr/sbin/nginx");
    host.write_config();
    host.start();
    host
}

fn symlink(host: &Host, names: &str, at: &str) {
    let at = host.path(at);
    std::fs::create_dir_all(at.parent().expect("its directory")).expect("make the directory");
    std::os::unix::fs::symlink(names, at).expect("make a symlink");
}

/// Every name below a directory of the host, with its inode and, for a symlink, what it names.
fn tree(host: &Host, directory: &str) -> BTreeMap<String, (u64, String)> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(host.path(directory)).expect("list the directory").flatten() {
        let path = format!("{directory}/{}", entry.file_name().to_string_lossy());
        let names = std::fs::read_link(entry.path()).unwrap_or_default().display().to_string();
        if entry.file_type().expect("its type").is_dir() {
            found.append(&mut tree(host, &path));
        }
        found.insert(path, (entry.metadata().expect("its inode").ino(), names));
    }
    found
}

/// Everything on the way from argv[0] to the file.
fn way(host: &Host) -> [BTreeMap<String, (u64, String)>; 2] {
    [tree(host, "/etc/alternatives"), tree(host, "/opt")]
}

fn names(host: &Host, link: &str) -> String {
    std::fs::read_link(host.path(link)).expect("a symlink").display().to_string()
}

fn digest_of(host: &Host, path: &str) -> String {
    crate::support::builds::name_of(&crate::support::builds::sha256_of(&host.path(path)))
}

#[test]
fn a_commit_leaves_a_symlink_to_the_new_file_and_the_named_file_as_it_was() {
    let host = alternatives();
    let offer = host.offer("1.26.3");
    let [_, opt] = way(&host);
    let scene = Scene::play(host, STANDARD, &offer);
    scene.committed("1.26.3");
    let host = &scene.host;
    assert_eq!(tree(host, "/opt"), opt, "the file that the symlink named, and its directory");
    assert_eq!(names(host, "/usr/sbin/nginx"), LINK, "only the last symlink is another");
    let new = names(host, LINK);
    assert!(new.starts_with(".nginx.changeover-") && !new.contains('/'), "{new}");
    assert_eq!(digest_of(host, &format!("/etc/alternatives/{new}")), "1.26.3");
    let kept = format!("/etc/alternatives/{new}-link");
    assert_eq!(names(host, &kept), FILE, "what the path named is kept");
    let status = host.changeover_bare(&["status", "--output", "json"]);
    assert_eq!(status.verdict()["path"], "found", "{status}");
    let beside: Vec<_> = status.verdict()["beside"].as_array().into_iter().flatten().collect();
    let is: Vec<_> = beside.iter().filter_map(|file| file["is"].as_str()).collect();
    assert_eq!(is, ["run by old", "link"], "{status}");
}

#[test]
fn one_generation_is_kept_and_the_next_changeover_begins_at_the_same_symlink() {
    let host = alternatives();
    let mut kept = Vec::new();
    for build in ["1.26.3", "1.22.1", "1.26.3"] {
        let run = host.changeover(&["run", STANDARD], &host.offer(build));
        assert_eq!(run.exit(), 0, "{run}");
        assert_eq!((host.answering().as_deref(), host.binary_on_disk().as_str()), (Some(build), build));
        kept.push(names(&host, LINK));
    }
    let [_, second, third] = [&kept[0], &kept[1], &kept[2]];
    let mut left: Vec<String> = tree(&host, "/etc/alternatives").into_keys().collect();
    left.sort();
    let mut wanted = [LINK.to_owned()].to_vec();
    wanted.extend([format!("/etc/alternatives/{second}"), format!("/etc/alternatives/{third}")]);
    wanted.push(format!("/etc/alternatives/{third}-link"));
    wanted.sort();
    assert_eq!(left, wanted);
    assert_eq!(&names(&host, &format!("/etc/alternatives/{third}-link")), second);
    assert_eq!(digest_of(&host, FILE), "1.22.1");
}

#[test]
fn a_bad_build_is_brought_back_and_every_symlink_is_the_one_that_was_found() {
    for build in ["faulty/segfaults-at-start", "faulty/answers-500"] {
        let host = alternatives();
        let offer = host.offer(build);
        let before = way(&host);
        let scene = Scene::play(host, STANDARD, &offer);
        scene.rolled_back(20);
        assert_eq!(way(&scene.host), before, "{build} {}", scene.run);
        // TERM to a sick new cuts at most one request of each client.
        assert!(scene.served.lost() <= 8 && scene.served.refused() == 0, "{}", scene.served);
    }
}

#[test]
fn until_the_commit_the_symlink_names_what_was_found() {
    let host = alternatives();
    let before = way(&host);
    let scene = met_on(host, "1.26.3", Moment::Soak, |met| {
        assert_eq!(names(met.host, LINK), FILE);
        assert_eq!(met.host.binary_on_disk(), "1.22.1", "a restart in the soak starts the old binary");
        interrupt(met)
    });
    scene.rolled_back(21);
    assert_eq!(way(&scene.host), before);
}

#[test]
fn old_that_was_killed_is_started_again_through_the_symlink_that_was_found() {
    let host = alternatives();
    let before = way(&host);
    let scene = met_on(host, "1.26.3", Moment::Soak, |met| {
        met.host.kill(met.old, Signal::SIGKILL);
        met.run.wait()
    });
    scene.rolled_back_in_reverse(20);
    assert_eq!((way(&scene.host), scene.served.harmed()), (before, 0), "{}", scene.served);
}

/// As `update-alternatives` does it.
fn point_elsewhere(host: &Host, file: &str) {
    symlink(host, file, "/etc/alternatives/.other");
    std::fs::rename(host.path("/etc/alternatives/.other"), host.path(LINK)).expect("point it elsewhere");
}

#[test]
fn a_symlink_that_names_another_file_already_is_adopted_and_never_touched() {
    for (build, exit) in [("1.26.3", 0), ("faulty/exits-2", 20)] {
        let host = alternatives();
        host.install_at(build, "/opt/nginx/1.26/nginx");
        point_elsewhere(&host, "/opt/nginx/1.26/nginx");
        let [_, opt] = way(&host);
        let arguments = ["run", "plans/package-managed.toml", "--output", "json", "--set", "version=1.26.3"];
        let scene = Scene::play_with(host, |host| host.changeover_bare(&arguments));
        assert_eq!(scene.run.exit(), exit, "{}", scene.run);
        let serves = if exit == 0 { "1.26.3" } else { "1.22.1" };
        assert_eq!((scene.after.answering.as_deref(), scene.after.binary.as_str()), (Some(serves), build));
        assert_eq!((tree(&scene.host, "/opt"), scene.after.masters.len()), (opt, 1), "{}", scene.run);
        assert_eq!(names(&scene.host, LINK), "/opt/nginx/1.26/nginx");
        assert_eq!((scene.served.lost(), scene.served.refused()), (0, 0), "{}", scene.served);
    }
}

#[test]
fn a_preview_names_the_symlink_that_a_commit_would_exchange() {
    let host = alternatives();
    let run = host.changeover(&["preview", STANDARD], &host.offer("1.26.3"));
    assert_eq!((run.exit(), run.said("symlink")), (0, LINK), "{run}");
}

#[test]
fn the_stub_takes_the_place_of_the_symlink_and_gives_it_back() {
    let host = alternatives();
    let before = way(&host);
    // Nobody accepts and new is gone: WINCH reached old together with the end of new (nginx-facts 16).
    let scene = met_on(host, "1.26.3", Moment::BothAccept, |met| {
        met.unseen(|met| {
            met.together_for_old(|| {
                met.host.kill(met.old, Signal::SIGWINCH);
                met.end(met.new, Signal::SIGQUIT);
            });
            wait_until("nobody of old accepts", || met.host.accepting(met.old).is_empty());
        });
        met.run.wait()
    });
    assert!(moves_back(&scene.run).contains(&"stub-exec".to_owned()), "{}", scene.run);
    scene.rolled_back(20);
    assert_eq!(way(&scene.host), before);
    assert!(scene.host.error_log().contains("execve() failed"), "the stub stood at the path");
    assert_eq!(scene.served.harmed(), 0, "{}", scene.served);
}

#[test]
fn a_symlink_that_somebody_points_elsewhere_meanwhile_is_not_touched_any_more() {
    let host = alternatives();
    host.install_at("1.18.0", "/opt/nginx/1.18/nginx");
    let offer = host.offer("1.26.3");
    let plan = meeting::plan(&host, &[meeting::NO_WATCH]);
    let mut run = host.start_changeover(&["run", plan, "--set", "soak=1m"], &offer);
    run.wait_for("the soak", |line| line.name() == "step-started" && line.event["action"] == "soak");
    point_elsewhere(&host, "/opt/nginx/1.18/nginx");
    let run = run.wait();
    assert_eq!((run.exit(), diagnosis(&run)), (20, "run/path-changed"), "{run}");
    assert_eq!(names(&host, LINK), "/opt/nginx/1.18/nginx");
    assert_eq!(host.answering().as_deref(), Some("1.22.1"));
}

#[test]
fn below_a_directory_that_is_a_symlink_the_file_itself_is_exchanged() {
    let host = Host::new().started_as("/opt/nginx/current/sbin/nginx");
    host.install_at("1.22.1", "/opt/nginx/1.22/sbin/nginx");
    symlink(&host, "1.22", "/opt/nginx/current");
    host.write_config();
    host.start();
    let offer = host.offer("1.26.3");
    let scene = Scene::play(host, STANDARD, &offer);
    scene.committed("1.26.3");
    let host = &scene.host;
    assert_eq!(names(host, "/opt/nginx/current"), "1.22");
    assert_eq!(digest_of(host, "/opt/nginx/1.22/sbin/nginx"), "1.26.3");
}

/// A second nginx of this host, by another path and with files of its own.
fn start_second(host: &Host, program: &str) {
    let text = host.config.text(Path::new("/")).replace("nginx.pid", "b.pid").replace("80", "81");
    host.write("/etc/nginx/b.conf", text.replace("error.log", "b.log"));
    let started = host.exec(program, &["-c", "/etc/nginx/b.conf"]);
    assert!(started.status.success(), "{started:?}");
    wait_until("the second nginx has its pid file", || {
        host.read("/run/b.pid").is_some_and(|it| !it.is_empty())
    });
}

#[test]
fn instances_that_reach_one_symlink_or_one_file_by_other_names_wait_for_each_other() {
    for second in ["/usr/local/bin/nginx-b", FILE, "/srv/b"] {
        let host = alternatives();
        match second {
            // Another way to the same last symlink.
            "/usr/local/bin/nginx-b" => symlink(&host, LINK, "/run/b"),
            // Another symlink to the same file.
            "/srv/b" => symlink(&host, FILE, second),
            _ => {}
        }
        let program = if second == "/usr/local/bin/nginx-b" { "/run/b" } else { second };
        start_second(&host, program);
        let offer: Offer = host.offer("1.26.3");
        let mut first =
            host.start_changeover(&["run", "plans/soak-and-watch.toml", "--set", "soak=1m"], &offer);
        first.wait_for("the soak begins", |line| line.event["action"] == "soak");
        let sets = ["--set", "pid-file=/run/b.pid", "--set", "health-url=http://127.0.0.1:81/healthz"];
        let run = host.changeover(&[&["run", STANDARD], &sets[..]].concat(), &offer);
        assert_eq!((run.exit(), diagnosis(&run)), (13, "host/locked"), "{program} {run}");
        first.signal(Signal::SIGINT);
        assert_eq!(first.wait().exit(), 21);
    }
}

#[test]
fn symlinks_that_lead_nowhere_or_cannot_be_exchanged_are_refused() {
    let refused = |change: &dyn Fn(&Host), code: &str| {
        let host = alternatives();
        let offer = host.offer("1.26.3");
        change(&host);
        let run = host.changeover(&["run", STANDARD], &offer);
        assert_eq!((run.exit(), diagnosis(&run)), (12, code), "{run}");
        assert_eq!((host.masters().len(), host.answering().as_deref()), (1, Some("1.22.1")));
    };
    let remove = |host: &Host, path: &str| std::fs::remove_file(host.path(path)).expect("remove it");
    refused(&|host| remove(host, FILE), "preflight/binary-path-dangling");
    let circle = |host: &Host| {
        remove(host, LINK);
        symlink(host, "/usr/sbin/nginx", LINK);
    };
    refused(&circle, "preflight/binary-path-loop");
    let read_only = |host: &Host| {
        let mount = host.exec("mount", &["--bind", "-o", "ro", "/etc/alternatives", "/etc/alternatives"]);
        assert!(mount.status.success(), "{mount:?}");
    };
    refused(&read_only, "preflight/no-permission");
}
