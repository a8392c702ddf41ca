//! `rollback` where there is nothing to take back, or nobody can say to what: refused, and nothing is touched.

use nix::sys::signal::Signal;

use crate::rollback::{ROLLBACK, STANDARD, back, committed, committed_on, kept};
use crate::support::host::Host;
use crate::support::left::directory;
use crate::support::meeting::{diagnosis, plan};
use crate::support::scene::Scene;
use crate::support::silent::Silent;
use crate::support::wait_until;

/// What these arguments ask for is refused with 12 and this code, and nothing is touched.
#[track_caller]
fn refused(host: Host, code: &str, arguments: &[&str]) -> Scene {
    let scene = Scene::play_with(host, |host| host.changeover_bare(arguments));
    scene.refused(12);
    assert_eq!(diagnosis(&scene.run), code, "{}", scene.run);
    scene
}

#[test]
fn what_was_kept_and_is_another_file_now_is_refused_and_never_executed() {
    let (host, _) = committed();
    // By a rename, and written over where it lies.
    host.install_at("faulty/exits-2", &kept(&host));
    let scene = refused(host, "run/kept-not-proven", &ROLLBACK);
    let (host, _) = committed();
    let file = host.path(&kept(&host));
    let bytes = [std::fs::read(&file).expect("the kept file"), b"x".to_vec()].concat();
    std::fs::write(&file, bytes).expect("write over it");
    refused(host, "run/kept-not-proven", &ROLLBACK);
    let host = scene.host;
    std::fs::remove_file(host.path(&kept(&host))).expect("remove it");
    let scene = refused(host, "run/kept-gone", &ROLLBACK);
    assert!(scene.run.said("message").contains("there is no /usr/sbin/.nginx.changeover-"), "{}", scene.run);
}

#[test]
fn where_something_else_was_installed_since_the_run_is_not_taken_back() {
    let (host, id) = committed();
    let second = host.changeover(&STANDARD, &host.offer("1.18.0"));
    assert_eq!(second.exit(), 0, "{second}");
    let scene = refused(host, "run/installed-since", &["rollback", &id, "--output", "json"]);
    // By hand, and without any run.
    let (host, _) = committed();
    host.kill(host.master().expect("a master"), Signal::SIGTERM);
    wait_until("nginx is gone", || host.masters().is_empty());
    host.install("1.18.0");
    host.start();
    refused(host, "run/installed-since", &ROLLBACK);
    // The newest is what runs.
    let scene = back(scene.host);
    scene.committed("1.26.3");
}

#[test]
fn a_run_that_did_not_commit_or_kept_nothing_has_nothing_to_take_back() {
    let host = Host::new().running("1.22.1");
    let offer = host.offer("1.26.3");
    let drill = host.changeover(&["run", "plans/drill.toml"], &offer);
    assert_eq!((drill.exit(), drill.said("verdict")), (0, "rolled-back"), "{drill}");
    let scene = refused(host, "run/not-committed", &["rollback", drill.said("run"), "--output", "json"]);
    let none = scene.host.changeover_bare(&["rollback", "--output", "salt"]);
    let said = r#"{"changed":false,"comment":"no run below /var/lib/changeover has committed"}"#;
    assert_eq!((none.exit(), none.stdout().trim()), (2, said), "{none}");
    // What the checks have refused late has a directory, and no journal.
    let refused_late = "20260101T000000-1";
    scene.host.write(&format!("/var/lib/changeover/run_nginx.pid/{refused_late}/events.jsonl"), "");
    let late = scene.host.changeover_bare(&["rollback", refused_late, "--output", "json"]);
    assert_eq!(
        (late.exit(), late.said("code"), late.said("run")),
        (12, "run/not-committed", refused_late),
        "{late}"
    );
    let host = Host::new().running("1.22.1");
    let step = "[[step]]\naction = \"replace-binary\"\nsource = \"${source}\"\nsha256 = \"${sha256}\"\nversion = \"${version}\"\n";
    let name = ("name = \"nginx ${version}\"", "name = \"${version} ${source} ${sha256}\"");
    let plan = plan(&host, &[(step, ""), name]);
    let run = host.changeover(&["run", plan, "--set", "soak=50ms"], &host.offer("1.22.1"));
    assert_eq!(run.exit(), 0, "{run}");
    assert!(!run.verdict()["next"].to_string().contains("rollback"), "{run}");
    refused(host, "run/nothing-kept", &ROLLBACK);
}

#[test]
fn a_run_that_nobody_has_and_several_services_without_one_are_mistakes_of_usage() {
    let (host, _) = committed();
    for unknown in ["20260101T000000-1", "open", "../run_nginx.pid", "/"] {
        let run = host.changeover_bare(&["rollback", unknown]);
        assert_eq!(run.exit(), 2, "{run}");
        let text = format!("there is no run {unknown} below /var/lib/changeover");
        assert!(run.stderr.contains(&text), "{run}");
        let run = host.changeover_bare(&["rollback", unknown, "--output", "json"]);
        assert_eq!((run.exit(), run.said("verdict"), run.said("message")), (2, "refused", &*text), "{run}");
    }
    let other = host.another("b", 8080);
    other.write_config();
    other.start();
    let adopted = other.changeover(&STANDARD, &other.offer("1.18.0"));
    assert_eq!(adopted.exit(), 0, "{adopted}");
    let several = host.changeover_bare(&ROLLBACK);
    assert_eq!((several.exit(), several.said("verdict")), (2, "refused"), "{several}");
    assert!(several.said("message").ends_with("--pid-file: /run/b.pid, /run/nginx.pid"), "{several}");
    let chosen = host.changeover_bare(&["rollback", "--pid-file", "/run/b.pid", "--output", "json"]);
    assert_eq!((chosen.exit(), other.answering().as_deref()), (0, Some("1.26.3")), "{chosen}");
    assert_eq!(host.answering().as_deref(), Some("1.26.3"));
}

#[test]
fn while_old_finishes_its_connections_the_commit_is_not_taken_back() {
    let host = Host::new().with(Silent::location).running("1.22.1");
    let silent = Silent::listen(&host);
    let held = silent.hold(&host);
    let plan = std::fs::read_to_string("plans/nginx.toml").expect("the standard plan");
    host.write("/srv/plan.toml", plan.replace("drain-timeout = \"30s\"", "drain-timeout = \"100ms\""));
    let (host, _) = committed_on(host, &["run", "/srv/plan.toml"]);
    let masters = host.masters();
    assert_eq!(masters.len(), 2);
    let refused = host.changeover_bare(&ROLLBACK);
    assert_eq!((refused.exit(), diagnosis(&refused)), (12, "preflight/oldbin-live"), "{refused}");
    assert_eq!(host.masters(), masters);
    drop(held);
    wait_until("old is gone", || host.masters().len() == 1);
    let run = host.changeover_bare(&ROLLBACK);
    assert_eq!((run.exit(), host.answering().as_deref()), (0, Some("1.22.1")), "{run}");
}

#[test]
fn a_journal_or_a_plan_that_cannot_be_believed_is_not_taken_back() {
    let (host, id) = committed();
    let masters = host.masters();
    for (file, code) in [("plan.toml", "journal/plan-changed"), ("journal.jsonl", "journal/damaged")] {
        let file = directory(&host).expect("the run").join(file);
        let text = std::fs::read_to_string(&file).expect("its text");
        std::fs::write(&file, text.replacen("nginx", "Nginx", 1)).expect("edit it");
        for arguments in [&ROLLBACK[..], &["rollback", &id, "--output", "json"]] {
            let refused = host.changeover_bare(arguments);
            assert_eq!((refused.exit(), refused.said("code")), (32, code), "{refused}");
        }
        let salt = host.changeover_bare(&["rollback", "--output", "salt"]);
        assert_eq!((salt.exit(), &salt.verdict()["changed"]), (32, &false.into()), "{salt}");
        std::fs::write(&file, text).expect("as it was");
    }
    assert_eq!(host.masters(), masters);
}

#[test]
fn what_a_run_that_was_stopped_has_left_recover_brings_back() {
    let host = Host::new().running("1.22.1");
    let offer = host.offer("faulty/answers-500");
    let plan = plan(&host, &[("pass-after = 5", "pass-after = 5\non-failure = \"stop\"")]);
    let stopped = host.changeover(&["run", plan, "--set", "soak=50ms"], &offer);
    assert_eq!(stopped.exit(), 23, "{stopped}");
    let masters = host.masters();
    let refused = host.changeover_bare(&ROLLBACK);
    assert_eq!((refused.exit(), diagnosis(&refused)), (12, "run/not-committed"), "{refused}");
    let todo = refused.verdict()["next"][0].as_str().expect("what to do").to_owned();
    assert_eq!((host.masters(), masters.len()), (masters, 2), "nothing was done");
    let words: Vec<&str> = todo.split_whitespace().take(4).collect();
    let ["changeover", "recover", "--run", run] = words.as_slice() else { panic!("{todo}") };
    let recovered = host.changeover_bare(&["recover", "--run", run]);
    assert_eq!((recovered.exit(), host.answering().as_deref()), (20, Some("1.22.1")), "{recovered}");
}
